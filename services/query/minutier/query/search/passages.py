"""The passages that a recording is searched by: its title, its speakers, what they say, and its minutes."""

import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from minutier.schemas.documents import MinutesDocument, TranscriptDocument, TranscriptSegment

# A segment that is longer is several passages, in which no phrase is found that goes from one to the next.
_MOST_CHARACTERS = 4000

_TICKS_A_SECOND = 100
_TICK = struct.Struct("<HI")
_LAST_TICK = 2**32 - 1


class Kind(IntEnum):
    TITLE = 0
    SPEAKER = 1
    MINUTES = 2
    WORDS = 3


@dataclass(frozen=True)
class Passage:
    """``number`` is its place among those of its kind; ``segment`` is the transcript's that it is about.

    ``start`` and ``end`` are seconds, and those of an item of the minutes are its segment's. ``clock`` has
    when each of its words begins, where that is known.
    """

    kind: Kind
    number: int
    text: str
    segment: str | None = None
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    clock: bytes = b""


Passages = dict[Kind, Sequence[Passage]]


def of_title(title: str | None) -> Passages:
    return {Kind.TITLE: [Passage(Kind.TITLE, 0, _storable(title))] if title else []}


def of_transcript(transcript: TranscriptDocument) -> Passages:
    """What is said, and who speaks, each from where they begin to."""
    labels = {speaker.id: _storable(speaker.label) for speaker in transcript.speakers}
    said: list[Passage] = []
    first: dict[str, TranscriptSegment] = {}
    for segment in transcript.segments:
        first.setdefault(segment.speaker, segment)
        said += _pieces(segment, labels.get(segment.speaker), len(said))
    speakers = [
        Passage(Kind.SPEAKER, number, labels[speaker], begins.id, begins.start, begins.end)
        for number, (speaker, begins) in enumerate(first.items())
        if speaker in labels
    ]
    return {Kind.SPEAKER: speakers, Kind.WORDS: said}


def of_minutes(minutes: MinutesDocument) -> Passages:
    """Each item, from the first segment that it cites."""
    texts = [
        *((item.text, item.cites[0]) for item in minutes.summary),
        *((f"{item.title}: {item.text}", item.cites[0]) for item in minutes.topics),
        *((item.text, item.cites[0]) for item in (*minutes.decisions, *minutes.actions, *minutes.questions)),
    ]
    return {
        Kind.MINUTES: [
            Passage(Kind.MINUTES, number, piece, segment)
            for number, (piece, segment) in enumerate(
                (_storable(text[start:end]), segment) for text, segment in texts for start, end in _cuts(text)
            )
        ]
    }


def moment(passage: Passage, place: int) -> float | None:
    """When the word at ``place`` of the passage's text begins, or else the passage."""
    ticks = list(_TICK.iter_unpack(passage.clock))
    following = bisect_right(ticks, (place, _LAST_TICK))
    return ticks[following - 1][1] / _TICKS_A_SECOND if following else passage.start


def _pieces(segment: TranscriptSegment, label: str | None, number: int) -> Iterator[Passage]:
    begins = _beginnings(segment)
    for start, end in _cuts(segment.text):
        within = [(place - start, seconds) for place, seconds in begins if start <= place < end]
        yield Passage(
            Kind.WORDS,
            number,
            _storable(segment.text[start:end]),
            segment.id,
            within[0][1] if start and within else segment.start,
            segment.end,
            label,
            b"".join(
                _TICK.pack(place, min(round(seconds * _TICKS_A_SECOND), _LAST_TICK))
                for place, seconds in within
            ),
        )
        number += 1


def _beginnings(segment: TranscriptSegment) -> list[tuple[int, float]]:
    """Where in the segment's text each word begins, and when; nothing where they are not its text."""
    begins = []
    place = 0
    for word in segment.words:
        if not (text := word.text.strip()):
            continue
        found = segment.text.find(text, place)
        if found < 0 or segment.text[place:found].strip():
            return []
        begins.append((found, word.start))
        place = found + len(text)
    return begins


def _cuts(text: str) -> Iterator[tuple[int, int]]:
    """Where the pieces of ``text`` start and end, cut between sentences, or else words, where that can be."""
    start = 0
    while len(text) - start > _MOST_CHARACTERS:
        most = start + _MOST_CHARACTERS
        least = start + _MOST_CHARACTERS // 2
        ends = (text.rfind(mark, least, most) + len(mark) for mark in (". ", " "))
        end = next((end for end in ends if end > least), most)
        yield start, end
        start = end
    if start or text.strip():
        yield start, len(text)


def _storable(text: str) -> str:
    """PostgreSQL stores every character but one."""
    return text.replace("\0", " ")
