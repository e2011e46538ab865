"""The use case: what a policy would make due in some time, if it were in force."""

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from minutier.retention.policies.domain import Facts, Kind, Policy
from minutier.retention.policies.ports import Registers
from minutier.retention.policies.schedule import Due, schedule

LONGEST = timedelta(days=3660)
_BATCH = 100
_SAMPLE = 50


@dataclass(frozen=True)
class Month:
    """A month of the calendar, in UTC."""

    year: int
    month: int


@dataclass(frozen=True)
class Simulation:
    """What would be due by the simulated policy, no other being longer; ``sample`` is what is due first."""

    recordings_seen: int
    counts: Mapping[tuple[Month, Kind], int]
    sample: tuple[Due, ...]


async def simulate(
    policy: Policy,
    *,
    since: datetime,
    until: datetime,
    registers: Registers,
    batch: int = _BATCH,
    sample: int = _SAMPLE,
) -> Simulation:
    """What is due from ``since`` to before ``until``, if ``policy`` took the place of its other versions.

    Recordings are read in batches, each in a transaction of its own, and none is kept in memory. Raises
    `ValueError` where the time is not one, or longer than `LONGEST`.
    """
    if not since < until <= since + LONGEST:
        raise ValueError(f"give a time that ends after it begins, and at most {LONGEST.days} days later")
    async with registers.of(policy.scope.tenant) as register:
        in_force = (await register.tenant()).policies
    policies = [*(other for other in in_force if other.id != policy.id), policy]
    counts: Counter[tuple[Month, Kind]] = Counter()
    first: list[Due] = []
    seen, after = 0, None
    while True:
        async with registers.of(policy.scope.tenant) as register:
            page = await register.page(limit=batch, after=after)
        due = [
            one
            for recording_id, facts in page.items()
            for one in _due(recording_id, facts, policy, policies)
            if since <= one.due_at < until
        ]
        counts.update((_month(one.due_at), one.kind) for one in due)
        first = heapq.nsmallest(sample, [*first, *due], key=_order)
        seen += len(page)
        if len(page) < batch:
            return Simulation(seen, counts, tuple(first))
        after = max(page)


def _due(recording_id: UUID, facts: Facts, policy: Policy, policies: list[Policy]) -> list[Due]:
    if policy.scope.unmet(facts):
        return []
    return [
        Due(recording_id, kind, decision.due_at, policy.id, policy.version)
        for kind, decision in schedule(policies, facts).items()
        if decision.policy is policy and decision.due_at is not None
    ]


def _month(moment: datetime) -> Month:
    moment = moment.astimezone(UTC)
    return Month(moment.year, moment.month)


def _order(one: Due) -> tuple[datetime, UUID, Kind]:
    return one.due_at, one.recording_id, one.kind
