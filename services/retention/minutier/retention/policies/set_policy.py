"""The use case: a policy gets a version that is in force from then on, or is withdrawn."""

from dataclasses import dataclass, replace
from uuid import UUID

from minutier.retention.policies.domain import MOST_POLICIES, Policy
from minutier.retention.policies.ports import Register


@dataclass(frozen=True)
class InForce:
    policy: Policy


@dataclass(frozen=True)
class Overtaken:
    """Somebody else has set a version meanwhile: the last one is ``version``, 0 where there is none."""

    version: int


@dataclass(frozen=True)
class TooMany:
    """The tenant has as many policies as can be: withdraw one first."""

    most: int = MOST_POLICIES


@dataclass(frozen=True)
class NoSuchPolicy:
    """No policy with this id is in force."""


async def set_policy(
    policy: Policy, *, set_by: str | None, register: Register
) -> InForce | Overtaken | TooMany:
    """``policy.version`` is one more than the version that whoever sets it has seen last.

    Raises `ValueError` for a policy of another tenant than the register's.
    """
    if policy.scope.tenant != register.name:
        raise ValueError("the scope of a policy is within its own tenant")
    in_force = (await register.tenant(locked=True)).policies
    versions = await register.versions(policy.id)
    last = versions[0].policy.version if versions else 0
    if policy.version != last + 1:
        return Overtaken(last)
    others = [other for other in in_force if other.id != policy.id]
    if not policy.withdrawn and len(others) >= MOST_POLICIES:
        return TooMany()
    await register.add_version(policy, set_by=set_by)
    return InForce(policy)


async def withdraw_policy(
    policy_id: UUID, *, version: int, set_by: str, register: Register
) -> InForce | Overtaken | TooMany | NoSuchPolicy:
    """Have a policy decide nothing any more; its versions stay. ``version`` is that of the withdrawal.

    Raises `ValueError` for the tenant's default.
    """
    for policy in (await register.tenant(locked=True)).policies:
        if policy.id == policy_id:
            withdrawn = replace(policy, version=version, withdrawn=True)
            return await set_policy(withdrawn, set_by=set_by, register=register)
    return NoSuchPolicy()
