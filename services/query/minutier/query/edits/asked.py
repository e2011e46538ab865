"""What somebody asks to have changed in the transcript that they see, and the layer that it makes."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, assert_never
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from minutier.query.edits.align import Passage, Voice, passage, voice
from minutier.query.edits.domain import AnyLayer, Author, Correction, Merge, Renaming, Undo
from minutier.query.edits.draft import words_of
from minutier.query.transcripts.read import Reading
from minutier.schemas.base import NAME_CHARACTERS
from minutier.schemas.documents import SpeakerId

MOST_LAYERS = 2000
MOST_CHARACTERS = 2000
# Of all corrections that stand, a third of what is said in ten hours; a word of one letter takes much memory.
MOST_WRITTEN = 200_000
# More than any segment has.
_MOST_WORDS = 100_000
_ON_ONE_LINE = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]"
_NAME = rf"{_ON_ONE_LINE}*[^\s\x00-\x1f\x7f-\x9f]{_ON_ONE_LINE}*"
_TEXT = rf"{_ON_ONE_LINE}*"


def _name(given: str) -> str:
    trimmed = given.strip()
    if not trimmed or len(given) > NAME_CHARACTERS or not re.fullmatch(_NAME, given):
        raise ValueError(f"give 1 to {NAME_CHARACTERS} characters on one line, or null to take a name back")
    return trimmed


def _text(given: str) -> str:
    if len(given) > MOST_CHARACTERS or not re.fullmatch(_TEXT, given):
        raise ValueError(f"give up to {MOST_CHARACTERS} characters on one line, or none to leave words out")
    return " ".join(given.split())


Name = Annotated[
    str,
    AfterValidator(_name),
    Field(json_schema_extra={"minLength": 1, "maxLength": NAME_CHARACTERS, "pattern": f"^{_NAME}$"}),
]
NewText = Annotated[
    str,
    AfterValidator(_text),
    Field(json_schema_extra={"maxLength": MOST_CHARACTERS, "pattern": f"^{_TEXT}$"}),
]
WordNumber = Annotated[
    int, Field(ge=0, le=_MOST_WORDS, description="of the segment's words as they read now, from 0")
]


class Correct(BaseModel):
    """The words from ``first`` to ``last``, both included, are to read ``text``; empty leaves them out."""

    kind: Literal["correct"]
    segment: str = Field(pattern=r"^s[1-9][0-9]{0,9}$", examples=["s1"])
    first: WordNumber
    last: WordNumber
    text: NewText = Field(examples=["Ms Smith"])


class Rename(BaseModel):
    """A speaker is called ``name``; ``null`` takes back what was said before."""

    kind: Literal["rename"]
    speaker: SpeakerId
    name: Name | None = Field(examples=["Anna"])


class Join(BaseModel):
    """What ``speaker`` said, ``into`` said: they are one person."""

    kind: Literal["merge"]
    speaker: SpeakerId
    into: SpeakerId = Field(examples=["speaker-2"])


class TakeBack(BaseModel):
    """An edit is as if it had never been made; that of an undo brings back what it took."""

    kind: Literal["undo"]
    edit: UUID


Asked = Annotated[Correct | Rename | Join | TakeBack, Field(discriminator="kind")]


class Refusal(StrEnum):
    """Why there is no such layer."""

    UNKNOWN_SEGMENT = "unknown_segment"
    UNKNOWN_WORDS = "unknown_words"
    UNKNOWN_SPEAKER = "unknown_speaker"
    SAME_SPEAKER = "same_speaker"
    UNKNOWN_EDIT = "unknown_edit"
    UNDONE_ALREADY = "undone_already"
    TOO_MANY = "too_many"
    PERSON_BEING_ERASED = "person_being_erased"

    @property
    def explanation(self) -> str:
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    Refusal.UNKNOWN_SEGMENT: "The transcript has no segment with this id. Its 'segments' lists those it has.",
    Refusal.UNKNOWN_WORDS: "The segment has no such words. Count its words from 0, 'first' before 'last'.",
    Refusal.UNKNOWN_SPEAKER: "The transcript has no speaker with this id. Its 'speakers' lists those it has.",
    Refusal.SAME_SPEAKER: "A speaker cannot be merged into itself. Give another one as 'into'.",
    Refusal.UNKNOWN_EDIT: "The recording has no edit with this id. Its 'edits' lists those it has.",
    Refusal.UNDONE_ALREADY: "This edit is undone already. Undo its undo to bring it back.",
    Refusal.TOO_MANY: f"The recording has {MOST_LAYERS} edits, or {MOST_WRITTEN} characters in corrections, "
    "which is as many as one may have.",
    Refusal.PERSON_BEING_ERASED: "One person is being erased from this recording. Edit it once that is done: "
    "its 'being_erased' is false then.",
}


class Refused(Exception):
    """What was asked for cannot be done to this transcript."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


def layer(asked: Asked, reading: Reading, *, id: UUID, author: Author, now: datetime) -> AnyLayer:
    """What ``asked`` makes of what was read: a layer later than any other. Raises `Refused`."""
    if len(reading.layers) >= MOST_LAYERS or _written(asked, reading) > MOST_WRITTEN:
        raise Refused(Refusal.TOO_MANY)
    at = max([now, *(layer.at + timedelta(microseconds=1) for layer in reading.layers[-1:])])
    match asked:
        case Correct():
            where = _passage(asked, reading)
            return Correction(id=id, author=author, at=at, passage=where, text=asked.text)
        case Rename():
            who = _voice(asked.speaker, reading)
            return Renaming(id=id, author=author, at=at, voice=who, name=asked.name)
        case Join():
            who, into = _voice(asked.speaker, reading), _voice(asked.into, reading)
            if who == into:
                raise Refused(Refusal.SAME_SPEAKER)
            return Merge(id=id, author=author, at=at, voice=who, into=into)
        case TakeBack():
            return Undo(id=id, author=author, at=at, of=_standing(asked.edit, reading))
    assert_never(asked)


def concerns_speakers(layer: AnyLayer, layers: Sequence[AnyLayer]) -> bool:
    """Whether it is about who the speakers are, or takes back or brings back what is."""
    return isinstance(_meant(layer.id, (*layers, layer)), Renaming | Merge)


def _written(asked: Asked, reading: Reading) -> int:
    """The characters of all corrections that stand once ``asked`` is done."""
    standing = {*reading.effective.applied, *(kept.layer for kept in reading.effective.unaligned)}
    if isinstance(asked, TakeBack) and (back := _meant(asked.edit, reading.layers)) is not None:
        standing.add(back.id)
    kept = (layer for layer in reading.layers if layer.id in standing)
    return sum(len(edit.text) for edit in (asked, *kept) if isinstance(edit, Correct | Correction))


def _meant(edit: UUID, layers: Sequence[AnyLayer]) -> AnyLayer | None:
    """The layer that an edit takes back or brings back in the end, or that it is."""
    by_id = {layer.id: layer for layer in layers}
    meant = by_id.get(edit)
    while isinstance(meant, Undo):
        meant = by_id.get(meant.of)
    return meant


def _passage(asked: Correct, reading: Reading) -> Passage:
    segments = reading.transcript.segments
    found = next((segment for segment in segments if segment.id == asked.segment), None)
    if found is None:
        raise Refused(Refusal.UNKNOWN_SEGMENT)
    words = words_of(found)
    if not asked.first <= asked.last < len(words):
        raise Refused(Refusal.UNKNOWN_WORDS)
    return passage(asked.segment, words, asked.first, asked.last)


def _voice(speaker: str, reading: Reading) -> Voice:
    if speaker not in {known.id for known in reading.transcript.speakers}:
        raise Refused(Refusal.UNKNOWN_SPEAKER)
    return voice(reading.machine, speaker)


def _standing(edit: UUID, reading: Reading) -> UUID:
    if edit not in {layer.id for layer in reading.layers}:
        raise Refused(Refusal.UNKNOWN_EDIT)
    found = reading.effective
    if edit not in {*found.applied, *(kept.layer for kept in found.unaligned)}:
        raise Refused(Refusal.UNDONE_ALREADY)
    return edit
