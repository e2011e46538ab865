"""What telling what is restricted needs from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from minutier.retention.policies.domain import Kind


@dataclass(frozen=True)
class Change:
    """The ``kinds`` of a recording that are restricted; ``at`` is later than that of any change before."""

    recording_id: UUID
    kinds: frozenset[Kind]
    at: datetime


class Restrictions(Protocol):
    """One tenant's, in one transaction."""

    async def settle(self, *, limit: int) -> Sequence[Change]:
        """Take what the clock says now as told, for at most ``limit`` recordings of which it was not.

        Left out are those that somebody else has, and those whose schedules were made by older policies.
        """
        ...
