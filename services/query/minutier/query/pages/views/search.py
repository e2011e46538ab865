"""What was found, as a page shows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from minutier.query.pages.views.meetings import address
from minutier.query.search.highlight import Part
from minutier.query.search.passages import Kind
from minutier.query.search.search import Result, Shown


class Where(StrEnum):
    """What of a recording it was found in."""

    TITLE = "title"
    SPEAKER = "speaker"
    MINUTES = "minutes"
    WORDS = "words"


@dataclass(frozen=True)
class Hit:
    """``url`` leads to the moment, from ``at`` on, in seconds, where there is one.

    ``before`` and ``behind`` say whether the passage goes on there.
    """

    where: Where
    parts: tuple[Part, ...]
    before: bool
    behind: bool
    speaker: str | None
    at: float | None
    url: str


@dataclass(frozen=True)
class Meeting:
    """``more`` passages were found that are not among ``hits``."""

    id: UUID
    title: str | None
    happened_at: datetime
    duration: float | None
    language: str
    hits: tuple[Hit, ...]
    more: int


_WHERE = {
    Kind.TITLE: Where.TITLE,
    Kind.SPEAKER: Where.SPEAKER,
    Kind.MINUTES: Where.MINUTES,
    Kind.WORDS: Where.WORDS,
}


def meetings(results: Iterable[Result]) -> tuple[Meeting, ...]:
    return tuple(_meeting(result) for result in results)


def _meeting(result: Result) -> Meeting:
    recording = result.recording
    return Meeting(
        id=recording.id,
        title=recording.title,
        happened_at=recording.happened_at,
        duration=recording.duration,
        language=recording.language,
        hits=tuple(_hit(shown, f"/recordings/{recording.id}") for shown in result.passages),
        more=max(0, result.matches - len(result.passages)),
    )


def _hit(shown: Shown, page: str) -> Hit:
    passage = shown.passage
    at = shown.at if shown.at is not None else passage.start
    # The segment is named as well: what nobody can listen to can still be read.
    place = f"#{passage.segment}" if passage.segment else ""
    return Hit(
        where=_WHERE[passage.kind],
        parts=shown.snippet.parts,
        before=shown.snippet.start > 0,
        behind=shown.snippet.end < len(passage.text),
        speaker=passage.speaker,
        at=at,
        url=f"{address(page, t=None if at is None else round(at, 2))}{place}",
    )
