"""Transcripts and the edits that people lay over them, drawn by hypothesis."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import assume
from hypothesis import strategies as st

from minutier.query.edits.align import passage, voice
from minutier.query.edits.domain import (
    AnyLayer,
    Author,
    Correction,
    Effective,
    Merge,
    Renaming,
    Undo,
    effective,
)
from minutier.query.edits.draft import words_of
from minutier.schemas.documents import (
    UNKNOWN_SPEAKER,
    AttributedWord,
    Coverage,
    Doubt,
    Speaker,
    SpeakerEvidence,
    TranscriptDocument,
    TranscriptSegment,
)
from tests.support.query_events import RECORDING, START

L = TypeVar("L", Correction, Renaming, Merge, Undo)

ANNA = Author("s-1", "Anna")
# So few that the same is often said twice.
VOCABULARY = ("oui", "Non,", "peut-être", "L'été", "oui", "—", "42")
NAMES = ("Anna", "Bo", "Speaker 1")


@dataclass
class Pen:
    """Lays layers over ``machine``, as people do who see what the earlier ones came to."""

    machine: TranscriptDocument
    layers: list[AnyLayer] = field(default_factory=list)

    @property
    def effective(self) -> Effective:
        return effective(self.machine, self.layers)

    def correct(self, segment: str, first: int, last: int, text: str) -> Correction:
        found = next(kept for kept in self.effective.transcript.segments if kept.id == segment)
        chosen = passage(segment, words_of(found), first, last)
        return self._lay(Correction(**self._next(), passage=chosen, text=text))

    def rename(self, speaker: str, name: str | None) -> Renaming:
        return self._lay(Renaming(**self._next(), voice=voice(self.machine, speaker), name=name))

    def merge(self, speaker: str, into: str) -> Merge:
        merged, kept = voice(self.machine, speaker), voice(self.machine, into)
        return self._lay(Merge(**self._next(), voice=merged, into=kept))

    def undo(self, layer: UUID) -> Undo:
        return self._lay(Undo(**self._next(), of=layer))

    def _next(self) -> dict[str, Any]:
        number = len(self.layers) + 1
        return {"id": UUID(int=number), "author": ANNA, "at": START + timedelta(seconds=number)}

    def _lay(self, layer: L) -> L:
        self.layers.append(layer)
        return layer


@st.composite
def transcripts(draw: st.DrawFn, *, plain: bool = False) -> TranscriptDocument:
    """Of one to three speakers and of nobody known.

    Unless it is ``plain``, tracks overlap and words may take no time.
    """
    speakers = [f"speaker-{number}" for number in range(1, draw(st.integers(1, 3)) + 1)]
    clocks = dict.fromkeys([*speakers, UNKNOWN_SPEAKER], 0.0)
    together = not plain and draw(st.booleans())
    segments = []
    for number in range(1, draw(st.integers(1, 5)) + 1):
        speaker = draw(st.sampled_from([*speakers, UNKNOWN_SPEAKER]))
        words = []
        clock = clocks[speaker] if together else max(clocks.values())
        for text in draw(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=6)):
            length = draw(st.sampled_from([0.1, 0.4] if plain else [0.0, 0.1, 0.4]))
            words.append(
                AttributedWord(
                    start=clock, end=clock + length, text=f" {text}", probability=0.5, speaker=speaker
                )
            )
            clock += length
        clocks[speaker] = clock
        segments.append(segment_of(number, speaker, words, draw(st.booleans())))
    return document_of(segments, speakers)


@st.composite
def texts(draw: st.DrawFn) -> TranscriptDocument:
    """As they are handed in: without words and times."""
    said = draw(
        st.lists(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=5), min_size=1, max_size=4)
    )
    segments = [
        TranscriptSegment(
            id=f"s{number}", start=0, end=0, speaker="speaker-1", text=" ".join(words), words=()
        )
        for number, words in enumerate(said, 1)
    ]
    return document_of(segments, ["speaker-1"])


@st.composite
def heard_again(draw: st.DrawFn, machine: TranscriptDocument) -> TranscriptDocument:
    """As another model hears ``machine``'s words: a little earlier or later, some not or as others."""
    segments: list[list[AttributedWord]] = [[]]
    for word in (word for segment in machine.segments for word in words_of(segment)):
        shift = draw(st.sampled_from([0.0, 0.0, 0.05, 0.2]))
        text = draw(st.sampled_from([word.text, word.text, f" {word.text.strip().upper()}!", " neuf", ""]))
        if segments[-1] and (segments[-1][0].speaker != word.speaker or draw(st.integers(0, 4)) == 0):
            segments.append([])
        if text:
            update = {"start": word.start + shift, "end": word.end + shift, "text": text}
            segments[-1].append(word.model_copy(update=update))
    heard = [words for words in segments if words]
    assume(heard)
    return document_of(
        [segment_of(number, words[0].speaker, words) for number, words in enumerate(heard, 1)],
        [speaker.id for speaker in machine.speakers],
    )


def segment_of(
    number: int, speaker: str, words: Sequence[AttributedWord], doubtful: bool = False
) -> TranscriptSegment:
    return TranscriptSegment(
        id=f"s{number}",
        start=words[0].start,
        end=max(word.end for word in words),
        speaker=speaker,
        text="".join(word.text for word in words).strip(),
        words=tuple(words),
        doubts=(Doubt.LOW_PROBABILITY,) if doubtful else (),
    )


def document_of(segments: Sequence[TranscriptSegment], speakers: Sequence[str]) -> TranscriptDocument:
    end = max(segment.end for segment in segments)
    return TranscriptDocument(
        recording_id=RECORDING,
        language="fr",
        duration=end,
        speakers=tuple(
            Speaker(
                id=speaker, label=f"Speaker {number}", evidence=SpeakerEvidence.VOICE, speech_seconds=number
            )
            for number, speaker in enumerate(speakers, 1)
        ),
        segments=tuple(segments),
        coverage=Coverage(speech_seconds=end, transcribed_seconds=end, gaps=()),
    )


@st.composite
def edited(draw: st.DrawFn, machines: st.SearchStrategy[TranscriptDocument] | None = None) -> Pen:
    """A transcript over which up to eight layers were laid, each valid when it was laid."""
    pen = Pen(draw(st.one_of(transcripts(), texts()) if machines is None else machines))
    for _ in range(draw(st.integers(0, 8))):
        draw(edit(pen))
    return pen


@st.composite
def edit(draw: st.DrawFn, pen: Pen) -> AnyLayer:
    """Another layer by ``pen``, of what can be edited in what its author sees."""
    shown = pen.effective.transcript
    speakers = [speaker.id for speaker in shown.speakers]
    possible = ["rename"]
    possible += ["correct"] * 2 if shown.segments else []
    possible += ["merge"] if len(speakers) > 1 else []
    possible += ["undo"] if pen.layers else []
    match draw(st.sampled_from(possible)):
        case "correct":
            segment = draw(st.sampled_from(shown.segments))
            count = len(words_of(segment))
            first = draw(st.integers(0, count - 1))
            last = draw(st.integers(first, count - 1))
            text = " ".join(draw(st.lists(st.sampled_from((*VOCABULARY, "neuf")), max_size=3)))
            return pen.correct(segment.id, first, last, text)
        case "rename":
            return pen.rename(draw(st.sampled_from(speakers)), draw(st.sampled_from((*NAMES, None))))
        case "merge":
            pair = draw(st.permutations(speakers))
            return pen.merge(pair[0], pair[1])
        case _:
            return pen.undo(draw(st.sampled_from(pen.layers)).id)
