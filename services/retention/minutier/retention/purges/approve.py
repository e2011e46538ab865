"""The use cases: somebody else agrees that what was counted is destroyed, or somebody takes it back."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from minutier.retention.purges.domain import VISA_CHARACTERS, Purge, State, check_line
from minutier.retention.purges.ports import Purges


@dataclass(frozen=True)
class Approval:
    """Of the inventory with this digest; ``visa`` is the archives' reference."""

    by: str
    at: datetime
    inventory: str
    visa: str | None = None


class SamePerson(Exception):
    """Who has proposed a purge does not approve it."""


class NotPreviewed(Exception):
    """What it is for is not counted yet."""


class DecidedAlready(Exception):
    """It was approved or withdrawn before."""


class OtherInventory(Exception):
    """What is to be approved is not what was counted."""


class NoVisa(Exception):
    """A public body destroys nothing without the archives' visa."""


async def approve(purge_id: UUID, approval: Approval, *, grace: timedelta, purges: Purges) -> Purge | None:
    """The purge as it is now; `None` where there is none.

    Raises `SamePerson`, `NotPreviewed`, `DecidedAlready`, `OtherInventory`, `NoVisa`, and `ValueError` for a
    visa that cannot be.
    """
    purge = await purges.find(purge_id, locked=True)
    if purge is None:
        return None
    if purge.state is State.COUNTING:
        raise NotPreviewed
    if purge.state is not State.PREVIEWED:
        raise DecidedAlready
    if approval.by == purge.proposed_by:
        raise SamePerson
    if approval.inventory != purge.inventory:
        raise OtherInventory
    if approval.visa is not None:
        check_line("visa", approval.visa, VISA_CHARACTERS)
    elif purge.needs_visa:
        raise NoVisa
    approved = replace(
        purge,
        state=State.APPROVED,
        approved_by=approval.by,
        approved_at=approval.at,
        visa=approval.visa,
        executes_at=approval.at + grace,
    )
    await purges.keep(approved)
    return approved


async def withdraw(purge_id: UUID, *, by: str, at: datetime, purges: Purges) -> Purge | None:
    """Nothing more of it is destroyed than was ordered already. Raises `DecidedAlready` after its end."""
    purge = await purges.find(purge_id, locked=True)
    if purge is None:
        return None
    if purge.state in (State.COMPLETED, State.WITHDRAWN):
        raise DecidedAlready
    # What was ordered goes on to its end.
    ordered = purge.state is State.EXECUTING
    await purges.withdraw(purge_id)
    taken_back = (
        replace(purge, ended_by=by)
        if ordered
        else replace(purge, state=State.WITHDRAWN, ended_by=by, ended_at=at)
    )
    await purges.keep(taken_back)
    return taken_back
