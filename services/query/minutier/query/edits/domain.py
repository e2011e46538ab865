"""Edits are layers over the machine's transcript, which stays as it is.

What people read follows from the machine's transcript and all layers, in the order in which they were laid.
Unless one person is erased (`left`) a layer is never changed or removed; taking one back is a layer too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from minutier.query.edits.align import Passage, Timeline, Voice, find, recognise
from minutier.query.edits.draft import Draft
from minutier.schemas.documents import Speaker, SpeakerEvidence, TranscriptDocument


@dataclass(frozen=True)
class Author:
    """Who laid a layer: the id that signing in gives them, and what they are called."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Layers count in the order of when they were laid, and then of their ids."""

    id: UUID
    author: Author
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Correction(Layer):
    """Other words are read in place of a passage's; an empty ``text`` leaves none."""

    passage: Passage
    text: str


@dataclass(frozen=True, kw_only=True)
class Renaming(Layer):
    """What a speaker is called; without a ``name`` it is what the machine calls them."""

    voice: Voice
    name: str | None


@dataclass(frozen=True, kw_only=True)
class Merge(Layer):
    """Two voices are one person's: what ``voice`` said ``into`` said, who keeps their name."""

    voice: Voice
    into: Voice


@dataclass(frozen=True, kw_only=True)
class Undo(Layer):
    """An earlier layer is as if it had never been laid; that of an undo brings back what it took."""

    of: UUID


AnyLayer = Correction | Renaming | Merge | Undo


class Reason(StrEnum):
    """Why a layer does not apply to the machine's transcript as it is now."""

    OTHER_WORDS = "other_words"
    UNKNOWN_SPEAKER = "unknown_speaker"
    MERGED_SPEAKER = "merged_speaker"
    NOTHING_TO_UNDO = "nothing_to_undo"

    @property
    def explanation(self) -> str:
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    Reason.OTHER_WORDS: "Other words stand there now than those that were corrected. "
    "Correct what is there, or undo this edit.",
    Reason.UNKNOWN_SPEAKER: "Nobody talks for most of the time in which this speaker did. "
    "Name or merge the speakers there are, or undo this edit.",
    Reason.MERGED_SPEAKER: "This speaker is now part of another. Name that one, or undo the merge.",
    Reason.NOTHING_TO_UNDO: "There is no earlier edit that this one could take back.",
}


@dataclass(frozen=True)
class Unaligned:
    """A layer that is kept but does not apply."""

    layer: UUID
    reason: Reason


@dataclass(frozen=True)
class Effective:
    """A transcript as people read it. The layers that are neither applied nor unaligned are undone."""

    transcript: TranscriptDocument
    applied: tuple[UUID, ...]
    unaligned: tuple[Unaligned, ...]


def effective(machine: TranscriptDocument, layers: Iterable[AnyLayer]) -> Effective:
    """``machine`` with what stands of ``layers``; their order makes no difference.

    A layer that asks for what is so already applies. Segments keep their ids; one without words is left out.
    """
    stay, unaligned = standing(sorted(layers, key=lambda layer: (layer.at, layer.id)))
    timeline = Timeline(machine.segments)
    draft = Draft(machine.segments, timeline)
    voices = _Voices(machine, timeline)
    applied = []
    for layer in stay:
        match layer:
            case Correction():
                reason = _correct(draft, layer)
            case Renaming():
                reason = voices.rename(layer)
            case Merge():
                reason = voices.merge(layer)
            case Undo():
                reason = None
        if reason is None:
            applied.append(layer.id)
        else:
            unaligned.append(Unaligned(layer.id, reason))
    transcript = machine
    if applied:
        speakers, segments = voices.speakers(), draft.segments(voices.into)
        transcript = machine.model_copy(update={"speakers": speakers, "segments": segments})
    return Effective(transcript, tuple(applied), tuple(unaligned))


def standing(layers: Sequence[AnyLayer]) -> tuple[list[AnyLayer], list[Unaligned]]:
    """Those of ``layers``, the earliest first, that nothing takes back.

    The last word comes first: an undo that is undone takes nothing back.
    """
    place = {layer.id: number for number, layer in enumerate(layers)}
    undone: set[UUID] = set()
    stay: list[AnyLayer] = []
    unaligned: list[Unaligned] = []
    for number, layer in reversed(list(enumerate(layers))):
        if layer.id in undone:
            continue
        if isinstance(layer, Undo):
            if place.get(layer.of, number) >= number:
                unaligned.append(Unaligned(layer.id, Reason.NOTHING_TO_UNDO))
                continue
            undone.add(layer.of)
        stay.append(layer)
    return stay[::-1], unaligned[::-1]


def _correct(draft: Draft, correction: Correction) -> Reason | None:
    found = find(correction.passage, correction.text, draft)
    if found is None:
        return Reason.OTHER_WORDS
    if found.place is not None:
        draft.replace(found.place, correction.text)
    return None


class _Voices:
    """Who the machine's speakers are: their names by hand, and whose voice each is."""

    def __init__(self, machine: TranscriptDocument, timeline: Timeline) -> None:
        self._machine = machine
        self._timeline = timeline
        self._names: dict[str, str] = {}
        self._joined: dict[str, str] = {}
        self._recognised: dict[Voice, str | None] = {}

    @property
    def into(self) -> dict[str, str]:
        """Whoever is part of another, and of whom."""
        return {speaker: self._root(speaker) for speaker in self._joined}

    def rename(self, renaming: Renaming) -> Reason | None:
        speaker = self._recognise(renaming.voice)
        if speaker is None:
            return Reason.UNKNOWN_SPEAKER
        if speaker in self._joined:
            return Reason.MERGED_SPEAKER
        if renaming.name is None:
            self._names.pop(speaker, None)
        else:
            self._names[speaker] = renaming.name
        return None

    def merge(self, merge: Merge) -> Reason | None:
        speaker, into = self._recognise(merge.voice), self._recognise(merge.into)
        if speaker is None or into is None:
            return Reason.UNKNOWN_SPEAKER
        speaker, into = self._root(speaker), self._root(into)
        if speaker != into:
            self._joined[speaker] = into
        return None

    def speakers(self) -> tuple[Speaker, ...]:
        seconds: dict[str, float] = {}
        for speaker in self._machine.speakers:
            root, own = self._root(speaker.id), speaker.speech_seconds
            seconds[root] = round(seconds[root] + own, 3) if root in seconds else own
        return tuple(
            self._named(speaker).model_copy(update={"speech_seconds": seconds[speaker.id]})
            for speaker in self._machine.speakers
            if speaker.id not in self._joined
        )

    def _named(self, speaker: Speaker) -> Speaker:
        """The name is taken as it is; where it is a participant's, the speaker is that participant."""
        name = self._names.get(speaker.id)
        if name is None:
            return speaker
        update = {
            "label": name,
            "evidence": SpeakerEvidence.CORRECTION,
            "confidence": 1.0,
            "participant": next(
                (known.participant for known in self._machine.speakers if known.label == name), None
            ),
        }
        return speaker.model_copy(update=update)

    def _root(self, speaker: str) -> str:
        while speaker in self._joined:
            speaker = self._joined[speaker]
        return speaker

    def _recognise(self, voice: Voice) -> str | None:
        if voice not in self._recognised:
            self._recognised[voice] = recognise(voice, self._machine, self._timeline)
        return self._recognised[voice]
