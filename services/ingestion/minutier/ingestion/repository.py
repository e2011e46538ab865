"""The register's statements."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.ingestion.models import Recording
from minutier.schemas.clock import now
from minutier.schemas.events import Announcement, Location, RecordingAnnounced, RejectionReason
from minutier.shared.objects import UPLOADS


async def is_registered(session: AsyncSession, event: RecordingAnnounced) -> bool:
    """Whether this recording was taken in before; one that was rejected may be announced again."""
    statement = select(Recording.id).where(
        Recording.tenant == event.tenant,
        Recording.source == event.data.source,
        Recording.external_id == event.data.external_id,
        col(Recording.rejected).is_(None),
    )
    return (await session.exec(statement)).first() is not None


async def register(
    session: AsyncSession, event: RecordingAnnounced, rejected: RejectionReason | None
) -> bool:
    """Settle an announcement; false where the recording was taken in meanwhile, or its id is another's."""
    row = {
        "id": event.subject,
        "tenant": event.tenant,
        "source": event.data.source,
        "external_id": event.data.external_id,
        "announced_at": event.time,
        "settled_at": now(),
        "rejected": rejected,
        "uploads": [location.model_dump() for location in _uploads(event.data)],
    }
    statement = (
        insert(Recording)
        .values(row)
        .on_conflict_do_update(
            index_elements=["tenant", "source", "external_id"],
            set_={name: row[name] for name in ("settled_at", "rejected", "uploads")},
            where=col(Recording.rejected).is_not(None) & (col(Recording.id) == event.subject),
        )
        .returning(col(Recording.id))
    )
    return (await session.execute(statement)).first() is not None


async def uploads(session: AsyncSession, recording_id: UUID) -> list[Location]:
    """What the command line uploaded for this recording."""
    found = await session.get(Recording, recording_id)
    return [Location.model_validate(location) for location in found.uploads] if found else []


def _uploads(announcement: Announcement) -> list[Location]:
    mix = [announcement.mix] if announcement.mix else []
    locations = mix + [track.location for track in announcement.tracks]
    return [location for location in locations if location.bucket == UPLOADS]
