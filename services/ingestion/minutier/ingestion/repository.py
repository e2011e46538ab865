"""Every SQL statement of ingestion."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.ingestion.models import Recording
from minutier.schemas.clock import now
from minutier.schemas.events import Ingested, RecordingAnnounced, RejectionReason


class Register:
    """The register of recordings."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def holds(self, recording_id: UUID) -> bool:
        """Whether this recording was taken in; one that was rejected may be announced again."""
        statement = select(Recording.id).where(
            Recording.id == recording_id, col(Recording.rejected).is_(None)
        )
        async with AsyncSession(self._engine) as session:
            return (await session.exec(statement)).first() is not None

    async def settle(
        self, session: AsyncSession, event: RecordingAnnounced, outcome: Ingested | RejectionReason
    ) -> bool:
        """In ``session``'s transaction; false where the recording was taken in meanwhile."""
        row = {
            "id": event.subject,
            "tenant": event.tenant,
            "source": event.data.source,
            "external_id": event.data.external_id,
            "announced_at": event.time,
            "settled_at": now(),
            "rejected": None if isinstance(outcome, Ingested) else outcome.value,
        }
        statement = (
            insert(Recording)
            .values(row)
            .on_conflict_do_update(
                index_elements=["id"],
                set_={name: row[name] for name in ("announced_at", "settled_at", "rejected")},
                where=col(Recording.rejected).is_not(None),
            )
            .returning(col(Recording.id))
        )
        return (await session.exec(statement)).first() is not None
