"""One transaction over all that retention knows of a tenant."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.retention.audit.ports import Audit
from minutier.retention.erasures.ports import Requests, Shelf
from minutier.retention.holds.ports import Holds
from minutier.retention.policies.ports import Register
from minutier.retention.purges.ports import Purges
from minutier.retention.records.ports import Log
from minutier.schemas.events import AnyEvent
from minutier.shared.delivery import Transaction


class Registers(Protocol):
    async def joining(self, session: AsyncSession, tenant: str) -> Register: ...


class Boards(Protocol):
    async def joining(self, session: AsyncSession, tenant: str) -> Holds: ...


class AuditLogs(Protocol):
    async def joining(self, session: AsyncSession, tenant: str) -> Audit: ...


class Ledgers(Protocol):
    async def joining(self, session: AsyncSession, tenant: str) -> Purges: ...


class Logs(Protocol):
    async def joining(self, session: AsyncSession, tenant: str) -> Log: ...


class Files(Protocol):
    async def joining(self, session: AsyncSession, tenant: str) -> Requests: ...

    async def shelf(self, session: AsyncSession, tenant: str) -> Shelf: ...


@dataclass(frozen=True)
class Books:
    """What each tenant's desk is made of."""

    registers: Registers
    boards: Boards
    ledgers: Ledgers
    audits: AuditLogs
    records: Logs
    files: Files


@dataclass(frozen=True)
class Desk:
    """What an officer has before them; all of it is kept, or nothing where something is raised.

    What they do is written to the audit log at the end, since nobody else's is meanwhile.
    """

    register: Register
    holds: Holds
    purges: Purges
    records: Log
    requests: Requests
    shelf: Shelf
    audit: Audit
    _transaction: Transaction

    def publish(self, event: AnyEvent) -> None:
        """Have it told once the transaction has committed."""
        self._transaction.publish(event)


class Desks:
    """The desk of each tenant."""

    def __init__(
        self, transactions: Callable[[], AbstractAsyncContextManager[Transaction]], books: Books
    ) -> None:
        self._transactions = transactions
        self._books = books

    @asynccontextmanager
    async def of(self, tenant: str) -> AsyncIterator[Desk]:
        async with self._transactions() as transaction:
            session, books = transaction.session, self._books
            yield Desk(
                await books.registers.joining(session, tenant),
                await books.boards.joining(session, tenant),
                await books.ledgers.joining(session, tenant),
                await books.records.joining(session, tenant),
                await books.files.joining(session, tenant),
                await books.files.shelf(session, tenant),
                await books.audits.joining(session, tenant),
                transaction,
            )
