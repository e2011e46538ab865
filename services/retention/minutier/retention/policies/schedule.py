"""Which rule wins for a recording, when its phases end, and why; pure, as a domain is.

The longest rule that applies wins. The default applies where no other policy has a rule for the kind.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from minutier.retention.policies.domain import (
    LONGEST_BEFORE_INGESTION,
    Clock,
    Criterion,
    Disposition,
    Facts,
    Kind,
    Policy,
    Rule,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Phase(StrEnum):
    """Where a kind of a recording stands; in the intermediate phase only compliance sees it."""

    CURRENT = "current"
    INTERMEDIATE = "intermediate"
    DUE = "due"


class StartReason(StrEnum):
    """Why a clock starts when it does."""

    AS_TOLD = "as_told"
    MEETING_UNKNOWN = "meeting_unknown"
    MEETING_LONG_BEFORE_INGESTION = "meeting_long_before_ingestion"
    MEETING_AFTER_INGESTION = "meeting_after_ingestion"
    CLOSED_BEFORE_INGESTION = "closed_before_ingestion"
    FILE_OPEN = "file_open"
    ACCESS_LOG_DESTROYED = "access_log_destroyed"


class Verdict(StrEnum):
    """Why a policy decides, or does not. The first five are those of the one that decides."""

    ONLY = "only"
    LONGEST = "longest"
    NOT_STARTED = "not_started"
    TIE_WON = "tie_won"
    DEFAULT = "default"
    SHORTER = "shorter"
    TIE_LOST = "tie_lost"
    DEFAULT_NOT_NEEDED = "default_not_needed"
    OUT_OF_SCOPE = "out_of_scope"
    NO_RULE = "no_rule"


@dataclass(frozen=True)
class Start:
    """When a clock starts: never, as long as ``at`` is `None`."""

    at: datetime | None
    reason: StartReason


@dataclass(frozen=True)
class Term:
    """A rule applied to a recording: when its current phase ends, and when both have ended.

    Its dates are `None` as long as its clock has not started.
    """

    rule: Rule
    start: Start
    restricted_at: datetime | None
    due_at: datetime | None


@dataclass(frozen=True)
class Considered:
    """What a policy says of a kind: a term where it applies, and what it asks in vain where it does not."""

    policy: Policy
    verdict: Verdict
    term: Term | None = None
    unmet: tuple[Criterion, ...] = ()
    presumed: tuple[Criterion, ...] = ()


@dataclass(frozen=True)
class Decision:
    """How long one kind of a recording is kept.

    ``considered`` is every policy of the tenant: those that apply first, by length, then the others by name.
    """

    kind: Kind
    policy: Policy
    term: Term
    considered: tuple[Considered, ...]

    @property
    def restricted_at(self) -> datetime | None:
        return self.term.restricted_at

    @property
    def due_at(self) -> datetime | None:
        return self.term.due_at


Schedule = Mapping[Kind, Decision]


@dataclass(frozen=True)
class Due:
    """A kind of a recording whose time is over at ``due_at``, and by which version of which policy."""

    recording_id: UUID
    kind: Kind
    due_at: datetime
    policy_id: UUID
    policy_version: int


def schedule(policies: Iterable[Policy], facts: Facts) -> Schedule:
    """A decision for each kind that the recording has.

    ``policies`` are those in force, the tenant's default among them; raises `ValueError` without it.
    """
    policies = [policy for policy in policies if not policy.withdrawn]
    return {kind: _decide(kind, policies, facts) for kind in Kind if kind in facts.kinds}


def phase(decision: Decision, now: datetime) -> Phase:
    if decision.due_at is None or decision.restricted_at is None or now < decision.restricted_at:
        return Phase.CURRENT
    return Phase.INTERMEDIATE if now < decision.due_at else Phase.DUE


def start(clock: Clock, facts: Facts) -> Start:
    """No clock starts more than `LONGEST_BEFORE_INGESTION` before the recording was taken in.

    Nor does that of the meeting start after that. Raises `ValueError` where nothing was taken in.
    """
    if (ingested_at := facts.ingested_at) is None:
        raise ValueError("a recording that was not taken in has no clock")
    match clock:
        case Clock.INGESTION:
            return Start(ingested_at, StartReason.AS_TOLD)
        case Clock.FILE_CLOSED:
            if facts.closed_at is None:
                return Start(None, StartReason.FILE_OPEN)
            if facts.closed_at < ingested_at:
                return Start(ingested_at, StartReason.CLOSED_BEFORE_INGESTION)
            return Start(facts.closed_at, StartReason.AS_TOLD)
        case Clock.MEETING:
            if facts.met_at is None:
                return Start(ingested_at, StartReason.MEETING_UNKNOWN)
            if facts.met_at > ingested_at:
                return Start(ingested_at, StartReason.MEETING_AFTER_INGESTION)
            if ingested_at - facts.met_at > LONGEST_BEFORE_INGESTION:
                return Start(ingested_at, StartReason.MEETING_LONG_BEFORE_INGESTION)
            return Start(facts.met_at, StartReason.AS_TOLD)


def _decide(kind: Kind, policies: Iterable[Policy], facts: Facts) -> Decision:
    terms: list[tuple[Policy, Term]] = []
    others: list[Considered] = []
    for policy in policies:
        if unmet := policy.scope.unmet(facts):
            others.append(Considered(policy, Verdict.OUT_OF_SCOPE, unmet=unmet))
        elif (rule := policy.rules.get(kind)) is None:
            others.append(Considered(policy, Verdict.NO_RULE))
        else:
            terms.append((policy, _term(kind, rule, facts)))
    if not any(policy.is_default for policy, _ in terms):
        raise ValueError("the policies in force lack the tenant's default")
    terms.sort(key=_place, reverse=True)
    (winner, longest), rest = terms[0], terms[1:]
    reasons = [_why(winner, longest, rest), *(_why_not(policy, term, longest) for policy, term in rest)]
    considered = [
        Considered(policy, reason, term, presumed=policy.scope.presumed(facts))
        for (policy, term), reason in zip(terms, reasons, strict=True)
    ]
    others.sort(key=lambda one: (one.policy.name, one.policy.id))
    return Decision(kind, winner, longest, (*considered, *others))


def _term(kind: Kind, rule: Rule, facts: Facts) -> Term:
    began = start(rule.clock, facts)
    if began.at is None:
        return Term(rule, began, None, None)
    anew = facts.accesses_since if kind is Kind.ACCESS_LOG else None
    if anew is not None and anew > began.at:
        began = Start(anew, StartReason.ACCESS_LOG_DESTROYED)
    assert began.at is not None
    return Term(
        rule, began, began.at + timedelta(days=rule.current_days), began.at + timedelta(days=rule.days)
    )


def _why(winner: Policy, longest: Term, rest: list[tuple[Policy, Term]]) -> Verdict:
    if winner.is_default:
        return Verdict.DEFAULT
    if not rest or rest[0][0].is_default:
        return Verdict.ONLY
    if _length(rest[0][1]) == _length(longest):
        return Verdict.TIE_WON
    return Verdict.NOT_STARTED if longest.due_at is None else Verdict.LONGEST


def _why_not(policy: Policy, term: Term, longest: Term) -> Verdict:
    if policy.is_default:
        return Verdict.DEFAULT_NOT_NEEDED
    return Verdict.TIE_LOST if _length(term) == _length(longest) else Verdict.SHORTER


def _place(applying: tuple[Policy, Term]) -> tuple[object, ...]:
    """The last of all wins. Of equally long rules that is one that asks the archives; then it goes by id."""
    policy, term = applying
    asks = policy.disposition is Disposition.PROPOSE
    return not policy.is_default, *_length(term), asks, policy.id.int


def _length(term: Term) -> tuple[bool, datetime, datetime, int, int]:
    """What has not started outlasts every date; of several such, the one with the most days does."""
    if term.due_at is None or term.restricted_at is None:
        return True, _EPOCH, _EPOCH, term.rule.days, term.rule.current_days
    return False, term.due_at, term.restricted_at, 0, 0
