"""What minutes are made of; standard library only."""

from collections.abc import Sequence
from dataclasses import dataclass, field

SOURCE = "minutier/summarisation"


@dataclass(frozen=True)
class Passage:
    """A transcript segment: what minutes cite. ``speaker`` is a label, or ``None`` where unknown."""

    id: str
    speaker: str | None
    text: str


@dataclass(frozen=True)
class Meeting:
    """What was said, in order. ``language`` is an ISO 639 code."""

    language: str
    passages: Sequence[Passage]

    @property
    def speakers(self) -> tuple[str, ...]:
        """The labels of those who said something, in the order of their first words."""
        return tuple(dict.fromkeys(p.speaker for p in self.passages if p.speaker is not None))


@dataclass(frozen=True)
class Claim:
    """One statement and the ids of the passages it rests on.

    ``title`` belongs to topics; ``who``, ``what`` and ``due`` belong to actions.
    """

    text: str
    cites: tuple[str, ...]
    title: str | None = None
    who: str | None = None
    what: str | None = None
    due: str | None = None


@dataclass(frozen=True)
class Minutes:
    """``dropped`` counts the claims that were left out because their passages do not support them."""

    summary: Sequence[Claim] = ()
    topics: Sequence[Claim] = ()
    decisions: Sequence[Claim] = ()
    actions: Sequence[Claim] = ()
    questions: Sequence[Claim] = ()
    dropped: int = field(default=0, kw_only=True)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (*self.summary, *self.topics, *self.decisions, *self.actions, *self.questions)
