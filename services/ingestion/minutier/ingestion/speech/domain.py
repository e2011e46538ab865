"""How a recording ends, as far as its transcript goes."""

from collections.abc import Iterable
from datetime import datetime

from minutier.ingestion.domain import NEEDED_FOR_TRANSCRIPT
from minutier.schemas.events import (
    AnyEvent,
    RecordingCancelled,
    RecordingIngested,
    RecordingRejected,
    Stage,
    StageFailed,
    TranscriptAttributed,
)

Outcome = TranscriptAttributed | RecordingRejected | StageFailed | RecordingCancelled

BEARING: tuple[type[AnyEvent], ...] = (
    RecordingIngested,
    TranscriptAttributed,
    RecordingRejected,
    StageFailed,
    RecordingCancelled,
)


def outcome(told: Iterable[AnyEvent], *, since: datetime) -> Outcome | None:
    """What ends the wait for the transcript of a recording that was announced after ``since``, if anything.

    ``told`` are its events, those of a kind oldest first. A transcript counts whenever it was made. What
    befell an announcement before ``since`` does not: the recording was announced again, as it cannot be once
    it was taken in. The service that takes recordings in may fail at other work then.
    """
    events = list(told)
    transcripts = [event for event in events if isinstance(event, TranscriptAttributed)]
    if transcripts:
        return transcripts[-1]
    taken_in = any(isinstance(event, RecordingIngested) for event in events)
    for event in events:
        match event:
            case RecordingRejected() if event.data.announced_at >= since and not taken_in:
                return event
            case StageFailed() if event.data.stage == Stage.INGESTION:
                if event.time >= since and not taken_in:
                    return event
            case StageFailed() if event.data.stage in NEEDED_FOR_TRANSCRIPT:
                return event
            case RecordingCancelled() if event.time >= since or taken_in:
                return event
    return None
