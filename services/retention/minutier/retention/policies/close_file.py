"""The use case: the file that a recording belongs to is closed, and clocks that wait for that start."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from minutier.retention.policies.ports import Register
from minutier.retention.policies.reschedule import reschedule
from minutier.retention.policies.schedule import Schedule


async def close_file(
    recording_id: UUID, *, at: datetime, now: datetime, register: Register
) -> Schedule | None:
    """The schedule that follows; `None` where there is no such recording.

    Raises `ValueError` for a time to come: a file that will be closed is open.
    """
    if at > now:
        raise ValueError("a file is closed once it is closed: give a time that has passed")
    return await _keep(recording_id, at, register)


async def reopen_file(recording_id: UUID, *, register: Register) -> Schedule | None:
    """Clocks that wait for the file's end have not started; `None` where there is no such recording."""
    return await _keep(recording_id, None, register)


async def _keep(recording_id: UUID, closed_at: datetime | None, register: Register) -> Schedule | None:
    facts = await register.find(recording_id, locked=True)
    if facts is None:
        return None
    facts = replace(facts, closed_at=closed_at)
    await register.keep(recording_id, facts)
    return (await reschedule(register, {recording_id: facts}))[recording_id]
