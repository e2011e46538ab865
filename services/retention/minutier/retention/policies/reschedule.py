"""Making schedules anew, whatever it is that has changed."""

from collections.abc import Mapping
from uuid import UUID

from minutier.retention.policies.domain import Facts
from minutier.retention.policies.ports import Register
from minutier.retention.policies.schedule import Schedule, schedule


async def reschedule(register: Register, recordings: Mapping[UUID, Facts]) -> Mapping[UUID, Schedule]:
    """The schedules, by the policies in force; ``recordings`` are locked."""
    tenant = await register.tenant()
    schedules = {recording_id: schedule(tenant.policies, facts) for recording_id, facts in recordings.items()}
    await register.settle(schedules, revision=tenant.revision)
    return schedules
