"""The use case: somebody looks for what was said.

Words are first looked for in whole recordings, newest first, and only the passages of a bounded number of
these are then compared. Where there are more, the answer says how far it has looked, and the next page goes
on from there: nothing is left out.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from minutier.query.paging import BadCursor, Position
from minutier.query.search.domain import Question
from minutier.query.search.highlight import Snippet, snippet
from minutier.query.search.lexemes import Asked, ask
from minutier.query.search.passages import Passage, moment
from minutier.query.search.ports import Archive, Candidate, Hit, Reading
from minutier.shared.identity.domain import Person

# Recordings whose passages are compared with one another, how many passages they may have, and how often
# others are looked at where there were fewer hits than fit on a page.
_CANDIDATES = 60
_PASSAGES = 8_000
_TIMES = 3


@dataclass(frozen=True)
class After:
    """Where a page ends: behind ``position``, or behind ``shown`` of the hits from ``position`` on."""

    position: Position
    shown: int = 0

    def encode(self) -> str:
        return urlsafe_b64encode(f"{self.shown} {self.position.encode()}".encode()).decode()

    @classmethod
    def decode(cls, cursor: str) -> "After":
        """Raises `BadCursor`."""
        try:
            shown, position = urlsafe_b64decode(cursor.encode()).decode().split(" ")
            after = cls(Position.decode(position), int(shown))
        except ValueError:
            raise BadCursor from None
        if not 0 <= after.shown <= _CANDIDATES:
            raise BadCursor
        return after


@dataclass(frozen=True)
class Shown:
    """A passage of a recording that was found; ``at`` is when the first match of ``snippet`` is said."""

    passage: Passage
    snippet: Snippet
    at: float | None


@dataclass(frozen=True)
class Result:
    """A recording; of its ``matches`` passages with what was looked for, the best."""

    recording: Candidate
    matches: int
    passages: tuple[Shown, ...]


@dataclass(frozen=True)
class Found:
    """The best of ``found`` recordings, among all since ``since``, or all there are; others are ``after``."""

    results: tuple[Result, ...]
    found: int
    since: datetime | None
    after: After | None


async def search(
    person: Person, question: Question, *, archive: Archive, limit: int, after: After | None = None
) -> Found:
    """What ``person`` may read of what ``question`` asks for, at most ``limit`` recordings; it is logged."""
    async with archive.open(person) as reading:
        stems = await reading.stems({word.written for term in question.terms for word in term.words})
        asked = [ask(question, language, those) for language, those in sorted(stems.items())]
        hits: list[Hit] = []
        found, since = 0, None
        for turn in range(_TIMES):
            # Most questions need no second turn; those that do are likely to need what is left of them.
            if turn < 2:
                turns = _TIMES - turn if turn else 1
                ahead = await _ahead(reading, question, asked, after, limit=turns * _CANDIDATES)
            candidates, ahead = _compared(ahead)
            ranked = await _ranked(reading, candidates, asked)
            found += len(ranked)
            shown = after.shown if after else 0
            page = ranked[shown : shown + limit - len(hits)]
            hits += page
            since = candidates[-1].happened_at if ahead else None
            if shown + len(page) < len(ranked):
                after = After(candidates[0].position, shown + len(page))
                break
            after = After(candidates[-1].position) if ahead else None
            if after is None or len(hits) == limit:
                break
        passages = await reading.passages([hit.recording for hit in hits], asked) if hits else {}
        await reading.note(question, [hit.recording.id for hit in hits])
    sought = {one.language: one.sought for one in asked}
    results = tuple(
        Result(
            hit.recording,
            hit.matches,
            tuple(
                _shown(passage, snippet(passage.text, sought[hit.recording.language], places))
                for passage, places in passages[hit.recording.id]
            ),
        )
        for hit in hits
    )
    return Found(results, found, since, after)


async def _ahead(
    reading: Reading, question: Question, asked: Sequence[Asked], after: After | None, *, limit: int
) -> Sequence[Candidate]:
    """Candidates in order: ``limit``, and one more that tells whether there are more."""
    return await reading.candidates(
        asked,
        since=question.since,
        before=question.before,
        last=after.position if after else None,
        inclusive=after is not None and after.shown > 0,
        limit=limit + 1,
    )


def _compared(ahead: Sequence[Candidate]) -> tuple[Sequence[Candidate], Sequence[Candidate]]:
    """Those whose passages are compared with one another, and the others."""
    before = accumulate((candidate.passages for candidate in ahead), initial=0)
    most = sum(read < _PASSAGES for _, read in zip(ahead[:_CANDIDATES], before, strict=False))
    return ahead[:most], ahead[most:]


async def _ranked(reading: Reading, candidates: Sequence[Candidate], asked: Sequence[Asked]) -> Sequence[Hit]:
    """Best first, and of those that are as good the newest."""
    if not candidates:
        return ()
    newest = {candidate.id: place for place, candidate in enumerate(candidates)}
    hits = await reading.rank(candidates, asked)
    return sorted(hits, key=lambda hit: (-hit.score, newest[hit.recording.id]))


def _shown(passage: Passage, part: Snippet) -> Shown:
    return Shown(passage, part, moment(passage, part.first))
