"""Policies: those in force, the form that sets one, and what one would have made due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from minutier.retention.pages.forms import Form, Unfit, number, understood
from minutier.retention.policies.domain import MOST_DAYS, Kind, Policy, Rule, Tenant, default_id
from minutier.retention.policies.ports import Version
from minutier.retention.policies.shown import PolicyAsked
from minutier.retention.policies.simulate import Simulation

SCOPE = ("scope.source", "scope.record_class", "scope.label")
_MOST_SHOWN = 10


@dataclass(frozen=True)
class Row:
    """A policy, and the rule that it has for each kind, if any."""

    policy: Policy
    rules: Mapping[Kind, Rule | None]


def row(policy: Policy) -> Row:
    return Row(policy, {kind: policy.rules.get(kind) for kind in Kind})


def in_force(tenant: Tenant) -> tuple[Row, ...]:
    """By name, the default last, since it decides where no other does."""
    ordered = sorted(tenant.policies, key=lambda policy: (policy.is_default, policy.name, policy.id))
    return tuple(map(row, ordered))


@dataclass(frozen=True)
class Draft:
    """What is being written: the next version of a policy, the first of one where ``last`` is none."""

    id: UUID
    version: int
    is_default: bool
    last: Policy | None


def draft(policy_id: UUID, versions: Sequence[Version], tenant: str) -> Draft:
    """``versions`` are all of the policy, the last first."""
    last = versions[0].policy if versions else None
    return Draft(policy_id, last.version + 1 if last else 1, policy_id == default_id(tenant), last)


def form_of(draft: Draft) -> Form:
    """As the last version is; a policy that is new destroys what is over, and says nothing else."""
    if (policy := draft.last) is None:
        return Form.of(disposition="destroy")
    texts = {
        "name": policy.name,
        "scope.source": policy.scope.source or "",
        "scope.record_class": policy.scope.record_class or "",
        "scope.label": policy.scope.label or "",
        "legal_basis": policy.legal_basis,
        "disposition": policy.disposition.value,
    }
    for kind, rule in policy.rules.items():
        texts |= {
            f"rules.{kind}.clock": rule.clock.value,
            f"rules.{kind}.current_days": str(rule.current_days),
            f"rules.{kind}.intermediate_days": str(rule.intermediate_days or ""),
        }
    return Form.of(**texts)


def asked(form: Form, *, default: bool) -> PolicyAsked:
    """Raises `Unfit`. The default has no scope, and a rule for each kind."""
    body: dict[str, Any] = form.body("name", "legal_basis", "disposition", *(() if default else SCOPE))
    rules = {kind: rule for kind in Kind if (rule := _rule(form, kind)) is not None}
    missing = {f"rules.{kind}.current_days": "missing" for kind in Kind if default and kind not in rules}
    if not rules:
        missing = {"rules": "no_rules"}
    if missing:
        raise Unfit(missing)
    policy = understood(PolicyAsked, {**body, "rules": rules})
    for name in SCOPE:
        if not form.text(name).strip().isprintable():
            raise Unfit({name: "unprintable"})
    for kind, days in policy.rules.items():
        if days.current_days + days.intermediate_days > MOST_DAYS:
            raise Unfit({f"rules.{kind}.current_days": "no_number"})
    return policy


def _rule(form: Form, kind: Kind) -> Mapping[str, Any] | None:
    """None where neither phase has days."""
    names = [f"rules.{kind}.{part}" for part in ("clock", "current_days", "intermediate_days")]
    given: dict[str, Any] = form.body(*names).get("rules", {}).get(kind.value, {})
    rule = {name: text if name == "clock" else number(text) for name, text in given.items()}
    return rule if rule.keys() - {"clock"} else None


@dataclass(frozen=True)
class Month:
    first: date
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Simulated:
    """What would have been due, by month and kind; ``sample`` are recordings that would have been first."""

    seen: int
    total: int
    kinds: tuple[Kind, ...]
    months: tuple[Month, ...]
    totals: tuple[int, ...]
    sample: tuple[UUID, ...]


def simulated(found: Simulation) -> Simulated:
    kinds = tuple(kind for kind in Kind if any(counted is kind for _, counted in found.counts))
    months = sorted({month for month, _ in found.counts}, key=lambda month: (month.year, month.month))
    shown = tuple(
        Month(date(month.year, month.month, 1), tuple(found.counts.get((month, kind), 0) for kind in kinds))
        for month in months
    )
    return Simulated(
        seen=found.recordings_seen,
        total=sum(found.counts.values()),
        kinds=kinds,
        months=shown,
        totals=tuple(sum(month.counts[place] for month in shown) for place in range(len(kinds))),
        sample=tuple(dict.fromkeys(due.recording_id for due in found.sample))[:_MOST_SHOWN],
    )
