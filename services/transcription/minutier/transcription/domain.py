"""What of a recogniser's output is believed, doubted and thrown away.

Times are seconds from the start of the recording.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from minutier.schemas.documents import Doubt
from minutier.transcription.speech import MARGIN_SECONDS, Span

# Whisper's own thresholds (Radford et al. 2022, section 4.5).
_LOWEST_LOG_PROBABILITY = -1.0
_HIGHEST_COMPRESSION = 2.4
_HIGHEST_NO_SPEECH = 0.6

_LOWEST_PROBABILITY = 0.5
# Nobody speaks faster, whatever the language; what a recogniser makes up is often a whole phrase.
_MOST_CHARACTERS_PER_SECOND = 40.0
_FREE_CHARACTERS = 15

_SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！")
_PAUSE = 1.0
_LONGEST_SEGMENT = 30.0

_LONGEST_PHRASE = 40
_KEPT_REPEATS = 2

_JOIN = 0.5
_SHORTEST_GAP = 1.0


@dataclass(frozen=True)
class Word:
    start: float
    end: float
    text: str
    probability: float


@dataclass(frozen=True)
class Passage:
    """The words of one window, and how sure the recogniser was of them as a whole.

    ``log_probability`` is the mean of its tokens', ``no_speech`` the probability that nobody speaks,
    ``compression`` by how much its text can be compressed, ``temperature`` above 0 where it was
    drawn at random after more careful attempts had failed.
    """

    words: tuple[Word, ...]
    log_probability: float
    no_speech: float
    compression: float
    temperature: float = 0.0

    @property
    def silent(self) -> bool:
        return self.no_speech > _HIGHEST_NO_SPEECH and self.log_probability < _LOWEST_LOG_PROBABILITY


def worth_another_attempt(log_probability: float, no_speech: float, compression: float) -> bool:
    """Whether Whisper's thresholds refuse a result; silence gets no better by being heard again."""
    if Passage((), log_probability, no_speech, compression).silent:
        return False
    return log_probability < _LOWEST_LOG_PROBABILITY or compression > _HIGHEST_COMPRESSION


@dataclass(frozen=True)
class Segment:
    """A sentence, or what is said between two pauses."""

    words: tuple[Word, ...]
    doubts: tuple[Doubt, ...] = ()

    @property
    def start(self) -> float:
        return self.words[0].start

    @property
    def end(self) -> float:
        return self.words[-1].end

    @property
    def text(self) -> str:
        return "".join(word.text for word in self.words).strip()

    @property
    def probability(self) -> float:
        return sum(word.probability for word in self.words) / len(self.words)


@dataclass(frozen=True)
class Coverage:
    """How much of the speech that was heard has words; ``gaps`` is speech that has none."""

    speech_seconds: float
    transcribed_seconds: float
    gaps: tuple[Span, ...]


def segments(
    passages: Sequence[Passage], speech: Sequence[Span], *, duration: float
) -> tuple[list[Segment], int]:
    """One voice's or one mix's segments by start, and how many looping passages were cut from them."""
    believed = [passage for passage in passages if not passage.silent]
    owners = [passage for passage in believed for _ in passage.words]
    words = settled([word for passage in believed for word in passage.words], speech, duration=duration)
    kept, looping = without_loops(words)
    made = []
    for group in _groups(kept, words, owners):
        segment = Segment(tuple(words[index] for index in group))
        doubts = _doubts(segment, owners[group[0]], repeated=any(index in looping for index in group))
        if not _made_up(segment, owners[group[0]], speech):
            made.append(replace(segment, doubts=doubts))
    return made, len({looping[index] for index in looping})


def settled(words: Sequence[Word], speech: Sequence[Span], *, duration: float) -> list[Word]:
    """The words with times that are in the recording, in order, and not long after speech has ended.

    The alignment stretches a word that is next to a pause over the pause: it is cut back to the
    stretch of speech that it shares most time with.
    """
    result: list[Word] = []
    reached = 0.0
    position = 0
    for word in words:
        start, end = _finite(word.start, reached), _finite(word.end, word.start)
        while position < len(speech) - 1 and speech[position][1] + MARGIN_SECONDS <= start:
            position += 1
        start, end = _within_speech(start, max(start, end), speech, position)
        start = min(max(start, reached), duration)
        end = min(max(end, start), duration)
        probability = min(1.0, max(0.0, _finite(word.probability, 0.0)))
        result.append(Word(start, end, word.text, probability))
        reached = end
    return result


def _finite(value: float, otherwise: float) -> float:
    if math.isfinite(value):
        return value
    return otherwise if math.isfinite(otherwise) else 0.0


def _within_speech(start: float, end: float, speech: Sequence[Span], position: int) -> Span:
    best, shared = (start, end), 0.0
    for low, high in speech[position:]:
        low, high = low - MARGIN_SECONDS, high + MARGIN_SECONDS
        if low >= end:
            break
        if (overlap := min(end, high) - max(start, low)) > shared:
            best, shared = (max(start, low), min(end, high)), overlap
    return best


def without_loops(words: Sequence[Word]) -> tuple[list[int], dict[int, int]]:
    """The indices of the words that stay, and of those of them that looped: index to number of the loop.

    A loop is a phrase said over and over: one word six times, two words or more four times. Two of
    its rounds stay. Shorter runs are left alone: people do say "no, no, no".
    """
    keys = [word.text.strip().strip(".,!?…").casefold() for word in words]
    removed: set[int] = set()
    looping: dict[int, int] = {}
    loops = 0
    for length in range(1, min(_LONGEST_PHRASE, len(words) // 2) + 1):
        rounds = 6 if length == 1 else 4
        for start, end in _periodic(keys, length):
            if end - start < rounds * length or any(index in removed for index in range(start, end)):
                continue
            keep = start + _KEPT_REPEATS * length
            looping.update(dict.fromkeys(range(start, keep), loops))
            removed.update(range(keep, end))
            loops += 1
    return [index for index in range(len(words)) if index not in removed], looping


def _periodic(keys: Sequence[str], length: int) -> Iterator[tuple[int, int]]:
    """The longest runs in which each key is that of ``length`` places before."""
    start: int | None = None
    for index in range(length, len(keys) + 1):
        same = index < len(keys) and keys[index] == keys[index - length]
        if same and start is None:
            start = index - length
        elif not same and start is not None:
            yield start, index
            start = None


def _groups(kept: Iterable[int], words: Sequence[Word], owners: Sequence[Passage]) -> Iterator[list[int]]:
    group: list[int] = []
    for index in kept:
        if group:
            last, word = words[group[-1]], words[index]
            if (
                last.text.rstrip().endswith(_SENTENCE_ENDS)
                or word.start - last.end > _PAUSE
                or word.end - words[group[0]].start > _LONGEST_SEGMENT
                or owners[index] is not owners[group[-1]]
            ):
                yield group
                group = []
        group.append(index)
    if group:
        yield group


def _doubts(segment: Segment, passage: Passage, *, repeated: bool) -> tuple[Doubt, ...]:
    improbable = segment.probability < _LOWEST_PROBABILITY
    found = {
        Doubt.LOW_PROBABILITY: improbable or passage.log_probability < _LOWEST_LOG_PROBABILITY,
        Doubt.NO_SPEECH: improbable and passage.no_speech > _HIGHEST_NO_SPEECH,
        Doubt.REPETITION: repeated or passage.compression > _HIGHEST_COMPRESSION,
        Doubt.FALLBACK: passage.temperature > 0,
    }
    return tuple(doubt for doubt, holds in found.items() if holds)


def _made_up(segment: Segment, passage: Passage, speech: Sequence[Span]) -> bool:
    """Whether there is too little speech for so many words, or none, going by the sound alone."""
    if segment.probability < _LOWEST_PROBABILITY and passage.no_speech > _HIGHEST_NO_SPEECH:
        return _spoken(speech, segment.start, segment.end) < (segment.end - segment.start) / 2
    spoken = _spoken(speech, segment.start - MARGIN_SECONDS, segment.end + MARGIN_SECONDS)
    return len(segment.text) > _FREE_CHARACTERS + _MOST_CHARACTERS_PER_SECOND * spoken


def _spoken(speech: Sequence[Span], start: float, end: float) -> float:
    total = 0.0
    for low, high in speech[bisect_right(speech, start, key=lambda span: span[1]) :]:
        if low >= end:
            break
        total += min(high, end) - max(low, start)
    return total


def coverage(segments: Iterable[Segment], speech: Sequence[Span]) -> Coverage:
    """Speech counts as transcribed next to words and in the pauses between them, up to half a second."""
    margin = _JOIN / 2
    worded = _union(
        (word.start - margin, word.end + margin) for segment in segments for word in segment.words
    )
    gaps = tuple(gap for gap in _difference(speech, worded) if gap[1] - gap[0] >= _SHORTEST_GAP)
    heard = sum(end - start for start, end in speech)
    return Coverage(heard, min(heard, _shared(speech, worded)), gaps)


def _union(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _shared(one: Sequence[Span], other: Sequence[Span]) -> float:
    """How many seconds two lists of disjoint spans, each by start, have in common."""
    total, left, right = 0.0, 0, 0
    while left < len(one) and right < len(other):
        total += max(0.0, min(one[left][1], other[right][1]) - max(one[left][0], other[right][0]))
        if one[left][1] < other[right][1]:
            left += 1
        else:
            right += 1
    return total


def _difference(spans: Sequence[Span], taken: Sequence[Span]) -> Iterator[Span]:
    position = 0
    for start, end in spans:
        while position < len(taken) and taken[position][1] <= start:
            position += 1
        for low, high in taken[position:]:
            if low >= end:
                break
            if low > start:
                yield start, low
            start = max(start, high)
        if start < end:
            yield start, end
