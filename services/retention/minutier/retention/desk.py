"""One transaction over all that retention knows of a tenant."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.retention.audit.ports import Audit
from minutier.retention.holds.ports import Holds
from minutier.retention.policies.ports import Register
from minutier.shared.delivery import Transaction


class Registers(Protocol):
    async def joining(self, session: AsyncSession, tenant: str) -> Register: ...


class Boards(Protocol):
    async def joining(self, session: AsyncSession, tenant: str) -> Holds: ...


class AuditLogs(Protocol):
    async def joining(self, session: AsyncSession, tenant: str) -> Audit: ...


@dataclass(frozen=True)
class Desk:
    """What an officer has before them; all of it is kept, or nothing where something is raised.

    What they do is written to the audit log at the end, since nobody else's is meanwhile.
    """

    register: Register
    holds: Holds
    audit: Audit


class Desks:
    """The desk of each tenant."""

    def __init__(
        self,
        transactions: Callable[[], AbstractAsyncContextManager[Transaction]],
        registers: Registers,
        boards: Boards,
        logs: AuditLogs,
    ) -> None:
        self._transactions = transactions
        self._registers = registers
        self._boards = boards
        self._logs = logs

    @asynccontextmanager
    async def of(self, tenant: str) -> AsyncIterator[Desk]:
        async with self._transactions() as transaction:
            register = await self._registers.joining(transaction.session, tenant)
            holds = await self._boards.joining(transaction.session, tenant)
            yield Desk(register, holds, await self._logs.joining(transaction.session, tenant))
