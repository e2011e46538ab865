"""The documents that services leave in the object store, and that events refer to.

Unlike events, documents may hold speech and names: they are what is protected, held and purged.
"""

from enum import StrEnum
from operator import not_
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from minutier.schemas.base import (
    ID_CHARACTERS,
    Contract,
    Language,
    Model,
    Probability,
    Seconds,
    Span,
    Text,
    at_least_one_of,
)
from minutier.schemas.references import ObjectRef

UNKNOWN_SPEAKER = "unknown"


class Document(Contract):
    version: Literal[1] = 1
    recording_id: UUID


ParticipantId = Annotated[str, Field(pattern=r"^p[1-9][0-9]*$")]
SpeakerId = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$", description="never a name", examples=["speaker-1"])
]


class Participant(Contract):
    """Someone the meeting server knows; ``id`` is opaque and forms object keys."""

    id: ParticipantId
    name: str = Field(min_length=1)


class Activity(Contract):
    """A participant talking, as the meeting server noticed.

    Seconds from the start of the recording by the server's clock, which need not be that of the media:
    they may be negative.
    """

    participant: ParticipantId
    start: float
    end: float

    @model_validator(mode="after")
    def ends_after_its_start(self) -> Self:
        if self.end < self.start:
            raise ValueError("activity ends at or after its start")
        return self


class Part(StrEnum):
    """What somebody has to do with a recording."""

    OWNER = "owner"
    PARTICIPANT = "participant"


EmailAddress = Annotated[Text, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=ID_CHARACTERS)]


class Person(Contract):
    """Somebody who may read a recording, as those who sign people in know them.

    ``subject`` is the identity provider's id of them, ``email`` an address that it vouches for.
    """

    model_config = at_least_one_of(subject={"type": "string"}, email={"type": "string"})

    part: Part
    subject: Text | None = Field(None, min_length=1, max_length=ID_CHARACTERS)
    email: EmailAddress | None = None

    @model_validator(mode="after")
    def can_be_recognised(self) -> Self:
        if self.subject is None and self.email is None:
            raise ValueError("a person has a subject, an email, or both")
        return self


class RecordingDocument(Document):
    """What the meeting server told of a recording, or whoever handed in a text; written by ingestion."""

    title: str | None = None
    started_at: AwareDatetime | None = None
    people: tuple[Person, ...] = Field((), exclude_if=not_, description="who owns it, and who was there")
    default_owner: EmailAddress | None = Field(None, description="who owns it as long as nobody is told to")
    participants: tuple[Participant, ...] = ()
    activity: tuple[Activity, ...] = Field((), exclude_if=not_, description="by start")
    recorded: tuple[Span, ...] | None = Field(
        None, description="outside these the meeting was not being recorded, and the audio is silent"
    )


class Turn(Span):
    """One speaker talking without a break; turns of different speakers may overlap."""

    speaker: SpeakerId
    track: ParticipantId | None = Field(None, description="the participant whose track it was heard on")


class DiarizationDocument(Document):
    """Who speaks when; written by diarization.

    Where participants have tracks each is listened to by itself, and speakers of different tracks are
    different.
    """

    turns: tuple[Turn, ...] = Field(description="with overlap, by start")
    exclusive: tuple[Turn, ...] = Field(description="at most one speaker at a time, by start")
    model: Model


class Doubt(StrEnum):
    """Why a passage should be listened to before it is relied on."""

    LOW_PROBABILITY = "low_probability"
    NO_SPEECH = "no_speech"
    REPETITION = "repetition"
    FALLBACK = "fallback"


class Word(Span):
    text: str = Field(description="as written, with its leading space if it has one")
    probability: Probability


class SpeechSegment(Span):
    """Words recognised together; ``track`` is the participant whose track they come from."""

    text: str
    words: tuple[Word, ...]
    doubts: tuple[Doubt, ...] = ()
    track: str | None = None


class Coverage(Contract):
    """How much of the speech that was heard has words."""

    speech_seconds: Seconds
    transcribed_seconds: Seconds
    gaps: tuple[Span, ...] = Field(description="speech without words")
    removed_repetitions: int = Field(0, ge=0, description="looping passages that were cut")


class TranscriptionDocument(Document):
    """What is said when; written by transcription."""

    language: Language
    language_probability: Probability
    language_given: bool
    segments: tuple[SpeechSegment, ...]
    coverage: Coverage
    model: Model


class SpeakerEvidence(StrEnum):
    """What a speaker's label rests on; ``text`` is that of a transcript which was handed in."""

    VOICE = "voice"
    TRACK = "track"
    ACTIVITY = "activity"
    CORRECTION = "correction"
    TEXT = "text"


class Speaker(Contract):
    """A voice, and who it is. Several voices of one participant are ``Room 4 · voice 1`` and so on.

    ``confidence`` is how far the evidence supports the name; there is none where there is no name.
    """

    id: SpeakerId
    label: str = Field(description="a name only where there is evidence", examples=["Speaker 1"])
    evidence: SpeakerEvidence
    confidence: Probability | None = None
    participant: ParticipantId | None = Field(None, description="who of the meeting's participants it is")
    speech_seconds: Seconds


class AttributedWord(Word):
    speaker: str = Field(description="a speaker's id, or 'unknown' rather than a guess")


class TranscriptSegment(Span):
    """Consecutive words of one speaker; what minutes cite by its id."""

    id: str = Field(pattern=r"^s[1-9][0-9]*$")
    speaker: str
    text: str
    words: tuple[AttributedWord, ...]
    doubts: tuple[Doubt, ...] = ()


class TranscriptDocument(Document):
    """Who said what; written by attribution."""

    title: str | None = None
    language: Language
    duration: Seconds
    speakers: tuple[Speaker, ...]
    segments: tuple[TranscriptSegment, ...]
    coverage: Coverage
    clock_offset: float | None = Field(
        None, description="seconds added to the meeting server's times, where they named a speaker"
    )


class Engine(StrEnum):
    EXTRACTIVE = "extractive"
    LANGUAGE_MODEL = "language_model"


class Statement(Contract):
    """One sentence of the minutes and the transcript segments it rests on."""

    text: str
    cites: tuple[str, ...] = Field(min_length=1, description="ids of transcript segments")


class Topic(Statement):
    title: str


class Action(Statement):
    who: str | None = None
    what: str
    due: str | None = Field(None, description="as it was said: 'by Friday'")


class MinutesDocument(Document):
    """Minutes whose every item cites its evidence; written by summarisation."""

    engine: Engine
    model: Model
    language: Language
    fallback_reason: str | None = Field(None, description="why the asked-for engine was not used")
    dropped_claims: int = Field(0, ge=0, description="claims their citations did not support")
    summary: tuple[Statement, ...] = ()
    topics: tuple[Topic, ...] = ()
    decisions: tuple[Statement, ...] = ()
    actions: tuple[Action, ...] = ()
    questions: tuple[Statement, ...] = ()


class Silence(Contract):
    """Where in one object nobody is heard any more."""

    audio: ObjectRef = Field(description="FLAC, as ingestion has derived it")
    spans: tuple[Span, ...] = Field(description="in seconds of this object, by start, without overlap")


class ErasureDocument(Document):
    """What of a recording is one person's, and goes; there is nothing of it any more once that is done.

    Written by retention.
    """

    speakers: tuple[SpeakerId, ...] = Field(min_length=1, description="as attribution calls their voices")
    participants: tuple[ParticipantId, ...] = Field((), description="who of the meeting's they are")
    segments: tuple[str, ...] = Field(description="ids of what they say in attribution's transcript")
    spans: tuple[Span, ...] = Field(description="when they talk, by start, without overlap")
    silences: tuple[Silence, ...] = ()


DOCUMENTS: tuple[type[Document], ...] = (
    RecordingDocument,
    DiarizationDocument,
    TranscriptionDocument,
    TranscriptDocument,
    MinutesDocument,
    ErasureDocument,
)
