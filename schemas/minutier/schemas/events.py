"""Every event: a CloudEvent 1.0 whose type ends in its major version.

Events carry references, identifiers and figures, never speech, names or addresses. The one
exception is `RecordingAnnounced`, which is removed from its stream once it was taken in.
"""

from enum import StrEnum
from operator import not_
from typing import Annotated, Any, Literal, Self
from uuid import UUID, uuid5

from pydantic import AwareDatetime, Field, model_validator

from minutier.schemas.base import (
    ID_CHARACTERS,
    NAME_CHARACTERS,
    TITLE_CHARACTERS,
    Contract,
    Language,
    Probability,
    Seconds,
    Text,
    at_least_one_of,
)
from minutier.schemas.documents import Engine, Person
from minutier.schemas.envelope import Event as Event
from minutier.schemas.references import Link, Location, StoredRef
from minutier.schemas.rejections import RejectionReason
from minutier.schemas.retained import OF_PURGES as OF_PURGES
from minutier.schemas.retained import Executed as Executed
from minutier.schemas.retained import HoldChanged as HoldChanged
from minutier.schemas.retained import HoldPlaced as HoldPlaced
from minutier.schemas.retained import HoldReleased as HoldReleased
from minutier.schemas.retained import Instead as Instead
from minutier.schemas.retained import Made as Made
from minutier.schemas.retained import Purge as Purge
from minutier.schemas.retained import PurgeCompleted as PurgeCompleted
from minutier.schemas.retained import Purged as Purged
from minutier.schemas.retained import PurgeExecuted as PurgeExecuted
from minutier.schemas.retained import PurgeOrdered as PurgeOrdered
from minutier.schemas.retained import PurgeOutcome as PurgeOutcome
from minutier.schemas.retained import RecordingRestricted as RecordingRestricted
from minutier.schemas.retained import Restricted as Restricted

# In a JSON Schema: an object, and a list that is not empty.
_ONE: dict[str, Any] = {"type": "object"}
_SOME: dict[str, Any] = {"type": "array", "minItems": 1}

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


MeetingServer = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$",
        description="what announced the recording",
        examples=["livekit"],
    ),
]


ParticipantName = Annotated[Text, Field(min_length=1, max_length=NAME_CHARACTERS, description="display name")]


# A directory's or a hub's name would tell where things lie; these are what an operator calls them.
ModelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", examples=["large-v3-turbo"])]


class AnnouncedTrack(Contract):
    """One participant's own recording, starting ``offset`` seconds after the meeting's."""

    participant: ParticipantName
    external_id: Text | None = Field(
        None,
        min_length=1,
        max_length=ID_CHARACTERS,
        description="the meeting server's own id of the participant, by which its account knows them",
    )
    location: Location | Link
    offset: Seconds = 0.0


class MetadataKind(StrEnum):
    """Whose account of a meeting it is, and so how it is written."""

    LASUITE_MEET = "lasuite-meet"
    BIGBLUEBUTTON = "bigbluebutton"
    LIVEKIT = "livekit"


class AnnouncedMetadata(Contract):
    """A file in which the meeting server tells who spoke when."""

    kind: MetadataKind
    location: Location | Link


class Announcement(Contract):
    """What the meeting server knows: a mix of all voices, one track per participant, or both."""

    model_config = at_least_one_of(mix=_ONE, tracks=_SOME)

    source: MeetingServer
    external_id: Text = Field(min_length=1, max_length=ID_CHARACTERS, description="unique within the source")
    title: Text | None = Field(None, max_length=TITLE_CHARACTERS)
    language: Language | None = None
    speakers: int | None = Field(None, ge=1, le=64, description="number of speakers, if known")
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    mix: Location | Link | None = None
    tracks: tuple[AnnouncedTrack, ...] = Field((), max_length=200)
    participants: tuple[ParticipantName, ...] = Field(
        (),
        max_length=500,
        exclude_if=not_,
        description="display names of those without a track, where they are known",
    )
    people: tuple[Person, ...] = Field(
        (), max_length=1000, exclude_if=not_, description="who owns the recording, and who was there"
    )
    metadata: AnnouncedMetadata | None = None

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

    model_config = at_least_one_of(audio=_ONE, tracks=_SOME)

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
        """Whether it is heard by its tracks, each for itself, and not by its mix."""
        return bool(self.tracks)


class RecordingIngested(Event[Ingested]):
    type: Literal["minutier.recording.ingested.v1"]


class Rejected(Contract):
    reason: RejectionReason
    source: MeetingServer
    announced_at: AwareDatetime


class RecordingRejected(Event[Rejected]):
    type: Literal["minutier.recording.rejected.v1"]


class Described(Contract):
    """Somebody has told more of a recording since it was taken in: who was there, or what it is called."""

    recording: StoredRef = Field(description="a recording document, of what was told in addition")


class RecordingDescribed(Event[Described]):
    type: Literal["minutier.recording.described.v1"]


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


class Received(Contract):
    """A text that was handed in to be summarised: a transcript without a recording."""

    recording: StoredRef | None = Field(None, description="the recording document, where there is one")
    transcript: StoredRef = Field(description="the transcript document")
    source: MeetingServer
    language: Language
    segments: int = Field(ge=0)


class TextReceived(Event[Received]):
    type: Literal["minutier.text.received.v1"]


class Edited(Contract):
    """People said who the speakers are: the transcript as it reads with every layer that they laid over it.

    The machine's own stays as it is.
    """

    transcript: StoredRef = Field(description="the transcript document")
    language: Language
    layers: int = Field(ge=0, description="edits that apply")


class TranscriptEdited(Event[Edited]):
    type: Literal["minutier.transcript.edited.v1"]


class Cancelled(Contract):
    """Nobody wants the recording's result any more; what runs is stopped, and what waits is not begun."""


class RecordingCancelled(Event[Cancelled]):
    type: Literal["minutier.recording.cancelled.v1"]


class Reprocessing(Contract):
    """A stage is to be done again, and so are those that follow from it; a cancelled recording goes on.

    Each stage finds here what it starts from: diarization and transcription the recording as it was taken
    in, summarisation the transcript.
    """

    stage: Stage
    model: ModelName | None = Field(None, description="one that the stage offers, else its default")
    ingested: Ingested | None = None
    transcript: StoredRef | None = Field(None, description="the transcript document, as people read it")


class ReprocessingRequested(Event[Reprocessing]):
    type: Literal["minutier.reprocessing.requested.v1"]


class Written(Contract):
    minutes: StoredRef = Field(description="the minutes document")
    engine: Engine
    fell_back: bool
    asked_at: AwareDatetime | None = Field(None, description="when what they follow from was told")
    items: int = Field(ge=0)
    dropped_claims: int = Field(ge=0)
    processing_seconds: Seconds


class MinutesWritten(Event[Written]):
    type: Literal["minutier.minutes.written.v1"]


class JobKind(StrEnum):
    """What was asked for."""

    TRANSCRIPT = "transcript"
    SUMMARY = "summary"


class JobFailure(StrEnum):
    """Why a job has no result, in the words of La Suite Meet's summary API."""

    UNKNOWN_ERROR = "unknown_error"
    NO_AUDIO_IN_FILE = "no_audio_in_file"
    MEDIA_DURATION_TOO_LONG = "media_duration_too_long"
    CORRUPTED_AUDIO_FILE = "corrupted_audio_file"


class Completed(Contract):
    """A job has ended; who asked for it is still to be told."""

    job_id: UUID
    kind: JobKind
    failure: JobFailure | None = None


class JobCompleted(Event[Completed]):
    type: Literal["minutier.job.completed.v1"]


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
    RecordingDescribed,
    SpeechDiarized,
    SpeechTranscribed,
    TranscriptAttributed,
    TextReceived,
    TranscriptEdited,
    MinutesWritten,
    RecordingCancelled,
    ReprocessingRequested,
    JobCompleted,
    HoldPlaced,
    HoldReleased,
    RecordingRestricted,
    PurgeOrdered,
    PurgeExecuted,
    PurgeCompleted,
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
