"""Every SQL statement of attribution."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.attribution.attribute import Parts
from minutier.attribution.models import PartsRow
from minutier.schemas.events import (
    AnyEvent,
    Diarized,
    Ingested,
    PurgeOrdered,
    RecordingIngested,
    ReprocessingRequested,
    SpeechDiarized,
    SpeechTranscribed,
    Transcribed,
)
from minutier.schemas.records import Kind, Quantity
from minutier.shared import cancellations
from minutier.shared.erasing import ROWS

Part = RecordingIngested | SpeechDiarized | SpeechTranscribed

_COLUMNS = {RecordingIngested: "ingested", SpeechDiarized: "diarized", SpeechTranscribed: "transcribed"}


async def add(session: AsyncSession, event: Part | ReprocessingRequested) -> Parts | None:
    """What there is to be joined because of ``event``; ``None`` where it brings nothing newer, or nobody
    wants it any more.

    Of each kind the part counts that was wanted last, whichever arrives last. The row stays locked until the
    transaction ends, so that of two parts that arrive at once the second sees the first: the join is neither
    missed nor made twice.
    """
    new = {"tenant": event.tenant, "wanted_since": event.wanted_since}
    statement = insert(PartsRow).values(recording_id=event.subject, told={}, **new)
    newest = func.greatest(col(PartsRow.wanted_since), statement.excluded.wanted_since)
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=[col(PartsRow.recording_id)], set_={**new, "wanted_since": newest}
        )
    )
    row = (await session.exec(select(PartsRow).where(PartsRow.recording_id == event.subject))).one()
    if not isinstance(event, ReprocessingRequested) and not _keep(row, event):
        return None
    session.add(row)
    await session.flush()
    wanted_since = row.wanted_since or event.wanted_since
    if await cancellations.cover(await session.connection(), event.subject, wanted_since):
        return None
    return Parts(
        recording_id=row.recording_id,
        tenant=row.tenant,
        wanted_since=wanted_since,
        ingested=Ingested.model_validate(row.ingested) if row.ingested else None,
        diarized=Diarized.model_validate(row.diarized) if row.diarized else None,
        transcribed=Transcribed.model_validate(row.transcribed) if row.transcribed else None,
    )


async def erase(session: AsyncSession, order: PurgeOrdered) -> Iterable[Quantity]:
    """Remove where the parts of the transcript lie, which are no more."""
    if not order.data.whole and Kind.TRANSCRIPT not in order.data.kinds:
        return ()
    gone = await session.exec(delete(PartsRow).where(col(PartsRow.recording_id) == order.subject))
    return (Quantity(place=ROWS, count=gone.rowcount),)


def _keep(row: PartsRow, event: Part) -> bool:
    """Whether ``event`` is newer than what ``row`` has of its kind, which it then replaces."""
    column, told = _COLUMNS[type(event)], _told(event)
    if row.told.get(column, []) > told:
        return False
    setattr(row, column, event.data.model_dump(mode="json"))
    row.told = {**row.told, column: told}
    return True


def _told(event: AnyEvent) -> list[str]:
    return [_sortable(event.wanted_since), _sortable(event.time), str(event.id)]


def _sortable(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
