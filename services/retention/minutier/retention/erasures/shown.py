"""What the API takes and shows of requests of persons to be erased."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from minutier.retention.asked import Asked, Line, Text
from minutier.retention.erasures.domain import (
    EXPLANATION_CHARACTERS,
    REFERENCE_CHARACTERS,
    Ground,
    Refusal,
    Request,
    State,
)
from minutier.retention.erasures.voices import Voice
from minutier.schemas.documents import SpeakerId
from minutier.schemas.records import Overlap


class NewRequest(Asked):
    """Somebody wants to be erased from a recording; the month begins on the day that they asked."""

    recording_id: UUID
    reference: Annotated[Line, Field(min_length=1, max_length=REFERENCE_CHARACTERS)] = Field(
        description="how the organisation files the request; no name"
    )
    received_on: date


class ProposalAsked(Asked):
    """Which of the recording's voices are theirs, and what becomes of the sound where others talk as well."""

    voices: list[SpeakerId] = Field(min_length=1, max_length=64)
    overlap: Overlap = Field(description="mute: nobody is heard there; keep: everybody is")


class RefusalAsked(Asked):
    ground: Ground = Field(description="of article 17(3), letters a to e in this order")
    explanation: Annotated[Text, Field(min_length=1, max_length=EXPLANATION_CHARACTERS)]


class RefusalShown(BaseModel):
    by: str
    at: datetime
    ground: Ground
    letter: str
    explanation: str

    @classmethod
    def of(cls, refusal: Refusal) -> Self:
        return cls(
            by=refusal.by,
            at=refusal.at,
            ground=refusal.ground,
            letter=refusal.ground.letter,
            explanation=refusal.explanation,
        )


class RequestShown(BaseModel):
    """``days_left`` is of the month in which it is to be answered, negative where that is over.

    ``purge`` is the last that was proposed for it.
    """

    id: UUID
    recording_id: UUID
    reference: str
    state: State
    received_on: date
    due_on: date
    days_left: int
    registered_by: str
    registered_at: datetime
    purge: UUID | None
    refusal: RefusalShown | None
    completed_at: datetime | None

    @classmethod
    def of(cls, request: Request, *, today: date) -> Self:
        return cls(
            id=request.id,
            recording_id=request.recording_id,
            reference=request.reference,
            state=request.state,
            received_on=request.received_on,
            due_on=request.due_on,
            days_left=(request.due_on - today).days,
            registered_by=request.registered_by,
            registered_at=request.registered_at,
            purge=request.purge_id,
            refusal=request.refusal and RefusalShown.of(request.refusal),
            completed_at=request.completed_at,
        )


class Requests(BaseModel):
    """The last that was registered first; ``next`` is what to give as ``after`` for those before."""

    items: list[RequestShown]
    next: UUID | None


class VoiceShown(BaseModel):
    """One who speaks; ``label`` is a name only where there is evidence."""

    id: str
    label: str
    segments: int
    words: int
    seconds: float

    @classmethod
    def of(cls, voice: Voice) -> Self:
        return cls(
            id=voice.id,
            label=voice.label,
            segments=voice.segments,
            words=voice.words,
            seconds=voice.seconds,
        )


class Voices(BaseModel):
    """In the order of their first words."""

    items: list[VoiceShown]
