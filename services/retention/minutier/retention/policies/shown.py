"""Policies, schedules and simulations, as requests and answers have them."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, StrictBool

from minutier.retention.asked import Asked, Line, Term, Text
from minutier.retention.policies.domain import (
    MOST_LABELS,
    Clock,
    Criterion,
    Disposition,
    Kind,
    Policy,
    Rule,
    Scope,
)
from minutier.retention.policies.explain import Explanation
from minutier.retention.policies.schedule import Considered, Phase, StartReason, Verdict
from minutier.retention.policies.simulate import Simulation
from minutier.shared.moments import Moment

# Far below what a column takes, and far above what anybody does to a policy.
Number = Annotated[int, Field(ge=1, le=10**6)]


class ScopeAsked(Asked):
    """Recordings of which all holds that is named; with nothing named, every one."""

    source: Term | None = None
    record_class: Term | None = None
    label: Term | None = None


class RuleAsked(Asked):
    """Days of the current phase, and then of the intermediate one, in which only compliance sees it."""

    clock: Clock
    current_days: int = Field(ge=1, le=36500, strict=True)
    intermediate_days: int = Field(0, ge=0, le=36500, strict=True)


class PolicyAsked(Asked):
    name: Line = Field(min_length=1, max_length=200)
    scope: ScopeAsked = ScopeAsked()
    legal_basis: Text = Field(min_length=1, max_length=2000)
    disposition: Disposition = Disposition.DESTROY
    rules: dict[Kind, RuleAsked] = Field(min_length=1)

    def policy(self, policy_id: UUID, version: int, *, tenant: str) -> Policy:
        """Raises `ValueError` for what cannot be; the text is for whoever asks."""
        return Policy(
            id=policy_id,
            version=version,
            name=self.name,
            scope=Scope(tenant, self.scope.source, self.scope.record_class, self.scope.label),
            legal_basis=self.legal_basis,
            disposition=self.disposition,
            rules={
                kind: Rule(rule.clock, rule.current_days, rule.intermediate_days)
                for kind, rule in self.rules.items()
            },
        )


class NewVersion(PolicyAsked):
    version: Number = Field(
        strict=True, description="one more than that of the version which you have seen last"
    )


class Classification(Asked):
    """Class and labels take the place of those before."""

    record_class: Term | None = None
    labels: frozenset[Term] = Field(frozenset(), max_length=MOST_LABELS)


class Closure(Asked):
    closed_at: Moment


class Body(Asked):
    """Of a public body the archives have to agree before anything is destroyed."""

    public_body: StrictBool


class PolicyShown(BaseModel):
    id: UUID
    version: int
    name: str
    scope: ScopeAsked
    legal_basis: str
    disposition: Disposition
    rules: dict[Kind, RuleAsked]
    default: bool = Field(description="for what no other policy has a rule for")
    withdrawn: bool

    @classmethod
    def of(cls, policy: Policy) -> Self:
        scope = policy.scope
        return cls(
            id=policy.id,
            version=policy.version,
            name=policy.name,
            scope=ScopeAsked(source=scope.source, record_class=scope.record_class, label=scope.label),
            legal_basis=policy.legal_basis,
            disposition=policy.disposition,
            rules={
                kind: RuleAsked(
                    clock=rule.clock,
                    current_days=rule.current_days,
                    intermediate_days=rule.intermediate_days,
                )
                for kind, rule in policy.rules.items()
            },
            default=policy.is_default,
            withdrawn=policy.withdrawn,
        )


class Policies(BaseModel):
    items: list[PolicyShown]


class VersionShown(BaseModel):
    policy: PolicyShown
    set_by: str | None = Field(description="a person's id; nobody's where it follows the settings")
    set_at: datetime


class Versions(BaseModel):
    """The last first."""

    items: list[VersionShown]


class PolicyNamed(BaseModel):
    id: UUID
    version: int
    name: str


class VerdictShown(BaseModel):
    """Why a policy decides about a kind, or does not."""

    policy: PolicyNamed
    verdict: Verdict
    started_at: datetime | None
    start: StartReason | None
    due_at: datetime | None
    unmet: list[Criterion]
    presumed: list[Criterion]

    @classmethod
    def of(cls, considered: Considered) -> Self:
        term = considered.term
        return cls(
            policy=_named(considered.policy),
            verdict=considered.verdict,
            started_at=term and term.start.at,
            start=term and term.start.reason,
            due_at=term and term.due_at,
            unmet=list(considered.unmet),
            presumed=list(considered.presumed),
        )


class KindShown(BaseModel):
    """How long a kind is kept; the dates are null as long as its clock has not started."""

    phase: Phase
    restricted_at: datetime | None
    due_at: datetime | None
    disposition: Disposition
    policy: PolicyNamed
    verdicts: list[VerdictShown]


class RetentionShown(BaseModel):
    """How long a recording is kept and why; ``holds`` are those that keep it longer."""

    recording_id: UUID
    source: str | None
    record_class: str | None
    labels: list[str]
    met_at: datetime | None
    ingested_at: datetime | None
    closed_at: datetime | None
    kinds: dict[Kind, KindShown]
    holds: list[UUID]

    @classmethod
    def of(cls, recording_id: UUID, explained: Explanation, holds: list[UUID]) -> Self:
        facts = explained.facts
        return cls(
            recording_id=recording_id,
            source=facts.source,
            record_class=facts.record_class,
            labels=sorted(facts.labels),
            met_at=facts.met_at,
            ingested_at=facts.ingested_at,
            closed_at=facts.closed_at,
            kinds={
                kind: KindShown(
                    phase=explained.phases[kind],
                    restricted_at=decision.restricted_at,
                    due_at=decision.due_at,
                    disposition=explained.dispositions[kind],
                    policy=_named(decision.policy),
                    verdicts=[VerdictShown.of(considered) for considered in decision.considered],
                )
                for kind, decision in explained.schedule.items()
            },
            holds=holds,
        )


class MonthShown(BaseModel):
    month: str = Field(examples=["2026-11"])
    kind: Kind
    count: int


class DueShown(BaseModel):
    recording_id: UUID
    kind: Kind
    due_at: datetime


class SimulationShown(BaseModel):
    """What would be due, by month and kind; ``sample`` is what is due first."""

    recordings_seen: int
    total: int
    months: list[MonthShown]
    sample: list[DueShown]

    @classmethod
    def of(cls, found: Simulation) -> Self:
        counts = sorted(
            (f"{month.year}-{month.month:02}", kind, count) for (month, kind), count in found.counts.items()
        )
        return cls(
            recordings_seen=found.recordings_seen,
            total=sum(found.counts.values()),
            months=[MonthShown(month=month, kind=kind, count=count) for month, kind, count in counts],
            sample=[
                DueShown(recording_id=one.recording_id, kind=one.kind, due_at=one.due_at)
                for one in found.sample
            ],
        )


def _named(policy: Policy) -> PolicyNamed:
    return PolicyNamed(id=policy.id, version=policy.version, name=policy.name)
