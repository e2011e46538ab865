"""The use case: whoever shows recordings hears which kinds of them are in the intermediate phase.

Which recordings it was not told of is told by their rows: after a kill, or beside another replica, it just
goes on.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.retention.policies.domain import Kind
from minutier.retention.restrictions.ports import Change, Restrictions
from minutier.schemas.events import RecordingRestricted, Restricted
from minutier.shared.delivery import Transaction

_SOURCE = "minutier/retention"
_BATCH = 50

Transactions = Callable[[], AbstractAsyncContextManager[Transaction]]


class Registers(Protocol):
    """What is restricted of each tenant."""

    async def joining(self, session: AsyncSession, tenant: str) -> Restrictions:
        """In a transaction that has begun, which is then confined to ``tenant``."""
        ...

    async def behind(self) -> Sequence[str]:
        """Tenants of which not everything was told."""
        ...


def told(tenant: str, change: Change) -> RecordingRestricted:
    """In the order of kinds, so that the same is told in the same words."""
    kinds = tuple(kind for kind in Kind if kind in change.kinds)
    event = RecordingRestricted.of(
        change.recording_id, tenant=tenant, source=_SOURCE, data=Restricted(kinds=kinds)
    )
    return event.model_copy(update={"time": change.at})


class Telling:
    """Of several tenants each has a batch in turn."""

    def __init__(self, transactions: Transactions, registers: Registers) -> None:
        self._transactions = transactions
        self._registers = registers

    async def catch_up(self) -> None:
        """Until all is told, but of those that somebody else has. Raises what the database raises."""
        done = 1
        while done:
            done = 0
            for tenant in await self._registers.behind():
                done += await self._batch(tenant)

    async def _batch(self, tenant: str) -> int:
        async with self._transactions() as transaction:
            restrictions = await self._registers.joining(transaction.session, tenant)
            changes = await restrictions.settle(limit=_BATCH)
            for change in changes:
                transaction.publish(told(tenant, change))
        return len(changes)
