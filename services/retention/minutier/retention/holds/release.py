"""The use case: a hold is no more; what no other hold covers may be deleted again."""

from dataclasses import replace
from uuid import UUID

from minutier.retention.holds.domain import Hold, Release
from minutier.retention.holds.ports import Holds


class ReleasedAlready(Exception):
    """Somebody has released the hold before."""


async def release_hold(hold_id: UUID, release: Release, *, holds: Holds) -> Hold | None:
    """The hold as it is now; `None` where there is no such hold. Raises `ReleasedAlready`."""
    hold = await holds.find(hold_id, locked=True)
    if hold is None:
        return None
    if hold.release is not None:
        raise ReleasedAlready
    await holds.release(hold_id, release)
    return replace(hold, release=release)
