"""The use case: writes the minutes of a transcript."""

import time
from datetime import datetime

import structlog

from minutier.schemas.documents import (
    UNKNOWN_SPEAKER,
    Action,
    MinutesDocument,
    Statement,
    Topic,
    TranscriptDocument,
)
from minutier.schemas.events import Stage, Written
from minutier.schemas.fallbacks import Failure
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import artefact_version
from minutier.shared.worker import Report
from minutier.summarisation.domain import Claim, Meeting, Minutes, Passage
from minutier.summarisation.ports import Artefacts, CannotWrite, Writer

log = structlog.get_logger(__name__)


async def summarise(
    ref: ObjectRef,
    *,
    tenant: str,
    asked_at: datetime,
    artefacts: Artefacts,
    writer: Writer,
    fallback: Writer,
    report: Report,
) -> Written:
    """Store the minutes of the transcript ``ref``, and tell what they are.

    Of several minutes of a recording those count that were asked for last, whichever were written last.
    Where ``writer`` cannot, ``fallback`` writes them and they say why; they have a key of their own,
    so that ``writer`` is asked again when the work is done again.
    """
    started = time.monotonic()
    transcript = await artefacts.load(TranscriptDocument, ref)
    meeting = meeting_of(transcript)

    async def written_by(writer: Writer, failure: Failure | None = None) -> tuple[MinutesDocument, ObjectRef]:
        version = artefact_version(
            ref.sha256,
            engine=writer.engine,
            model=writer.model.model_dump(mode="json"),
            failure=failure,
        )
        found = await artefacts.find(
            MinutesDocument,
            tenant=tenant,
            recording_id=transcript.recording_id,
            stage=Stage.SUMMARISATION,
            version=version,
        )
        if found is not None:
            return found
        document = document_of(transcript, await writer.write(meeting, report), writer, failure)
        return document, await artefacts.store(
            document, tenant=tenant, stage=Stage.SUMMARISATION, version=version
        )

    try:
        minutes, kept = await written_by(writer)
    except CannotWrite as error:
        log.warning("minutes written without the endpoint", reason=error.failure)
        minutes, kept = await written_by(fallback, error.failure)
    report(1.0)
    return Written(
        minutes=kept,
        engine=minutes.engine,
        fell_back=minutes.fallback_reason is not None,
        asked_at=asked_at,
        items=sum(
            map(len, (minutes.summary, minutes.topics, minutes.decisions, minutes.actions, minutes.questions))
        ),
        dropped_claims=minutes.dropped_claims,
        processing_seconds=time.monotonic() - started,
    )


def meeting_of(transcript: TranscriptDocument) -> Meeting:
    labels = {speaker.id: speaker.label for speaker in transcript.speakers}
    return Meeting(
        transcript.language,
        [
            Passage(
                segment.id,
                None if segment.speaker == UNKNOWN_SPEAKER else labels.get(segment.speaker),
                segment.text,
            )
            for segment in transcript.segments
        ],
    )


def document_of(
    transcript: TranscriptDocument, minutes: Minutes, writer: Writer, failure: Failure | None = None
) -> MinutesDocument:
    """The document that a writer's minutes make."""
    return MinutesDocument(
        recording_id=transcript.recording_id,
        engine=writer.engine,
        model=writer.model,
        language=transcript.language,
        fallback_reason=failure and failure.explanation,
        dropped_claims=minutes.dropped,
        summary=tuple(map(_statement, minutes.summary)),
        topics=tuple(
            Topic(title=claim.title or "", text=claim.text, cites=claim.cites) for claim in minutes.topics
        ),
        decisions=tuple(map(_statement, minutes.decisions)),
        actions=tuple(
            Action(
                text=claim.text,
                cites=claim.cites,
                who=claim.who,
                what=claim.what or claim.text,
                due=claim.due,
            )
            for claim in minutes.actions
        ),
        questions=tuple(map(_statement, minutes.questions)),
    )


def _statement(claim: Claim) -> Statement:
    return Statement(text=claim.text, cites=claim.cites)
