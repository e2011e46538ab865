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
    new = {"tenant": event.tenant}
    statement = insert(PartsRow).values(recording_id=event.subject, **new)
    await session.execute(
        statement.on_conflict_do_update(index_elements=[col(PartsRow.recording_id)], set_=new)
    )
    row = (await session.exec(select(PartsRow).where(PartsRow.recording_id == event.subject))).one()
    match event:
        case RecordingIngested():
            row.ingested = event.data.model_dump(mode="json")
        case SpeechDiarized():
            row.diarized = event.data.model_dump(mode="json")
        case SpeechTranscribed():
            row.transcribed = event.data.model_dump(mode="json")
    session.add(row)
    await session.flush()
    return Parts(
        recording_id=row.recording_id,
        tenant=row.tenant,
        ingested=Ingested.model_validate(row.ingested) if row.ingested else None,
        diarized=Diarized.model_validate(row.diarized) if row.diarized else None,
        transcribed=Transcribed.model_validate(row.transcribed) if row.transcribed else None,
    )
