"""The read model and the signals of query, in memory."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

from minutier.query.domain import Entry
from minutier.query.mailbox import Mailbox
from minutier.query.paging import Position
from minutier.query.project import project
from minutier.schemas.events import AnyEvent
from tests.support.query_events import Documents


class Table:
    """Recordings in memory, newest first."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self._entries: dict[UUID, Entry] = {}

    async def add(self, event: AnyEvent) -> None:
        fact = await project(event, documents=self.documents)
        assert fact is not None
        new = Entry(event.subject, event.tenant, fact.announced_at or fact.at)
        entry = self._entries.get(event.subject, new)
        self._entries[event.subject] = replace(entry, facts={**entry.facts, event.id: fact})

    async def find(self, id: UUID) -> Entry | None:
        return self._entries.get(id)

    async def page(self, *, tenant: str | None, limit: int, after: Position | None) -> Sequence[Entry]:
        entries = sorted(
            self._entries.values(), key=lambda entry: (entry.announced_at, entry.id), reverse=True
        )
        return [
            entry
            for entry in entries
            if tenant in (None, entry.tenant)
            and (after is None or (entry.announced_at, entry.id) < (after.announced_at, after.id))
        ][:limit]


class Outbox:
    """What was published, by transactions that ended well."""

    def __init__(self) -> None:
        self.sent: list[AnyEvent] = []

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator["Transaction"]:
        transaction = Transaction()
        yield transaction
        self.sent += transaction.events


class Transaction:
    def __init__(self) -> None:
        self.events: list[AnyEvent] = []

    def publish(self, event: AnyEvent) -> None:
        self.events.append(event)


class Signals:
    """One listener at a time; ``deaf`` ones hear nothing."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.deaf = deaf
        self.mailbox = Mailbox()
        self.listening = asyncio.Event()

    async def tell(self, id: UUID) -> None:
        if not self.deaf:
            self.mailbox.put_change()

    @asynccontextmanager
    async def listen(self, id: UUID) -> AsyncIterator[Mailbox]:
        self.listening.set()
        yield self.mailbox
        self.listening.clear()
