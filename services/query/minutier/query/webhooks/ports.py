"""What telling applications needs from outside."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from minutier.query.paging import Position
from minutier.query.webhooks.domain import Answer, Attempt, Claimed, Delivery, DeliveryState, Webhook
from minutier.shared.identity.domain import Person


class TooMany(Exception):
    """The tenant has as many webhooks as one may have."""


class Webhooks(Protocol):
    """A tenant's webhooks and their deliveries, for its operators; ``None`` where there is no such one."""

    async def add(
        self, person: Person, *, url: str, events: Sequence[str], description: str
    ) -> tuple[Webhook, str]:
        """The webhook and its secret. Raises `TooMany`."""
        ...

    async def all(self, person: Person) -> Sequence[Webhook]: ...

    async def find(self, person: Person, id: UUID) -> Webhook | None: ...

    async def change(
        self,
        person: Person,
        id: UUID,
        *,
        url: str | None,
        events: Sequence[str] | None,
        description: str | None,
        active: bool | None,
    ) -> Webhook | None:
        """What is ``None`` stays as it is."""
        ...

    async def remove(self, person: Person, id: UUID) -> bool:
        """Whether there was such a webhook; its deliveries go with it."""
        ...

    async def rotate(self, person: Person, id: UUID) -> str | None:
        """A new secret; the one before signs too for `ROTATION`."""
        ...

    async def test(self, person: Person, id: UUID) -> Delivery | None:
        """Have something sent that means nothing."""
        ...

    async def deliveries(
        self,
        person: Person,
        id: UUID,
        *,
        state: DeliveryState | None,
        limit: int,
        after: Position | None,
    ) -> Sequence[Delivery]:
        """At most ``limit``, newest first, beginning behind ``after``."""
        ...

    async def retry(self, person: Person, id: UUID, delivery_id: UUID) -> Delivery | None:
        """Have a delivery sent again now, and as often as a new one."""
        ...


class Queue(Protocol):
    """What is to be sent, of every tenant; several processes take from it at once."""

    async def tenants(self, at: datetime) -> Sequence[str]:
        """Those that have something to send at ``at``."""
        ...

    async def claim(
        self, tenant: str, at: datetime, *, until: datetime, limit: int, busy: Collection[UUID]
    ) -> Sequence[Claimed]:
        """At most one delivery of each active webhook that is not ``busy``, to be sent before ``until``."""
        ...

    async def finish(self, claimed: Claimed, attempt: Attempt, answer: Answer, *, chance: float) -> bool:
        """Keep what came of an attempt; ``False`` where somebody else has claimed the delivery since."""
        ...

    async def sweep(self, before: datetime) -> int:
        """Forget deliveries that were made before; how many."""
        ...


class Post(Protocol):
    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send it once, within a bounded time; nothing is raised for what a receiver does."""
        ...
