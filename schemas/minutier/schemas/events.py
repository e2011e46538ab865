"""Every event: a CloudEvent 1.0 whose type ends in its major version.

Events carry references, identifiers and figures, never speech, names or addresses. The one
exception is `RecordingAnnounced`, which is removed from its stream once it was taken in.
"""

import re
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Generic, Literal, Self, TypeVar, get_args
from uuid import UUID, uuid4, uuid5

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, model_validator

from minutier.schemas.base import Contract, Language, Probability, Seconds, Sha256, Tenant, Text
from minutier.schemas.clock import now
from minutier.schemas.documents import Engine

Data = TypeVar("Data", bound=Contract)

RECORDINGS = UUID("6f2b3a58-6a0d-5d3e-9d0a-3a6c1a9c4f11")


def recording_id(tenant: str, source: str, external_id: str) -> UUID:
    """The id that whoever announces a recording gives it: the same each time it is announced."""
    return uuid5(RECORDINGS, f"{tenant}\n{source}\n{external_id}")


class Stage(StrEnum):
    INGESTION = "ingestion"
    DIARIZATION = "diarization"
    TRANSCRIPTION = "transcription"
    ATTRIBUTION = "attribution"
    SUMMARISATION = "summarisation"


Bucket = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$")]
VersionId = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9+/=._-]{1,1024}$", description="as the object store gave it")
]
MeetingServer = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$",
        description="what announced the recording",
        examples=["livekit"],
    ),
]


class Location(Contract):
    """Where media lies before it is taken in; ``version_id`` pins one version of the object."""

    bucket: Bucket
    key: Text = Field(min_length=1, max_length=1024)
    version_id: VersionId | None = None


class ObjectRef(Contract):
    """An object that will not change: its digest is part of the reference."""

    bucket: Bucket
    key: Text = Field(min_length=1, max_length=1024)
    version_id: VersionId | None = None
    sha256: Sha256
    size: int = Field(ge=0, description="bytes")


_STORED_KEY = r"^[a-z0-9][a-z0-9._/-]{0,1023}$"


def _named_by_identifiers(ref: ObjectRef) -> ObjectRef:
    if re.fullmatch(_STORED_KEY, ref.key) is None:
        raise ValueError("an event refers to objects whose keys are made of identifiers")
    return ref


# An uploaded file's name may tell who met; the keys that services make tell nothing.
StoredRef = Annotated[
    ObjectRef,
    AfterValidator(_named_by_identifiers),
    Field(json_schema_extra={"properties": {"key": {"pattern": _STORED_KEY}}}),
]


def _at_least_one_of(one: str, several: str) -> ConfigDict:
    """JSON Schema for: the field ``one``, or an item of ``several``."""
    present: dict[str, Any] = {one: {"type": "object"}}
    filled: dict[str, Any] = {several: {"type": "array", "minItems": 1}}
    return ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": present, "required": [one]},
                {"properties": filled, "required": [several]},
            ]
        }
    )


class Event(Contract, Generic[Data]):
    """The envelope. ``subject`` is the recording's id; ``traceparent`` is W3C Trace Context.

    Nothing is made up for an event that lacks it: with a new ``id`` at each delivery, no reader
    could tell that it has acted on the event.
    """

    specversion: Literal["1.0"]
    id: UUID
    source: str = Field(
        pattern=r"^[a-z0-9][a-z0-9._:/-]{0,127}$",
        description="the service that tells it",
        examples=["minutier/diarization"],
    )
    type: str
    subject: UUID
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    tenant: Tenant
    traceparent: str | None = Field(None, pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
    data: Data

    TYPE: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if names := get_args(cls.model_fields["type"].annotation):
            (cls.TYPE,) = names

    @classmethod
    def of(cls, recording: UUID, *, tenant: str, source: str, data: Data, id: UUID | None = None) -> Self:
        """A new event about ``recording``; give ``id`` where a repetition must be the same event."""
        return cls(
            specversion="1.0",
            id=id or uuid4(),
            source=source,
            type=cls.TYPE,
            subject=recording,
            time=now(),
            tenant=tenant,
            data=data,
        )

    @property
    def nats_subject(self) -> str:
        """Ends in the recording's id, so that a purge can remove one recording's messages."""
        return f"{self.type}.{self.subject}"


class AnnouncedTrack(Contract):
    """One participant's own recording, starting ``offset`` seconds after the meeting's."""

    participant: Text = Field(min_length=1, max_length=200, description="display name")
    location: Location
    offset: Seconds = 0.0


class Announcement(Contract):
    """What the meeting server knows: a mix of all voices, one track per participant, or both."""

    model_config = _at_least_one_of("mix", "tracks")

    source: MeetingServer
    external_id: Text = Field(min_length=1, max_length=256, description="unique within the source")
    title: Text | None = Field(None, max_length=300)
    language: Language | None = None
    speakers: int | None = Field(None, ge=1, le=64, description="number of speakers, if known")
    started_at: AwareDatetime | None = None
    mix: Location | None = None
    tracks: tuple[AnnouncedTrack, ...] = Field((), max_length=200)

    @model_validator(mode="after")
    def has_media(self) -> Self:
        if self.mix is None and not self.tracks:
            raise ValueError("an announcement needs a mix, tracks, or both")
        return self


class RecordingAnnounced(Event[Announcement]):
    type: Literal["minutier.recording.announced.v1"]


class IngestedTrack(Contract):
    participant_id: str = Field(pattern=r"^p[1-9][0-9]*$")
    audio: StoredRef
    offset: Seconds
    duration: Seconds


class Ingested(Contract):
    """A recording whose media was checked and normalised to 16 kHz mono FLAC."""

    model_config = _at_least_one_of("audio", "tracks")

    recording: StoredRef = Field(description="the recording document")
    source: MeetingServer
    announced_at: AwareDatetime
    duration: Seconds
    language: Language | None = None
    speakers: int | None = Field(None, ge=1, le=64, description="as announced")
    audio: StoredRef | None = Field(None, description="the mix; absent where there are only tracks")
    tracks: tuple[IngestedTrack, ...] = ()
    processing_seconds: Seconds

    @model_validator(mode="after")
    def has_audio(self) -> Self:
        if self.audio is None and not self.tracks:
            raise ValueError("a recording that was taken in has a mix, tracks, or both")
        return self

    @property
    def by_track(self) -> bool:
        """Whether each voice has a track of its own, so that nobody needs to be told apart."""
        return bool(self.tracks)


class RecordingIngested(Event[Ingested]):
    type: Literal["minutier.recording.ingested.v1"]


class RejectionReason(StrEnum):
    NO_AUDIO = "no_audio"
    CORRUPT = "corrupt"
    TOO_LONG = "too_long"
    TOO_LARGE = "too_large"
    NOT_FOUND = "not_found"
    UNSUPPORTED = "unsupported"
    FORBIDDEN_LOCATION = "forbidden_location"

    @property
    def explanation(self) -> str:
        """What happened and what to do, for the person who sent the recording."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    RejectionReason.NO_AUDIO: "The file has no audio track. Record the meeting with sound and send it again.",
    RejectionReason.CORRUPT: "The file is damaged or incomplete. Send the original recording again.",
    RejectionReason.TOO_LONG: "The recording is longer than this server accepts. Split it, or ask the "
    "operator to raise MINUTIER_INGESTION_MAX_HOURS.",
    RejectionReason.TOO_LARGE: "The file is larger than this server accepts. Send audio only, or ask the "
    "operator to raise MINUTIER_INGESTION_MAX_BYTES.",
    RejectionReason.NOT_FOUND: "There is no such object in the store. Check the bucket and the key, or "
    "upload the recording again.",
    RejectionReason.UNSUPPORTED: "The file is not a recording in a known format. Send mp4, webm, ogg, m4a, "
    "mp3, wav or flac.",
    RejectionReason.FORBIDDEN_LOCATION: "The recording lies in a bucket this server does not read. Ask the "
    "operator to add it to MINUTIER_INGESTION_ALLOWED_BUCKETS.",
}


class Rejected(Contract):
    reason: RejectionReason
    source: MeetingServer
    announced_at: AwareDatetime


class RecordingRejected(Event[Rejected]):
    type: Literal["minutier.recording.rejected.v1"]


class Diarized(Contract):
    turns: StoredRef = Field(description="the diarization document")
    speakers: int = Field(ge=0)
    speech_seconds: Seconds
    overlap_seconds: Seconds
    processing_seconds: Seconds
    real_time_factor: float = Field(ge=0)


class SpeechDiarized(Event[Diarized]):
    type: Literal["minutier.speech.diarized.v1"]


class Transcribed(Contract):
    transcription: StoredRef = Field(description="the transcription document")
    language: Language
    language_probability: Probability
    words: int = Field(ge=0)
    doubtful_segments: int = Field(ge=0)
    speech_seconds: Seconds
    transcribed_seconds: Seconds
    processing_seconds: Seconds
    real_time_factor: float = Field(ge=0)


class SpeechTranscribed(Event[Transcribed]):
    type: Literal["minutier.speech.transcribed.v1"]


class Attributed(Contract):
    transcript: StoredRef = Field(description="the transcript document")
    language: Language
    duration: Seconds
    speakers: int = Field(ge=0)
    segments: int = Field(ge=0)
    words: int = Field(ge=0)
    unknown_words: int = Field(ge=0)
    processing_seconds: Seconds


class TranscriptAttributed(Event[Attributed]):
    type: Literal["minutier.transcript.attributed.v1"]


class Written(Contract):
    minutes: StoredRef = Field(description="the minutes document")
    engine: Engine
    fell_back: bool
    items: int = Field(ge=0)
    dropped_claims: int = Field(ge=0)
    processing_seconds: Seconds


class MinutesWritten(Event[Written]):
    type: Literal["minutier.minutes.written.v1"]


class Failed(Contract):
    """A stage gave up; the message that caused it waits in the dead-letter stream."""

    stage: str = Field(pattern=r"^[a-z][a-z0-9-]*$", description="the service that gave up")
    reason: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="a code, never the error's text")
    attempts: int = Field(ge=1)


class StageFailed(Event[Failed]):
    type: Literal["minutier.stage.failed.v1"]


AnyEvent = Event[Any]

EVENTS: tuple[type[AnyEvent], ...] = (
    RecordingAnnounced,
    RecordingIngested,
    RecordingRejected,
    SpeechDiarized,
    SpeechTranscribed,
    TranscriptAttributed,
    MinutesWritten,
    StageFailed,
)


class Progress(Contract):
    """How far a stage is; core NATS on ``progress.<recording id>``, not persisted."""

    recording_id: UUID
    stage: Stage
    fraction: float = Field(ge=0, le=1)

    @property
    def nats_subject(self) -> str:
        return f"progress.{self.recording_id}"
