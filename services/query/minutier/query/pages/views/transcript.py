"""A transcript as a page shows it: who speaks, what they say, and where to listen again."""

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from minutier.query.edits.draft import words_of
from minutier.schemas.base import Span
from minutier.schemas.documents import (
    UNKNOWN_SPEAKER,
    Coverage,
    Doubt,
    Speaker,
    SpeakerEvidence,
    TranscriptDocument,
    TranscriptSegment,
)

# There are as many colours; more speakers than that share them.
COLOURS = 12

# A word that is less likely than this is underlined.
_LIKELY = 0.5
# What attribution calls those whom nothing names.
_UNNAMED = re.compile(r"Speaker (?P<number>[1-9][0-9]{0,4})")
# Of a timeline's width: what is narrower is drawn so wide, and what is nearer to the last is drawn as one.
_NARROWEST = 1 / 900


@dataclass(frozen=True)
class Voice:
    """``colour`` is from 1, and 0 for the unknown; ``part`` is their part of all that is said.

    ``number`` is that of a speaker whom nobody has named.
    """

    id: str
    name: str
    number: int | None
    colour: int
    seconds: float
    part: float


@dataclass(frozen=True)
class Said:
    """A segment. Word ``i`` has ``lengths[i]`` UTF-16 units of ``text``, and begins ``starts[i]`` hundredths
    of a second after ``start``; those in ``unlikely`` may be misheard. ``gaps`` is speech without words that
    comes before it.
    """

    id: str
    voice: Voice
    start: float
    end: float
    text: str
    lengths: tuple[int, ...]
    starts: tuple[int, ...]
    unlikely: tuple[int, ...]
    doubts: tuple[Doubt, ...]
    gaps: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Turn:
    """What somebody says before somebody else does."""

    voice: Voice
    said: tuple[Said, ...]


@dataclass(frozen=True)
class Bar:
    """From ``x``, ``width`` wide, in thousandths of the timeline."""

    x: float
    width: float


@dataclass(frozen=True)
class Lane:
    voice: Voice
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Timeline:
    """Who talks most is first. ``gaps`` is speech without words, ``doubts`` what should be listened to again.

    ``ticks`` are seconds and their places, in thousandths.
    """

    lanes: tuple[Lane, ...]
    gaps: tuple[Bar, ...]
    doubts: tuple[Bar, ...]
    ticks: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Covered:
    """How much of the speech that was heard has words, from 0 to 1; ``last`` are gaps after all words."""

    fraction: float
    gaps: int
    gap_seconds: float
    removed_repetitions: int
    last: tuple[Span, ...]


@dataclass(frozen=True)
class Transcript:
    language: str
    duration: float
    voices: tuple[Voice, ...]
    turns: tuple[Turn, ...]
    timeline: Timeline
    covered: Covered
    doubtful: int

    @property
    def segments(self) -> Mapping[str, Said]:
        return {said.id: said for turn in self.turns for said in turn.said}


def transcript(document: TranscriptDocument) -> Transcript:
    voices = _voices(document)
    coverage = document.coverage
    before, last = _between(coverage.gaps, document.segments)
    said = [
        _said(segment, voices[segment.speaker], gaps)
        for segment, gaps in zip(document.segments, before, strict=True)
    ]
    return Transcript(
        language=document.language,
        duration=document.duration,
        voices=tuple(voices.values()),
        turns=tuple(
            Turn(voices[speaker], tuple(each))
            for speaker, each in groupby(said, key=lambda one: one.voice.id)
        ),
        timeline=_timeline(document, voices),
        covered=Covered(
            fraction=_covered(coverage),
            gaps=len(coverage.gaps),
            gap_seconds=sum(gap.end - gap.start for gap in coverage.gaps),
            removed_repetitions=coverage.removed_repetitions,
            last=last,
        ),
        doubtful=sum(bool(each.doubts) for each in said),
    )


def _covered(coverage: Coverage) -> float:
    """Rounded down to a hundredth: what has a gap is not all of it."""
    if not coverage.speech_seconds:
        return 1.0
    return math.floor(min(1.0, coverage.transcribed_seconds / coverage.speech_seconds) * 100) / 100


def _voices(document: TranscriptDocument) -> dict[str, Voice]:
    """Those who speak, in the order of the document, and then the unknown, who is nobody."""
    total = sum(speaker.speech_seconds for speaker in document.speakers)
    voices = {speaker.id: _voice(speaker, number, total) for number, speaker in enumerate(document.speakers)}
    if any(segment.speaker not in voices for segment in document.segments):
        unknown = Voice(UNKNOWN_SPEAKER, "", None, 0, 0.0, 0.0)
        strangers = {segment.speaker for segment in document.segments} - set(voices)
        voices |= dict.fromkeys(sorted(strangers), unknown)
    return voices


def unnamed(label: str) -> int | None:
    """The number of a speaker whom nobody has named."""
    found = _UNNAMED.fullmatch(label)
    return int(found["number"]) if found else None


def _voice(speaker: Speaker, number: int, total: float) -> Voice:
    heard = speaker.evidence is SpeakerEvidence.VOICE
    return Voice(
        id=speaker.id,
        name=speaker.label,
        number=unnamed(speaker.label) if heard else None,
        colour=number % COLOURS + 1,
        seconds=speaker.speech_seconds,
        part=speaker.speech_seconds / total if total else 0.0,
    )


def _between(
    gaps: Sequence[Span], segments: Sequence[TranscriptSegment]
) -> tuple[list[tuple[Span, ...]], tuple[Span, ...]]:
    """For each segment the gaps that begin before it and after those before it; and those after all."""
    waiting = sorted(gaps, key=lambda gap: gap.start)
    before: list[tuple[Span, ...]] = []
    for segment in segments:
        count = bisect_left(waiting, segment.start, key=lambda gap: gap.start)
        before.append(tuple(waiting[:count]))
        waiting = waiting[count:]
    return before, tuple(waiting)


def _said(segment: TranscriptSegment, voice: Voice, gaps: tuple[Span, ...]) -> Said:
    words = words_of(segment)
    texts = [word.text for word in words]
    # Space before the first word is of no use, and would be counted.
    texts[:1] = [text.lstrip() for text in texts[:1]]
    return Said(
        id=segment.id,
        voice=voice,
        start=segment.start,
        end=segment.end,
        text="".join(texts),
        lengths=tuple(len(text.encode("utf-16-le")) // 2 for text in texts),
        starts=tuple(max(0, round((word.start - segment.start) * 100)) for word in words),
        unlikely=tuple(number for number, word in enumerate(words) if word.probability < _LIKELY),
        doubts=segment.doubts,
        gaps=gaps,
    )


def _timeline(document: TranscriptDocument, voices: Mapping[str, Voice]) -> Timeline:
    spans: dict[str, list[Span]] = {voice.id: [] for voice in voices.values()}
    for segment in document.segments:
        spans[voices[segment.speaker].id].append(segment)
    by_id = {voice.id: voice for voice in voices.values()}
    ends = [segment.end for segment in document.segments]
    duration = max(document.duration, *ends, 1.0) if ends else max(document.duration, 1.0)
    return Timeline(
        lanes=tuple(
            sorted(
                (Lane(by_id[voice], _bars(own, duration)) for voice, own in spans.items()),
                key=lambda lane: -lane.voice.seconds,
            )
        ),
        gaps=_bars(document.coverage.gaps, duration),
        doubts=_bars([segment for segment in document.segments if segment.doubts], duration),
        ticks=_ticks(duration),
    )


def _bars(spans: Iterable[Span], duration: float) -> tuple[Bar, ...]:
    joined: list[tuple[float, float]] = []
    for span in sorted(spans, key=lambda span: span.start):
        start, end = span.start / duration, min(1.0, span.end / duration)
        if joined and start - joined[-1][1] < _NARROWEST:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(
        Bar(round(start * 1000, 2), round(max(end - start, _NARROWEST) * 1000, 2)) for start, end in joined
    )


_STEPS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_MOST_TICKS = 8


def _ticks(duration: float) -> tuple[tuple[float, float], ...]:
    """Round times, in seconds, and their places in thousandths."""
    step: float = next((step for step in _STEPS if duration / step <= _MOST_TICKS), _STEPS[-1])
    return tuple(
        (number * step, round(number * step / duration * 1000, 2))
        for number in range(int(duration / step) + 1)
    )
