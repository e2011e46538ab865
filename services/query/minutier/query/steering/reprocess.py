"""The use case: a stage of a recording is done again, with a model that somebody chose."""

from dataclasses import replace
from uuid import uuid5

from minutier.query.access.domain import Seen
from minutier.query.domain import Entry, Kind
from minutier.query.edits.ports import Editor
from minutier.query.steering.cancel import SOURCE, told
from minutier.query.steering.domain import CannotReprocess, Hindrance, moment_after, plan
from minutier.query.steering.ports import Media
from minutier.query.transcripts.read import Transcripts
from minutier.schemas.clock import now
from minutier.schemas.events import Ingested, Reprocessing, ReprocessingRequested, Stage
from minutier.schemas.records import Kind as Kept
from minutier.schemas.references import ObjectRef
from minutier.shared.errors import Permanent


async def reprocess(
    seen: Seen,
    stage: Stage,
    model: str | None,
    *,
    transcripts: Transcripts,
    media: Media,
    editor: Editor,
) -> Seen:
    """Have ``stage`` and all that follows from it done again, and return the recording as it is then.

    What there is stays until there is something newer. Raises `CannotReprocess`.
    """
    entry = seen.entry
    steps = plan(entry, stage)
    listening = stage in (Stage.DIARIZATION, Stage.TRANSCRIPTION)
    if listening and Kept.MEDIA in seen.restricted:
        raise CannotReprocess(Hindrance.MEDIA_RESTRICTED)
    ingested = _ingested(entry) if listening else None
    if ingested is not None:
        await _check(ingested, media)
    async with editor(entry.tenant, entry.id) as editing:
        if editing.entry.erased_at != entry.erased_at:
            # What it would start from is no more.
            raise CannotReprocess(Hindrance.PERSON_BEING_ERASED)
        # It may be stored for that.
        transcript = await _read(entry, transcripts) if stage is Stage.SUMMARISATION else None
        for step in steps:
            data = Reprocessing(
                stage=step,
                model=model if step is stage else None,
                ingested=ingested,
                transcript=transcript,
            )
            event = ReprocessingRequested.of(
                entry.id,
                tenant=entry.tenant,
                source=SOURCE,
                data=data,
                # Of a double click, one counts.
                id=uuid5(seen.entry.id, f"reprocess {step} {data.model} {seen.revision}"),
            ).model_copy(update={"time": moment_after(entry, now())})
            editing.publish(event)
            entry = told(entry, event)
    return replace(seen, entry=entry)


def _ingested(entry: Entry) -> Ingested | None:
    taken_in = entry.newest(Kind.INGESTED)
    if taken_in is None or taken_in.ingested is None:
        # An earlier version of this service did not keep where the media lies.
        raise CannotReprocess(Hindrance.MEDIA_UNKNOWN)
    return Ingested.model_validate(taken_in.ingested)


async def _check(ingested: Ingested, media: Media) -> None:
    mix = [ingested.audio] if ingested.audio else []
    for audio in [track.audio for track in ingested.tracks] or mix:
        if not await media.holds(audio):
            raise CannotReprocess(Hindrance.MEDIA_DELETED)


async def _read(entry: Entry, transcripts: Transcripts) -> ObjectRef:
    try:
        return await transcripts.kept(entry, await transcripts.read(entry))
    except Permanent:
        raise CannotReprocess(Hindrance.TRANSCRIPT_DELETED) from None
