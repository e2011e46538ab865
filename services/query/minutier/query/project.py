"""From an event to the fact that it tells."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from minutier.query.access.domain import grants_of
from minutier.query.domain import Fact, Kind
from minutier.query.ports import Documents
from minutier.schemas.documents import Part, Person, RecordingDocument
from minutier.schemas.events import (
    AnyEvent,
    Failed,
    MinutesWritten,
    RecordingAnnounced,
    RecordingCancelled,
    RecordingDescribed,
    RecordingIngested,
    RecordingRejected,
    RecordingRestricted,
    ReprocessingRequested,
    SpeechDiarized,
    SpeechTranscribed,
    Stage,
    StageFailed,
    TextReceived,
    TranscriptAttributed,
    TranscriptEdited,
)
from minutier.schemas.references import ObjectRef
from minutier.shared.errors import Permanent
from minutier.shared.moments import in_utc

_CHECK_EVENT = "Check the message against the published JSON Schema and send it again."
_EXPLAINED = {
    "not_json": f"The message is not JSON. {_CHECK_EVENT}",
    "unknown_type": f"The message is of a type that this server does not know. {_CHECK_EVENT}",
    "unknown_version": "The message is of a version that this server does not know. Update the server, or "
    "send a version that it knows.",
    "invalid": f"The message lacks a field, or has a wrong one. {_CHECK_EVENT}",
    "unknown_model": "A model was asked for that the server does not offer for this. Ask for another, or "
    "have the operator offer it.",
}


async def project(event: AnyEvent, *, documents: Documents) -> Fact | None:
    """What ``event`` tells of its recording; ``None`` where that is nothing a reader is shown.

    A job is its asker's affair.
    """
    fact = await _fact(event, documents)
    return fact and replace(fact, wanted_since=event.wantedsince)


async def _fact(event: AnyEvent, documents: Documents) -> Fact | None:
    match event:
        case RecordingAnnounced(data=data):
            return Fact(
                Kind.ANNOUNCED,
                event.time,
                announced_at=event.time,
                source=data.source,
                language=data.language,
                people=_levels(data.people),
            )
        case RecordingDescribed(data=data):
            return Fact(Kind.DESCRIBED, event.time, **await described(data.recording, documents))
        case RecordingIngested(data=data):
            return Fact(
                Kind.INGESTED,
                event.time,
                announced_at=data.announced_at,
                source=data.source,
                duration=data.duration,
                language=data.language,
                seconds=data.processing_seconds,
                ingested=data.model_dump(mode="json", exclude_none=True),
                **await described(data.recording, documents),
            )
        case TextReceived(data=data):
            return Fact(
                Kind.RECEIVED,
                event.time,
                source=data.source,
                language=data.language,
                document=data.transcript.model_dump(mode="json"),
                **(await described(data.recording, documents) if data.recording else {}),
            )
        case RecordingRejected(data=data):
            return Fact(
                Kind.REJECTED,
                event.time,
                announced_at=data.announced_at,
                source=data.source,
                reason=data.reason.value,
                explanation=data.reason.explanation,
            )
        case SpeechDiarized(data=data):
            return Fact(
                Kind.DIARIZED,
                event.time,
                seconds=data.processing_seconds,
                document=data.turns.model_dump(mode="json"),
            )
        case SpeechTranscribed(data=data):
            return Fact(
                Kind.TRANSCRIBED,
                event.time,
                language=data.language,
                seconds=data.processing_seconds,
                document=data.transcription.model_dump(mode="json"),
            )
        case TranscriptAttributed(data=data):
            return Fact(
                Kind.ATTRIBUTED,
                event.time,
                language=data.language,
                seconds=data.processing_seconds,
                document=data.transcript.model_dump(mode="json"),
            )
        case TranscriptEdited(data=data):
            return Fact(Kind.EDITED, event.time, document=data.transcript.model_dump(mode="json"))
        case MinutesWritten(data=data):
            return Fact(
                Kind.WRITTEN,
                event.time,
                asked_at=data.asked_at,
                seconds=data.processing_seconds,
                document=data.minutes.model_dump(mode="json"),
            )
        case StageFailed(data=data) if data.stage in set(Stage):
            return Fact(
                Kind.FAILED,
                event.time,
                stage=data.stage,
                reason=data.reason,
                explanation=_explanation(data),
            )
        case RecordingCancelled() | ReprocessingRequested():
            return steered(event)
        case RecordingRestricted(data=data):
            return Fact(Kind.RESTRICTED, event.time, restricted=data.kinds)
    return None


def steered(event: RecordingCancelled | ReprocessingRequested) -> Fact:
    """What is told of a recording by those who steer it."""
    match event:
        case RecordingCancelled():
            return Fact(Kind.CANCELLED, event.time)
        case ReprocessingRequested():
            return Fact(Kind.REQUESTED, event.time, stage=event.data.stage.value)


async def described(ref: ObjectRef, documents: Documents) -> dict[str, Any]:
    """A recording whose document is gone, as after a purge, is still there, without a title or people."""
    try:
        document = await documents.load(RecordingDocument, ref)
    except Permanent:
        return {}
    return {
        "title": document.title,
        "started_at": document.started_at and _believed(document.started_at),
        "names": tuple(participant.name for participant in document.participants),
        "people": _levels(document.people),
        "by_default": _levels(_owner(document.default_owner)),
    }


def _owner(email: str | None) -> tuple[Person, ...]:
    return (Person(part=Part.OWNER, email=email),) if email else ()


def _believed(moment: datetime) -> datetime | None:
    """Of a clock that was never set, such as one in the year 1, nothing is known."""
    with suppress(ValueError):
        return in_utc(moment)
    return None


def _levels(people: Iterable[Person]) -> dict[str, int]:
    return {grant.principal: int(grant.level) for grant in grants_of(people)}


def _explanation(failed: Failed) -> str:
    times = "once" if failed.attempts == 1 else f"{failed.attempts} times"
    return _EXPLAINED.get(
        failed.reason,
        f"{failed.stage.capitalize()} was tried {times} and gave up. The message waits among the dead "
        "letters: the operator finds the cause in that service's log and can replay it.",
    )
