"""The events of one recording on its way from announcement to minutes."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from minutier.schemas.base import Model
from minutier.schemas.documents import (
    AttributedWord,
    Coverage,
    Document,
    Engine,
    MinutesDocument,
    RecordingDocument,
    Speaker,
    SpeakerEvidence,
    Statement,
    TranscriptDocument,
    TranscriptSegment,
)
from minutier.schemas.events import (
    Announcement,
    AnyEvent,
    Attributed,
    Cancelled,
    Completed,
    Described,
    Diarized,
    Edited,
    Event,
    Failed,
    Ingested,
    IngestedTrack,
    JobCompleted,
    JobKind,
    MinutesWritten,
    Received,
    RecordingAnnounced,
    RecordingCancelled,
    RecordingDescribed,
    RecordingIngested,
    RecordingRejected,
    RecordingRestricted,
    Rejected,
    Reprocessing,
    ReprocessingRequested,
    Restricted,
    SpeechDiarized,
    SpeechTranscribed,
    Stage,
    StageFailed,
    TextReceived,
    Transcribed,
    TranscriptAttributed,
    TranscriptEdited,
    Written,
)
from minutier.schemas.records import Kind
from minutier.schemas.references import Location, ObjectRef
from minutier.schemas.rejections import RejectionReason
from minutier.shared.errors import ObjectMissing
from tests.support.query_people import PEOPLE

RECORDING = UUID("00000000-0000-4000-8000-000000000001")
START = datetime(2026, 1, 1, 9, tzinfo=UTC)
REF = ObjectRef(bucket="artefacts", key="nothing", sha256="0" * 64, size=0)

D = TypeVar("D", bound=Document)
E = TypeVar("E", bound=AnyEvent)


class Documents:
    """Holds documents as the object store does."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def keep(self, document: Document) -> ObjectRef:
        body = document.model_dump_json().encode()
        digest = hashlib.sha256(body).hexdigest()
        self.kept[digest] = body
        return ObjectRef(bucket="artefacts", key=digest, sha256=digest, size=len(body))

    async def store(self, document: Document, *, tenant: str, stage: Stage, version: str) -> ObjectRef:
        return self.keep(document)

    async def load(self, kind: type[D], ref: ObjectRef) -> D:
        if ref.key not in self.kept:
            raise ObjectMissing
        return kind.model_validate_json(self.kept[ref.key])


def at(kind: type[E], seconds: float, data: Any, *, recording: UUID = RECORDING, tenant: str = "acme") -> E:
    """An event ``seconds`` after the announcement."""
    event = kind.of(recording, tenant=tenant, source="minutier/test", data=data)
    return event.model_copy(update={"time": START + timedelta(seconds=seconds)})


def announced(seconds: float = 0, **fields: Any) -> RecordingAnnounced:
    data = Announcement(
        source="livekit",
        external_id="1",
        title="Secret plans",
        language="fr",
        people=PEOPLE,
        mix=Location(bucket="uploads", key="a"),
    )
    return at(RecordingAnnounced, seconds, data, **fields)


def ingested(document: ObjectRef = REF, *, by_track: bool = False, **fields: Any) -> RecordingIngested:
    track = IngestedTrack(participant_id="p1", audio=REF, offset=0, duration=30)
    data = Ingested(
        recording=document,
        source="livekit",
        announced_at=START,
        duration=30.0,
        audio=None if by_track else REF,
        tracks=(track,) if by_track else (),
        processing_seconds=1.0,
    )
    return at(RecordingIngested, 1, data, **fields)


def described(document: ObjectRef = REF, seconds: float = 20, **fields: Any) -> RecordingDescribed:
    return at(RecordingDescribed, seconds, Described(recording=document), **fields)


def rejected(seconds: float = 1, announced: float = 0, **fields: Any) -> RecordingRejected:
    data = Rejected(
        reason=RejectionReason.NO_AUDIO, source="livekit", announced_at=START + timedelta(seconds=announced)
    )
    return at(RecordingRejected, seconds, data, **fields)


def diarized(turns: ObjectRef = REF, seconds: float = 3, **fields: Any) -> SpeechDiarized:
    data = Diarized(
        turns=turns,
        speakers=2,
        speech_seconds=20,
        overlap_seconds=1,
        processing_seconds=2.0,
        real_time_factor=0.1,
    )
    return at(SpeechDiarized, seconds, data, **fields)


def transcribed(transcription: ObjectRef = REF, seconds: float = 4, **fields: Any) -> SpeechTranscribed:
    data = Transcribed(
        transcription=transcription,
        language="en",
        language_probability=1,
        words=3,
        doubtful_segments=0,
        speech_seconds=20,
        transcribed_seconds=20,
        processing_seconds=3.0,
        real_time_factor=0.1,
    )
    return at(SpeechTranscribed, seconds, data, **fields)


def attributed(transcript: ObjectRef = REF, seconds: float = 5, **fields: Any) -> TranscriptAttributed:
    data = Attributed(
        transcript=transcript,
        language="en",
        duration=30,
        speakers=2,
        segments=2,
        words=3,
        unknown_words=0,
        processing_seconds=0.5,
    )
    return at(TranscriptAttributed, seconds, data, **fields)


def received(transcript: ObjectRef = REF, document: ObjectRef | None = None, **fields: Any) -> TextReceived:
    data = Received(
        recording=document, transcript=transcript, source="summary-api", language="fr", segments=1
    )
    return at(TextReceived, 1, data, **fields)


def edited(transcript: ObjectRef = REF, seconds: float = 7, **fields: Any) -> TranscriptEdited:
    return at(TranscriptEdited, seconds, Edited(transcript=transcript, language="en", layers=1), **fields)


def cancelled(seconds: float = 4, **fields: Any) -> RecordingCancelled:
    return at(RecordingCancelled, seconds, Cancelled(), **fields)


def restricted(*kinds: Kind, seconds: float = 30, **fields: Any) -> RecordingRestricted:
    return at(RecordingRestricted, seconds, Restricted(kinds=kinds), **fields)


def requested(
    stage: Stage, seconds: float = 10, model: str | None = None, **fields: Any
) -> ReprocessingRequested:
    data = Reprocessing(stage=stage, model=model, ingested=ingested().data, transcript=REF)
    return at(ReprocessingRequested, seconds, data, **fields)


def job_completed(**fields: Any) -> JobCompleted:
    return at(JobCompleted, 8, Completed(job_id=RECORDING, kind=JobKind.TRANSCRIPT), **fields)


def written(
    minutes: ObjectRef = REF, seconds: float = 6, asked: float | None = None, **fields: Any
) -> MinutesWritten:
    data = Written(
        asked_at=None if asked is None else START + timedelta(seconds=asked),
        minutes=minutes,
        engine=Engine.EXTRACTIVE,
        fell_back=False,
        items=1,
        dropped_claims=0,
        processing_seconds=0.25,
    )
    return at(MinutesWritten, seconds, data, **fields)


def failed(stage: str, reason: str = "worker_died", seconds: float = 9, **fields: Any) -> StageFailed:
    return at(StageFailed, seconds, Failed(stage=stage, reason=reason, attempts=10), **fields)


def pipeline(documents: Documents, recording: UUID = RECORDING) -> list[Event[Any]]:
    """A recording's events, with the documents they refer to."""
    where: dict[str, Any] = {"recording": recording}
    return [
        announced(**where),
        ingested(
            documents.keep(RecordingDocument(recording_id=recording, title="Weekly", people=PEOPLE)), **where
        ),
        diarized(**where),
        transcribed(**where),
        attributed(documents.keep(transcript(recording=recording)), **where),
        written(documents.keep(minutes(recording)), **where),
    ]


def transcript(
    *said: tuple[str, str], labels: dict[str, str] | None = None, recording: UUID = RECORDING
) -> TranscriptDocument:
    """A transcript of (speaker, text), each word taking 0.3 s."""
    segments = []
    clock = 0.0
    for number, (speaker, text) in enumerate(said or (("speaker-1", "Good morning."),), 1):
        words = []
        for word in text.split(" "):
            words.append(
                AttributedWord(
                    start=clock, end=clock + 0.3, text=f" {word}", probability=0.9, speaker=speaker
                )
            )
            clock += 0.3
        segments.append(
            TranscriptSegment(
                id=f"s{number}",
                speaker=speaker,
                start=words[0].start,
                end=words[-1].end,
                text=text,
                words=tuple(words),
            )
        )
    return TranscriptDocument(
        recording_id=recording,
        language="en",
        duration=clock,
        speakers=tuple(
            Speaker(id=speaker, label=label, evidence=SpeakerEvidence.VOICE, speech_seconds=1)
            for speaker, label in (labels or {"speaker-1": "Speaker 1"}).items()
        ),
        segments=tuple(segments),
        coverage=Coverage(speech_seconds=clock, transcribed_seconds=clock, gaps=()),
    )


def minutes(recording: UUID = RECORDING) -> MinutesDocument:
    return MinutesDocument(
        recording_id=recording,
        engine=Engine.EXTRACTIVE,
        model=Model(name="test", revision="1"),
        language="en",
        summary=(Statement(text="Good morning.", cites=("s1",)),),
    )
