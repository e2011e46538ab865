"""Every SQL statement of attribution."""

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.attribution.attribute import Parts
from minutier.attribution.models import PartsRow
from minutier.schemas.events import (
    Diarized,
    Ingested,
    RecordingIngested,
    SpeechDiarized,
    SpeechTranscribed,
    Transcribed,
)

Part = RecordingIngested | SpeechDiarized | SpeechTranscribed


async def add(session: AsyncSession, event: Part) -> Parts:
    """Keep what ``event`` brings and return all there is, the newest of each kind.

    The row stays locked until the transaction ends, so that of two parts that arrive at once the
    second sees the first: the join is neither missed nor made twice.
    """
    column = _column(event)
    value = event.data.model_dump(mode="json")
    statement = insert(PartsRow).values(recording_id=event.subject, tenant=event.tenant, **{column: value})
    await session.execute(
        statement.on_conflict_do_update(index_elements=[col(PartsRow.recording_id)], set_={column: value})
    )
    row = (await session.exec(select(PartsRow).where(PartsRow.recording_id == event.subject))).one()
    return Parts(
        recording_id=row.recording_id,
        tenant=row.tenant,
        ingested=Ingested.model_validate(row.ingested) if row.ingested else None,
        diarized=Diarized.model_validate(row.diarized) if row.diarized else None,
        transcribed=Transcribed.model_validate(row.transcribed) if row.transcribed else None,
    )


def _column(event: Part) -> str:
    match event:
        case RecordingIngested():
            return "ingested"
        case SpeechDiarized():
            return "diarized"
        case SpeechTranscribed():
            return "transcribed"
