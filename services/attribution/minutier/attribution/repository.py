"""Every SQL statement of attribution."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

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
    Instead,
    PurgeOrdered,
    RecordingIngested,
    ReprocessingRequested,
    SpeechDiarized,
    SpeechTranscribed,
    Transcribed,
)
from minutier.schemas.records import Kind, Quantity
from minutier.schemas.references import ObjectRef
from minutier.shared import cancellations, erasures
from minutier.shared.erasing import ROWS

Part = RecordingIngested | SpeechDiarized | SpeechTranscribed

_COLUMNS = {RecordingIngested: "ingested", SpeechDiarized: "diarized", SpeechTranscribed: "transcribed"}


async def add(session: AsyncSession, event: Part | ReprocessingRequested) -> Parts | None:
    """What there is to be joined because of ``event``; ``None`` where it brings nothing newer, or nobody
    wants it any more.

    Of each kind the part counts that was wanted last, whichever arrives last; none that was wanted before
    somebody was erased from the recording. The row stays locked until the
    transaction ends, so that of two parts that arrive at once the second sees the first: the join is neither
    missed nor made twice.
    """
    connection = await session.connection()
    if await erasures.cover(connection, event.subject, event.wanted_since):
        return None
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
    if await cancellations.cover(connection, event.subject, wanted_since):
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
    """Remove where the parts of the transcript lie, which are no more; or tell what is there instead."""
    if order.data.instead is not None:
        return await _replace(session, order.subject, order.data.instead)
    if not order.data.whole and Kind.TRANSCRIPT not in order.data.kinds:
        return ()
    gone = await session.exec(delete(PartsRow).where(col(PartsRow.recording_id) == order.subject))
    return (Quantity(place=ROWS, count=gone.rowcount),)


async def _replace(session: AsyncSession, recording_id: UUID, instead: Instead) -> Iterable[Quantity]:
    """Of audio what takes its place is made meanwhile, and nothing here listens to it."""
    statement = select(PartsRow).where(PartsRow.recording_id == recording_id).with_for_update()
    row = (await session.exec(statement)).first()
    if row is not None:
        row.ingested = _with(row.ingested, recording=instead.recording)
        row.diarized = _with(row.diarized, turns=instead.turns)
        row.transcribed = _with(row.transcribed, transcription=instead.transcription)
        session.add(row)
        await session.flush()
    return ()


def _with(part: dict[str, Any] | None, **refs: ObjectRef | None) -> dict[str, Any] | None:
    """``part`` with other documents, where there are any."""
    if part is None:
        return None
    return part | {name: ref.model_dump(mode="json") for name, ref in refs.items() if ref is not None}


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
