"""What minutes are made of; standard library only."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Passage:
    """A transcript segment: what minutes cite. ``speaker`` is a label, or ``None`` where unknown."""

    id: str
    speaker: str | None
    text: str


@dataclass(frozen=True)
class Claim:
    """One statement and the ids of the passages it rests on."""

    text: str
    cites: tuple[str, ...]
    who: str | None = None
    due: str | None = None
    title: str | None = None


@dataclass(frozen=True)
class Minutes:
    summary: Sequence[Claim] = ()
    topics: Sequence[Claim] = ()
    decisions: Sequence[Claim] = ()
    actions: Sequence[Claim] = ()
    questions: Sequence[Claim] = ()
