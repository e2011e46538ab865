"""What deciding who sees what needs from outside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from minutier.query.access.domain import Level, Share
from minutier.query.access.log import Access, Action
from minutier.shared.identity.domain import Person


class TooMany(Exception):
    """The recording is shared as often as it may be."""


class Shares(Protocol):
    async def of(self, person: Person, id: UUID) -> Sequence[Share]:
        """All that have been given something, the meeting's own people first."""
        ...

    async def give(
        self, person: Person, id: UUID, principal: str, level: Level, until: datetime | None
    ) -> None:
        """Share, or share otherwise than before; who owns it keeps that. Raises `TooMany`, and `Purged`."""
        ...

    async def take(self, person: Person, id: UUID, principal: str) -> bool:
        """Whether there was such a share; what the meeting gave stays."""
        ...

    async def claim(self, person: Person, id: UUID, principal: str) -> bool:
        """Give a recording that nobody owns to ``principal``; ``False`` where somebody does.

        Raises `Purged`.
        """
        ...


class AccessLog(Protocol):
    async def write(
        self, person: Person, action: Action, recording_id: UUID | None = None, **detail: object
    ) -> None:
        """Before what is asked for is given: where this fails, nothing may be. Raises `Purged`."""
        ...

    async def page(
        self, person: Person, *, recording_id: UUID | None, limit: int, after: int | None
    ) -> Sequence[Access]:
        """At most ``limit``, newest first, beginning behind the one with the id ``after``."""
        ...
