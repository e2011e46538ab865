"""The use case: which rule decides about a recording, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from minutier.retention.policies.domain import Disposition, Facts, Kind
from minutier.retention.policies.ports import Register
from minutier.retention.policies.schedule import Phase, Schedule, phase, schedule


@dataclass(frozen=True)
class Explanation:
    """By the policies in force, whether or not they have reached what was written down."""

    facts: Facts
    schedule: Schedule
    phases: Mapping[Kind, Phase]
    dispositions: Mapping[Kind, Disposition]


async def explain(recording_id: UUID, *, now: datetime, register: Register) -> Explanation | None:
    """`None` where there is no such recording."""
    facts = await register.find(recording_id)
    if facts is None:
        return None
    tenant = await register.tenant()
    decided = schedule(tenant.policies, facts)
    return Explanation(
        facts,
        decided,
        phases={kind: phase(decision, now) for kind, decision in decided.items()},
        dispositions={kind: tenant.disposition(decision.policy) for kind, decision in decided.items()},
    )
