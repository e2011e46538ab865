"""The use case: compliance says what a recording is, and so which policies are for it."""

from collections.abc import Set
from dataclasses import replace
from uuid import UUID

from minutier.retention.policies.ports import Register
from minutier.retention.policies.reschedule import reschedule
from minutier.retention.policies.schedule import Schedule


async def classify(
    recording_id: UUID, *, record_class: str | None, labels: Set[str], register: Register
) -> Schedule | None:
    """The schedule that follows; `None` where there is no such recording.

    Class and labels take the place of those before. Raises `ValueError` for some that cannot be.
    """
    facts = await register.find(recording_id, locked=True)
    if facts is None:
        return None
    facts = replace(facts, record_class=record_class, labels=frozenset(labels))
    await register.keep(recording_id, facts)
    return (await reschedule(register, {recording_id: facts}))[recording_id]
