"""What searching needs from outside."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from minutier.query.paging import Position
from minutier.query.search.domain import Question
from minutier.query.search.highlight import Places
from minutier.query.search.lexemes import Asked, Stems
from minutier.query.search.passages import Passage
from minutier.shared.identity.domain import Person


@dataclass(frozen=True)
class Candidate:
    """A recording that has all that is asked for, somewhere; it has so many ``passages``.

    ``duration`` is in seconds. Minutes that are restricted are left out of what is then compared and shown.
    """

    id: UUID
    title: str | None
    happened_at: datetime
    duration: float | None
    language: str
    passages: int
    without_minutes: bool = False

    @property
    def position(self) -> Position:
        return Position(self.happened_at, self.id)


@dataclass(frozen=True)
class Hit:
    """A candidate whose passages have each of the terms, and ``matches`` of them some.

    The better it is the higher is its ``score``.
    """

    recording: Candidate
    score: float
    matches: int


class Reading(Protocol):
    """One look at what somebody may read."""

    async def stems(self, words: Collection[str]) -> Mapping[str, Stems]:
        """What ``words`` come to, by language, in each that recordings of the tenant are in."""
        ...

    async def candidates(
        self,
        asked: Sequence[Asked],
        *,
        since: datetime | None,
        before: datetime | None,
        last: Position | None,
        inclusive: bool,
        limit: int,
    ) -> Sequence[Candidate]:
        """At most ``limit``, newest first, from behind ``last`` on, or from ``last`` on."""
        ...

    async def rank(self, candidates: Sequence[Candidate], asked: Sequence[Asked]) -> Sequence[Hit]:
        """Those of the candidates that are hits."""
        ...

    async def passages(
        self, recordings: Sequence[Candidate], asked: Sequence[Asked]
    ) -> Mapping[UUID, Sequence[tuple[Passage, Places]]]:
        """The best passages of each recording, best first, and where in them is what was asked for."""
        ...

    async def note(self, question: Question, shown: Sequence[UUID]) -> None:
        """Write into the access log who has asked this, and which recordings they are shown."""
        ...


class Archive(Protocol):
    def open(self, person: Person) -> AbstractAsyncContextManager[Reading]:
        """What ``person`` may read, as it is now; what they read is in the access log when this ends well."""
        ...
