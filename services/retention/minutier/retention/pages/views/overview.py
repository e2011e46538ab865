"""What is in force, and what stands against it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from minutier.retention.holds.ports import Standing
from minutier.retention.policies.domain import Kind, Policy, Rule, Tenant


@dataclass(frozen=True)
class Row:
    """A policy, and the rule that it has for each kind, if any."""

    policy: Policy
    rules: Mapping[Kind, Rule | None]


@dataclass(frozen=True)
class Overview:
    public_body: bool
    kinds: tuple[Kind, ...]
    policies: tuple[Row, ...]
    standing: tuple[Standing, ...]
    released: tuple[Standing, ...]


def overview(tenant: Tenant, holds: Sequence[Standing]) -> Overview:
    """Policies by name, the default last, since it decides where no other does."""
    policies = sorted(tenant.policies, key=lambda policy: (policy.is_default, policy.name, policy.id))
    return Overview(
        public_body=tenant.public_body,
        kinds=tuple(Kind),
        policies=tuple(Row(policy, {kind: policy.rules.get(kind) for kind in Kind}) for policy in policies),
        standing=tuple(each for each in holds if each.hold.release is None),
        released=tuple(each for each in holds if each.hold.release is not None),
    )
