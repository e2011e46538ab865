"""The use case: holds that stand are for what comes later, too."""

from uuid import UUID

from minutier.retention.holds.ports import Holds
from minutier.retention.policies.domain import Facts


async def follow_facts(recording_id: UUID, facts: Facts, *, holds: Holds) -> None:
    """Have every standing hold cover a recording that its search finds by these ``facts``."""
    for hold in await holds.standing():
        if hold.search is not None and hold.search.covers(facts):
            await holds.cover(hold.id, [recording_id])
