"""The use case: the object store keeps every version of what is held, and others hear of it.

The database refuses from the moment a hold is placed; the store follows, recording by recording. Which are
behind is told by their rows: after a kill, or beside another replica, it just goes on.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol
from uuid import UUID, uuid5

from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.retention.holds.ports import Change, Holds, Store
from minutier.schemas.events import AnyEvent, HoldChanged, HoldPlaced, HoldReleased
from minutier.shared.delivery import Transaction
from minutier.shared.objects import ARTEFACTS, RECORDINGS

_SOURCE = "minutier/retention"
_BATCH = 50

Transactions = Callable[[], AbstractAsyncContextManager[Transaction]]


class Boards(Protocol):
    """The holds of each tenant."""

    async def joining(self, session: AsyncSession, tenant: str) -> Holds:
        """In a transaction that has begun, which is then confined to ``tenant``."""
        ...

    async def behind(self) -> Sequence[str]:
        """Tenants of which the store does not know everything yet."""
        ...


async def locking_buckets(store: Store) -> Sequence[str]:
    """Those of what is kept of recordings, but for what cannot lock.

    A store may call an object held there, and delete it all the same.
    """
    return [bucket for bucket in (RECORDINGS, ARTEFACTS) if await store.locks(bucket)]


async def lock_objects(tenant: str, change: Change, *, buckets: Sequence[str], store: Store) -> None:
    """Have every version of what is kept of a recording in these buckets be as the change says."""
    for bucket in buckets:
        async for page in store.versions(bucket, f"{tenant}/{change.recording_id}/"):
            for location in page:
                await store.set_hold(location, change.held)


def told(tenant: str, change: Change) -> list[AnyEvent]:
    """The same events however often they are told."""

    def known(kind: type[AnyEvent], hold_id: UUID) -> dict[str, Any]:
        return {
            "tenant": tenant,
            "source": _SOURCE,
            "id": uuid5(hold_id, f"{kind.TYPE} {change.recording_id}"),
            "data": HoldChanged(hold_id=hold_id),
        }

    return [
        *(HoldPlaced.of(change.recording_id, **known(HoldPlaced, each)) for each in change.placed),
        *(HoldReleased.of(change.recording_id, **known(HoldReleased, each)) for each in change.released),
    ]


class Locker:
    """Of several tenants each has a batch in turn."""

    def __init__(self, transactions: Transactions, boards: Boards, store: Store) -> None:
        self._transactions = transactions
        self._boards = boards
        self._store = store

    async def catch_up(self) -> None:
        """Until the store knows every hold. Raises what the database and the store raise."""
        while tenants := await self._boards.behind():
            for tenant in tenants:
                await self._batch(tenant)

    async def _batch(self, tenant: str) -> None:
        async with self._transactions() as transaction:
            holds = await self._boards.joining(transaction.session, tenant)
            changes = await holds.changes(limit=_BATCH)
        buckets = await locking_buckets(self._store)
        for change in changes:
            await lock_objects(tenant, change, buckets=buckets, store=self._store)
            async with self._transactions() as transaction:
                holds = await self._boards.joining(transaction.session, tenant)
                await holds.settle(change)
                for event in told(tenant, change):
                    transaction.publish(event)
