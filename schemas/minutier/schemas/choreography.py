"""Who tells and who hears each event. Nobody conducts: a service reacts, and says what it did."""

from minutier.schemas.events import (
    EVENTS,
    AnyEvent,
    HoldPlaced,
    HoldReleased,
    JobCompleted,
    MinutesWritten,
    RecordingAnnounced,
    RecordingCancelled,
    RecordingDescribed,
    RecordingIngested,
    RecordingRejected,
    ReprocessingRequested,
    SpeechDiarized,
    SpeechTranscribed,
    StageFailed,
    TextReceived,
    TranscriptAttributed,
    TranscriptEdited,
)

SUBSCRIPTIONS: dict[str, tuple[type[AnyEvent], ...]] = {
    "ingestion": (
        RecordingAnnounced,
        RecordingIngested,
        RecordingRejected,
        RecordingDescribed,
        TranscriptAttributed,
        MinutesWritten,
        StageFailed,
        RecordingCancelled,
        JobCompleted,
    ),
    "diarization": (RecordingIngested, ReprocessingRequested, RecordingCancelled),
    "transcription": (RecordingIngested, ReprocessingRequested, RecordingCancelled),
    "attribution": (
        RecordingIngested,
        SpeechDiarized,
        SpeechTranscribed,
        ReprocessingRequested,
        RecordingCancelled,
    ),
    "summarisation": (
        TranscriptAttributed,
        TextReceived,
        TranscriptEdited,
        ReprocessingRequested,
        RecordingCancelled,
    ),
    "retention": (
        RecordingIngested,
        TextReceived,
        RecordingDescribed,
        SpeechDiarized,
        SpeechTranscribed,
        TranscriptAttributed,
        TranscriptEdited,
        MinutesWritten,
    ),
    "query": EVENTS,
}

# Beside these, whoever hears an event may have to tell that it gave up: StageFailed.
PUBLICATIONS: dict[str, tuple[type[AnyEvent], ...]] = {
    "meeting-server": (RecordingAnnounced,),
    "ingestion": (
        RecordingAnnounced,
        RecordingIngested,
        RecordingRejected,
        RecordingDescribed,
        TextReceived,
        JobCompleted,
    ),
    "diarization": (SpeechDiarized,),
    "transcription": (SpeechTranscribed,),
    "attribution": (TranscriptAttributed,),
    "summarisation": (MinutesWritten,),
    "retention": (HoldPlaced, HoldReleased),
    "query": (TranscriptEdited, RecordingCancelled, ReprocessingRequested),
}


def publications(service: str) -> tuple[type[AnyEvent], ...]:
    """What ``service`` may tell, failures included."""
    failures = (StageFailed,) if service in SUBSCRIPTIONS else ()
    return PUBLICATIONS.get(service, ()) + failures
