"""Who tells and who hears each event. Nobody conducts: a service reacts, and says what it did."""

from minutier.schemas.events import (
    EVENTS,
    AnyEvent,
    MinutesWritten,
    RecordingAnnounced,
    RecordingIngested,
    RecordingRejected,
    SpeechDiarized,
    SpeechTranscribed,
    StageFailed,
    TranscriptAttributed,
)

SUBSCRIPTIONS: dict[str, tuple[type[AnyEvent], ...]] = {
    "ingestion": (RecordingAnnounced, RecordingIngested, RecordingRejected),
    "diarization": (RecordingIngested,),
    "transcription": (RecordingIngested,),
    "attribution": (RecordingIngested, SpeechDiarized, SpeechTranscribed),
    "summarisation": (TranscriptAttributed,),
    "retention": (RecordingIngested,),
    "query": EVENTS,
}

# Beside these, whoever hears an event may have to tell that it gave up: StageFailed.
PUBLICATIONS: dict[str, tuple[type[AnyEvent], ...]] = {
    "meeting-server": (RecordingAnnounced,),
    "ingestion": (RecordingIngested, RecordingRejected),
    "diarization": (SpeechDiarized,),
    "transcription": (SpeechTranscribed,),
    "attribution": (TranscriptAttributed,),
    "summarisation": (MinutesWritten,),
}


def publications(service: str) -> tuple[type[AnyEvent], ...]:
    """What ``service`` may tell, failures included."""
    failures = (StageFailed,) if service in SUBSCRIPTIONS else ()
    return PUBLICATIONS.get(service, ()) + failures
