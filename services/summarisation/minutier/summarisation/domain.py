"""What minutes are made of; standard library only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


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


class Failure(StrEnum):
    """Why an endpoint's minutes cannot be had; the explanation names what mends it."""

    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    OVER_BUDGET = "over_budget"
    UNAUTHORISED = "unauthorised"
    NOT_FOUND = "not_found"
    OVERLOADED = "overloaded"
    REFUSED = "refused"
    FAILED = "failed"
    INVALID_ANSWER = "invalid_answer"
    UNSUPPORTED = "unsupported"

    @property
    def explanation(self) -> str:
        """What happened and what to do, for the operator; nothing of the meeting."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    Failure.UNREACHABLE: "The endpoint could not be reached. Check MINUTIER_SUMMARISATION_BASE_URL and that "
    "its server runs.",
    Failure.TIMED_OUT: "The endpoint did not answer in time. Check its load, or raise "
    "MINUTIER_SUMMARISATION_READ_SECONDS.",
    Failure.OVER_BUDGET: "The minutes took too long. Use a faster endpoint, or raise "
    "MINUTIER_SUMMARISATION_BUDGET_SECONDS.",
    Failure.UNAUTHORISED: "The endpoint refused the key. Check MINUTIER_SUMMARISATION_API_KEY.",
    Failure.NOT_FOUND: "The endpoint does not know the address or the model. Check "
    "MINUTIER_SUMMARISATION_BASE_URL and MINUTIER_SUMMARISATION_MODEL.",
    Failure.OVERLOADED: "The endpoint is overloaded. Give it more capacity, or lower "
    "MINUTIER_SUMMARISATION_CONCURRENCY.",
    Failure.REFUSED: "The endpoint refused the request. Check that its model can take "
    "MINUTIER_SUMMARISATION_CONTEXT_TOKENS.",
    Failure.FAILED: "The endpoint failed. Look at its server's log.",
    Failure.INVALID_ANSWER: "The endpoint's answers were not in the form that was asked for. Use another "
    "MINUTIER_SUMMARISATION_MODEL, or raise MINUTIER_SUMMARISATION_ANSWER_TOKENS.",
    Failure.UNSUPPORTED: "The endpoint wrote no summary that the transcript supports. Use another "
    "MINUTIER_SUMMARISATION_MODEL.",
}
