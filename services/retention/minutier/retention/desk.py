"""One transaction over all that retention knows of a tenant."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.retention.holds.ports import Holds
from minutier.retention.policies.ports import Register
from minutier.shared.delivery import Transaction


class Registers(Protocol):
    async def joining(self, session: AsyncSession, tenant: str) -> Register: ...


class Boards(Protocol):
    async def joining(self, session: AsyncSession, tenant: str) -> Holds: ...


@dataclass(frozen=True)
class Desk:
    """What an officer has before them; all of it is kept, or nothing where something is raised."""

    register: Register
    holds: Holds


class Desks:
    """The desk of each tenant."""

    def __init__(
        self,
        transactions: Callable[[], AbstractAsyncContextManager[Transaction]],
        registers: Registers,
        boards: Boards,
    ) -> None:
        self._transactions = transactions
        self._registers = registers
        self._boards = boards

    @asynccontextmanager
    async def of(self, tenant: str) -> AsyncIterator[Desk]:
        async with self._transactions() as transaction:
            register = await self._registers.joining(transaction.session, tenant)
            yield Desk(register, await self._boards.joining(transaction.session, tenant))
