"""Where an edit belongs: in the transcript it was made on, and in any other of the same recording.

Ids and places say nothing about another transcript, for it may have other words, segments and speakers. Times
and words do: an edit is at home where the same was said at the same time.
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

from minutier.schemas.documents import AttributedWord, TranscriptDocument, TranscriptSegment

# Who talks for hours is known by the longest of what they say.
MOST_SPANS = 64


@dataclass(frozen=True)
class Passage:
    """``count`` words of a segment from its ``first``: when they were said, in seconds, and as they read."""

    segment: str
    first: int
    count: int
    start: float
    end: float
    words: str


@dataclass(frozen=True)
class Voice:
    """A speaker as the machine told them apart, and when they talk: (start, end) in seconds."""

    speaker: str
    label: str
    spans: tuple[tuple[float, float], ...]


class Timeline:
    """The segments of a transcript by when they are."""

    def __init__(self, segments: Sequence[TranscriptSegment]) -> None:
        self._segments = sorted(segments, key=lambda segment: (segment.start, segment.end))
        self._starts = [segment.start for segment in self._segments]
        self._latest = list(accumulate((segment.end for segment in self._segments), max))

    def touching(self, start: float, end: float) -> list[TranscriptSegment]:
        """Those that have time in common with ``start`` to ``end``, or an instant."""
        begin, behind = bisect_left(self._latest, start), bisect_right(self._starts, end)
        return [segment for segment in self._segments[begin:behind] if segment.end >= start]


class Words(Protocol):
    """The words of a transcript, by segment."""

    def of(self, segment: str) -> Sequence[AttributedWord]:
        """Nothing where there is no such segment, or nothing is left of it."""
        ...

    def touching(self, start: float, end: float) -> Sequence[str]:
        """The segments to look at for what was said from ``start`` to ``end``."""
        ...


@dataclass(frozen=True)
class Place:
    """``count`` words of a segment, from its ``first``."""

    segment: str
    first: int
    count: int


@dataclass(frozen=True)
class Found:
    """Where a passage is; ``place`` is ``None`` where its new words are there already."""

    place: Place | None


@dataclass(frozen=True)
class _Candidate:
    """``likeness``: the share of time in common, then whether segment and number of words are the same."""

    place: Place
    likeness: tuple[float, bool, bool]


def passage(segment: str, words: Sequence[AttributedWord], first: int, last: int) -> Passage:
    """The words from ``first`` to ``last``, both included, of a segment that has ``words``."""
    chosen = words[first : last + 1]
    start, end = _span(chosen)
    return Passage(segment, first, len(chosen), start, end, "".join(word.text for word in chosen).strip())


def voice(machine: TranscriptDocument, speaker: str) -> Voice:
    """``speaker``, who is one of ``machine``'s."""
    label = next(known.label for known in machine.speakers if known.id == speaker)
    said = [
        (segment.start, segment.end)
        for segment in machine.segments
        if segment.speaker == speaker and segment.end > segment.start
    ]
    longest = sorted(said, key=lambda span: (span[0] - span[1], span))[:MOST_SPANS]
    return Voice(speaker, label, tuple(sorted(longest)))


def find(passage: Passage, text: str, words: Words) -> Found | None:
    """Where ``passage``, which ``text`` replaces, is among ``words``; ``None`` where something else is.

    Spelling decides, without case, spaces and punctuation, and more than half of the time has to be the same.
    What fits two places equally well is at neither.
    """
    if stands(passage, words):
        return Found(Place(passage.segment, passage.first, passage.count))
    replaced = _best(passage, _spelling(passage.words), words)
    if not text:
        if replaced is None:
            return None if _anything_said(passage, words) else Found(None)
        return Found(replaced.place)
    already = _best(passage, _spelling(text), words)
    if replaced is not None and (already is None or replaced.likeness >= already.likeness):
        return Found(replaced.place)
    return Found(None) if already is not None else None


def recognise(voice: Voice, machine: TranscriptDocument, timeline: Timeline) -> str | None:
    """The speaker of ``machine`` who talks for more than half of the time that ``voice`` did."""
    total = sum(end - start for start, end in voice.spans)
    if not total:
        # A text that was handed in has no times; its speakers are who it calls them.
        known = ((speaker.id, speaker.label) for speaker in machine.speakers)
        return voice.speaker if (voice.speaker, voice.label) in known else None
    talked = talk(voice, timeline)
    heard = [speaker.id for speaker in machine.speakers if talked.get(speaker.id, 0.0) > total / 2]
    return max(heard, key=lambda speaker: (talked[speaker], speaker == voice.speaker), default=None)


def talk(voice: Voice, timeline: Timeline) -> dict[str, float]:
    """For how many seconds of the time that ``voice`` talked each speaker does."""
    talked: dict[str, float] = {}
    for start, end in voice.spans:
        for segment in timeline.touching(start, end):
            common = min(end, segment.end) - max(start, segment.start)
            talked[segment.speaker] = talked.get(segment.speaker, 0.0) + common
    return talked


def stands(passage: Passage, words: Words) -> bool:
    """Whether ``passage`` is where it was, as it was."""
    here = words.of(passage.segment)[passage.first : passage.first + passage.count]
    return (
        len(here) == passage.count
        and _span(here) == (passage.start, passage.end)
        and _spelling("".join(word.text for word in here)) == _spelling(passage.words)
    )


def _best(passage: Passage, spelling: str, words: Words) -> _Candidate | None:
    candidates = []
    for segment in _near(passage, words):
        own = words.of(segment)
        for first, count in _runs(own, spelling):
            common = _common(passage, *_span(own[first : first + count]))
            if common > 0.5:
                likeness = (common, segment == passage.segment, count == passage.count)
                candidates.append(_Candidate(Place(segment, first, count), likeness))
    best = max((candidate.likeness for candidate in candidates), default=None)
    foremost = [candidate for candidate in candidates if candidate.likeness == best]
    return foremost[0] if len(foremost) == 1 else None


def _runs(words: Sequence[AttributedWord], spelling: str) -> Iterator[tuple[int, int]]:
    """Where consecutive words spell ``spelling``: the first, and how many."""
    spell = _letters if _letters(spelling) else _bare
    spelt = [spell(word.text) for word in words]
    for first in range(len(spelt)):
        rest = spelling
        for count, part in enumerate(spelt[first:], start=1):
            if not rest.startswith(part):
                break
            rest = rest[len(part) :]
            if not rest:
                yield first, count


def _anything_said(passage: Passage, words: Words) -> bool:
    return any(
        min(word.end, passage.end) - max(word.start, passage.start) > (word.end - word.start) / 2
        or passage.start <= word.start == word.end <= passage.end
        for segment in _near(passage, words)
        for word in words.of(segment)
    )


def _near(passage: Passage, words: Words) -> Sequence[str]:
    """Where nothing has a time everything is at the same, and only its own segment is near."""
    if passage.end > passage.start:
        return words.touching(passage.start, passage.end)
    return (passage.segment,)


def _common(passage: Passage, start: float, end: float) -> float:
    """The share of the longer of both that they have in common."""
    longer = max(passage.end - passage.start, end - start)
    if not longer:
        return float(passage.start == start)
    return (min(passage.end, end) - max(passage.start, start)) / longer


def _span(words: Sequence[AttributedWord]) -> tuple[float, float]:
    return min(word.start for word in words), max(word.end for word in words)


def _spelling(text: str) -> str:
    """Letters and digits alone, in lower case; a text that has none is only rid of its spaces."""
    return _letters(text) or _bare(text)


def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if unicodedata.category(character)[0] in "LMN")


def _bare(text: str) -> str:
    return "".join(text.split())
