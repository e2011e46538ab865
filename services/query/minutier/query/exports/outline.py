"""A transcript and its minutes as a document for people: what is read, in which order."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from minutier.query.exports.domain import Exported
from minutier.query.exports.words import WORDS, Words
from minutier.schemas.documents import Action, Statement, Topic, TranscriptDocument, TranscriptSegment
from minutier.shared.rendering import clock, labels_of, line


@dataclass(frozen=True)
class Time:
    """A moment that is cited; ``passage`` is the number of the passage there, if one is shown."""

    text: str
    passage: int | None


@dataclass(frozen=True)
class Item:
    """An item of the minutes; ``heading`` is a topic's title, or who acts; ``note`` when it is due."""

    text: str
    times: tuple[Time, ...]
    heading: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Section:
    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Passage:
    """A segment; ``continued`` says that the one before is of the same speaker."""

    time: str
    speaker: str
    continued: bool
    text: str
    doubt: str | None


@dataclass(frozen=True)
class Outline:
    """Every text is one line without control characters, and none of it is markup."""

    title: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    passages: tuple[Passage, ...]
    words: Words


def outline(exported: Exported) -> Outline:
    words = WORDS[exported.language]
    segments = [segment for segment in exported.transcript.segments if line(segment.text)]
    return Outline(
        title=title_of(exported),
        facts=tuple(_facts(exported, words)),
        sections=tuple(_sections(exported, segments, words)),
        passages=tuple(_passages(exported.transcript, segments, words)),
        words=words,
    )


def title_of(exported: Exported) -> str:
    title = line(exported.title or exported.transcript.title or "")
    return title or WORDS[exported.language].untitled


def _facts(exported: Exported, words: Words) -> Iterator[tuple[str, str]]:
    transcript = exported.transcript
    if exported.happened_at is not None:
        from babel.dates import format_date

        day = format_date(exported.happened_at, format="full", locale=exported.language)
        yield words.date, f"{day}, {exported.happened_at:%H:%M %Z}".strip()
    yield words.duration, clock(transcript.duration)
    if names := list(dict.fromkeys(filter(None, labels_of(transcript).values()))):
        yield words.participants, ", ".join(names)
    heard, written = transcript.coverage.speech_seconds, transcript.coverage.transcribed_seconds
    if heard > 0:
        yield words.coverage, words.covered.format(int(100 * min(written / heard, 1.0)))


def _sections(exported: Exported, segments: Sequence[TranscriptSegment], words: Words) -> Iterator[Section]:
    if exported.minutes is None:
        return
    minutes = exported.minutes
    times = _Times(exported.transcript, segments)
    parts: tuple[tuple[str, Sequence[Statement]], ...] = (
        (words.summary, minutes.summary),
        (words.topics, minutes.topics),
        (words.decisions, minutes.decisions),
        (words.actions, minutes.actions),
        (words.questions, minutes.questions),
    )
    for title, statements in parts:
        if statements:
            yield Section(title, tuple(_item(statement, times, words) for statement in statements))


def _item(statement: Statement, times: "_Times", words: Words) -> Item:
    heading = note = None
    if isinstance(statement, Topic):
        heading = line(statement.title) or None
    elif isinstance(statement, Action):
        heading = line(statement.who or "") or None
        note = words.due.format(due) if (due := line(statement.due or "")) else None
    return Item(line(statement.text), tuple(times.of(statement.cites)), heading, note)


class _Times:
    """When cited segments are; those that follow each other are one stretch of time."""

    def __init__(self, transcript: TranscriptDocument, shown: Sequence[TranscriptSegment]) -> None:
        self._segments = transcript.segments
        self._places = {segment.id: place for place, segment in reversed([*enumerate(transcript.segments)])}
        self._passages = {segment.id: number for number, segment in reversed([*enumerate(shown)])}

    def of(self, cites: Iterable[str]) -> Iterator[Time]:
        places = sorted({self._places[cite] for cite in cites if cite in self._places})
        for _, stretch in groupby(enumerate(places), key=lambda counted: counted[1] - counted[0]):
            cited = [self._segments[place] for _, place in stretch]
            first, last = cited[0], cited[-1]
            until = f"–{clock(last.end)}" if len(cited) > 1 else ""
            yield Time(f"{clock(first.start)}{until}", self._passages.get(first.id))


def _passages(
    transcript: TranscriptDocument, segments: Iterable[TranscriptSegment], words: Words
) -> Iterator[Passage]:
    labels = labels_of(transcript)
    before: str | None = None
    for segment in segments:
        doubts = ", ".join(words.doubts[doubt] for doubt in segment.doubts)
        yield Passage(
            time=clock(segment.start),
            speaker=labels.get(segment.speaker) or words.unknown,
            continued=segment.speaker == before,
            text=line(segment.text),
            doubt=words.doubtful.format(doubts) if doubts else None,
        )
        before = segment.speaker
