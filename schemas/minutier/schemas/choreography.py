"""Who tells and who hears each event. Nobody conducts: a service reacts, and says what it did."""

from minutier.schemas.events import (
    EVENTS,
    AnyEvent,
    HoldPlaced,
    HoldReleased,
    JobCompleted,
    MinutesWritten,
    PurgeCompleted,
    PurgeExecuted,
    PurgeOrdered,
    RecordingAnnounced,
    RecordingCancelled,
    RecordingDescribed,
    RecordingIngested,
    RecordingRejected,
    RecordingRestricted,
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
        PurgeOrdered,
    ),
    "diarization": (RecordingIngested, ReprocessingRequested, RecordingCancelled, PurgeOrdered),
    "transcription": (RecordingIngested, ReprocessingRequested, RecordingCancelled, PurgeOrdered),
    "attribution": (
        RecordingIngested,
        SpeechDiarized,
        SpeechTranscribed,
        ReprocessingRequested,
        RecordingCancelled,
        PurgeOrdered,
    ),
    "summarisation": (
        TranscriptAttributed,
        TextReceived,
        TranscriptEdited,
        ReprocessingRequested,
        RecordingCancelled,
        PurgeOrdered,
    ),
    "retention": (
        RecordingIngested,
        TextReceived,
        RecordingDescribed,
        RecordingRejected,
        StageFailed,
        SpeechDiarized,
        SpeechTranscribed,
        TranscriptAttributed,
        TranscriptEdited,
        MinutesWritten,
        PurgeExecuted,
    ),
    "query": tuple(event for event in EVENTS if event is not PurgeExecuted),
}

# Beside these, whoever hears an event may have to tell that it gave up, StageFailed; and whoever hears that a
# purge was ordered answers.
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
    "retention": (HoldPlaced, HoldReleased, RecordingRestricted, PurgeOrdered, PurgeCompleted),
    "query": (TranscriptEdited, RecordingCancelled, ReprocessingRequested),
}


def publications(service: str) -> tuple[type[AnyEvent], ...]:
    """What ``service`` may tell, answers and failures included."""
    heard = SUBSCRIPTIONS.get(service, ())
    answers = (PurgeExecuted,) if PurgeOrdered in heard else ()
    failures = (StageFailed,) if heard else ()
    return PUBLICATIONS.get(service, ()) + answers + failures


def erasing() -> tuple[str, ...]:
    """The services that answer when a purge was ordered."""
    return tuple(service for service, heard in SUBSCRIPTIONS.items() if PurgeOrdered in heard)
