"""Every SQL statement of ingestion."""

from uuid import UUID

from sqlalchemy import func, or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.ingestion.models import AnnouncedObject, Expectation, Recording
from minutier.schemas.clock import now
from minutier.schemas.events import Ingested, RecordingAnnounced
from minutier.schemas.references import Location
from minutier.schemas.rejections import RejectionReason


class Register:
    """The register of recordings."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def holds(self, recording_id: UUID) -> bool:
        """Whether this recording was taken in; one that was rejected may be announced again."""
        async with AsyncSession(self._engine) as session:
            return await is_taken_in(session, recording_id)

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


async def is_taken_in(session: AsyncSession, recording_id: UUID) -> bool:
    statement = select(Recording.id).where(Recording.id == recording_id, col(Recording.rejected).is_(None))
    return (await session.exec(statement)).first() is not None


async def claim_object(
    session: AsyncSession,
    tenant: str,
    location: Location,
    *,
    etag: str | None,
    recording_id: UUID,
    language: str | None,
    has_metadata: bool,
) -> UUID | None:
    """Note that an object is the recording ``recording_id``, or return the recording it is already.

    Of several at once one is first, and the others wait for it. An object whose recording was rejected
    can be claimed again. Two etags that are both known and differ are two objects.
    """
    lock = func.pg_advisory_xact_lock(func.hashtextextended(f"{location.bucket}/{location.key}", 0))
    await session.exec(select(lock))
    same = [
        col(AnnouncedObject.bucket) == location.bucket,
        col(AnnouncedObject.key) == location.key,
        *([col(AnnouncedObject.etag).in_(["", etag])] if etag else []),
    ]
    standing = (
        select(AnnouncedObject.recording_id)
        .join(Recording, col(Recording.id) == col(AnnouncedObject.recording_id), isouter=True)
        .where(*same, or_(col(Recording.id).is_(None), col(Recording.rejected).is_(None)))
        .limit(1)
    )
    if (claimed_by := (await session.exec(standing)).first()) is not None:
        return claimed_by
    await session.exec(delete(AnnouncedObject).where(*same))
    session.add(
        AnnouncedObject(
            bucket=location.bucket,
            key=location.key,
            etag=etag or "",
            tenant=tenant,
            recording_id=recording_id,
            language=language,
            has_metadata=has_metadata,
            announced_at=now(),
        )
    )
    await session.flush()
    return None


async def fulfil(session: AsyncSession, recording_id: UUID) -> None:
    """What was expected is there."""
    await session.exec(delete(Expectation).where(col(Expectation.recording_id) == recording_id))
