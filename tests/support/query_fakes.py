"""The read model and the signals of query, in memory."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI

from minutier.query import api
from minutier.query.access.domain import Grant, Level, Origin, Seen, Share, grants_of, see
from minutier.query.access.log import Access, Action
from minutier.query.destroyed import destroy
from minutier.query.domain import Entry, Erasure, Fact, Recording, recording
from minutier.query.domain import Kind as Told
from minutier.query.edits.domain import AnyLayer
from minutier.query.folding import fold
from minutier.query.mailbox import Mailbox
from minutier.query.paging import Position, Wanted
from minutier.query.project import project
from minutier.query.search.domain import Question
from minutier.query.search.lexemes import Asked, Stems
from minutier.query.search.ports import Candidate, Hit
from minutier.query.settings import QuerySettings
from minutier.query.steering.domain import Pace
from minutier.query.transcripts.read import Transcripts
from minutier.schemas.clock import now
from minutier.schemas.documents import RecordingDocument, TranscriptDocument
from minutier.schemas.events import AnyEvent, Instead
from minutier.schemas.records import Kind
from minutier.schemas.references import ObjectRef
from minutier.shared.identity.domain import Person
from minutier.shared.identity.identify import Identity
from tests.support.query_audio import Sounds
from tests.support.query_events import Documents
from tests.support.query_identity import entrance
from tests.support.query_people import Bearers
from tests.support.query_webhooks import Webhooks


class Table:
    """Recordings in memory, newest first."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.shares: dict[UUID, dict[str, Share]] = {}
        self._entries: dict[UUID, Entry] = {}

    def entry(self, id: UUID) -> Entry:
        return self._entries[id]

    async def add(self, event: AnyEvent) -> None:
        fact = await project(event, documents=self.documents)
        assert fact is not None
        new = Entry(event.subject, event.tenant, fact.announced_at or fact.at)
        entry = self._entries.get(event.subject, new)
        entry = replace(entry, facts={**entry.facts, event.id: fact})
        self._entries[event.subject] = destroy(entry, ())

    def destroy(self, id: UUID, *kinds: Kind) -> None:
        """What of it a purge destroys; without ``kinds``, all of it."""
        if kinds:
            self._entries[id] = destroy(self._entries[id], kinds)
        else:
            del self._entries[id]

    def erase_person(self, id: UUID, purge_id: UUID, instead: Instead, left: RecordingDocument) -> None:
        """What is ordered a minute after it was announced; ``left`` is what there is of the meeting."""
        erasure = Erasure(purge_id, instead=instead.model_dump(mode="json", exclude={"plan"}))
        self._learn(
            id,
            Fact(
                Told.ERASING,
                self._entries[id].announced_at + timedelta(minutes=1),
                names=tuple(each.name for each in left.participants),
                people={grant.principal: int(grant.level) for grant in grants_of(left.people)},
                erasure=erasure,
            ),
        )

    def complete(self, id: UUID, purge_id: UUID) -> None:
        """Nothing was made in place of its media."""
        moment = self._entries[id].announced_at + timedelta(minutes=2)
        self._learn(id, Fact(Told.ERASED, moment, erasure=Erasure(purge_id)))

    def _learn(self, id: UUID, fact: Fact) -> None:
        entry = self._entries[id]
        self._entries[id] = destroy(replace(entry, facts={**entry.facts, uuid4(): fact}), ())

    async def find(self, person: Person, id: UUID, *, reason: str | None = None) -> Seen | None:
        entry = self._entries.get(id)
        seen = entry and self._seen(person, entry, reason)
        return seen if seen and seen.level > Level.NONE else None

    async def page(
        self, person: Person, wanted: Wanted, *, limit: int, after: Position | None
    ) -> Sequence[Seen]:
        entries = sorted(
            self._entries.values(), key=lambda entry: (entry.happened_at, entry.id), reverse=True
        )
        seen = [self._seen(person, entry) for entry in entries if _fits(recording(entry), wanted)]
        by_content = wanted.title or wanted.participant
        return [
            one
            for one in seen
            if one.level >= (Level.READ if by_content else Level.STATUS)
            and not (by_content and Kind.TRANSCRIPT in one.restricted)
            and (after is None or (one.entry.happened_at, one.entry.id) < (after.moment, after.id))
        ][:limit]

    def _seen(self, person: Person, entry: Entry, reason: str | None = None) -> Seen:
        meeting = [Grant(principal, Level(level)) for principal, level in entry.people.items()]
        grants = [*meeting, *self.shares.get(entry.id, {}).values()]
        return see(person, entry, grants, revision=len(entry.facts), now=now(), reason=reason)


def _fits(shown: Recording, wanted: Wanted) -> bool:
    return (
        wanted.state in (None, shown.state)
        and fold(wanted.title or "") in fold(shown.title or "")
        and (not wanted.participant or any(fold(wanted.participant) in fold(n) for n in shown.participants))
        and (wanted.since is None or shown.happened_at >= wanted.since)
        and (wanted.before is None or shown.happened_at < wanted.before)
    )


class Shares:
    """Sharing of the recordings in a table."""

    def __init__(self, table: Table) -> None:
        self.table = table

    async def of(self, person: Person, id: UUID) -> Sequence[Share]:
        entry = self.table.entry(id)
        meeting = [
            Share(principal, Level(level), None, Origin.MEETING) for principal, level in entry.people.items()
        ]
        return [*meeting, *self.table.shares.get(id, {}).values()]

    async def give(
        self, person: Person, id: UUID, principal: str, level: Level, until: datetime | None
    ) -> None:
        share = Share(principal, level, until, Origin.SHARE, person.id)
        self.table.shares.setdefault(id, {})[principal] = share

    async def take(self, person: Person, id: UUID, principal: str) -> bool:
        return self.table.shares.get(id, {}).pop(principal, None) is not None

    async def claim(self, person: Person, id: UUID, principal: str) -> bool:
        if any(share.level is Level.OWN for share in await self.of(person, id)):
            return False
        await self.give(person, id, principal, Level.OWN, None)
        return True


class Log:
    """The access log in memory, newest last."""

    def __init__(self) -> None:
        self.kept: list[tuple[Person, Access]] = []
        self.broken = False

    async def write(
        self, person: Person, action: Action, recording_id: UUID | None = None, **detail: object
    ) -> None:
        if self.broken:
            raise ConnectionError
        number = len(self.kept) + 1
        entry = Access(number, now(), person.id, person.name, action, recording_id, dict(detail))
        self.kept.append((person, entry))

    async def page(
        self, person: Person, *, recording_id: UUID | None, limit: int, after: int | None
    ) -> Sequence[Access]:
        return [
            access
            for who, access in reversed(self.kept)
            if who.tenant == person.tenant
            and recording_id in (None, access.recording_id)
            and (after is None or access.id < after)
        ][:limit]


class Desk:
    """Layers over the transcripts of a table, laid by one at a time; and what was told and indexed."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.layers: dict[UUID, tuple[AnyLayer, ...]] = {}
        self.sent: list[AnyEvent] = []
        self.indexed: list[TranscriptDocument] = []
        self._one_at_a_time = asyncio.Lock()

    async def of(self, entry: Entry) -> tuple[AnyLayer, ...]:
        return self.layers.get(entry.id, ())

    @asynccontextmanager
    async def __call__(self, tenant: str, id: UUID) -> AsyncIterator["Editing"]:
        async with self._one_at_a_time:
            editing = Editing(self.table.entry(id), self.layers.get(id, ()))
            yield editing
            self.layers[id] = editing.layers
            self.sent += editing.events
            self.indexed += editing.indexed


class Editing:
    def __init__(self, entry: Entry, layers: tuple[AnyLayer, ...]) -> None:
        self.entry = entry
        self.layers: tuple[AnyLayer, ...] = layers
        self.events: list[AnyEvent] = []
        self.indexed: list[TranscriptDocument] = []

    async def lay(self, layer: AnyLayer) -> None:
        self.layers = (*self.layers, layer)

    async def index(self, transcript: TranscriptDocument) -> None:
        self.indexed.append(transcript)

    def publish(self, event: AnyEvent) -> None:
        self.events.append(event)


class Paces:
    """What is before every recording, as a test says."""

    def __init__(self) -> None:
        self.pace = Pace()

    async def of(self, id: UUID) -> Pace:
        return self.pace


class Media:
    """Holds all that was not deleted."""

    def __init__(self) -> None:
        self.deleted = False

    async def holds(self, ref: ObjectRef) -> bool:
        return not self.deleted


class Nothing:
    """An archive in which nothing is found, by whatever words."""

    @asynccontextmanager
    async def open(self, person: Person) -> AsyncIterator["Nothing"]:
        yield self

    async def stems(self, words: Collection[str]) -> Mapping[str, Stems]:
        return {}

    async def candidates(self, asked: Sequence[Asked], **_: Any) -> Sequence[Candidate]:
        return ()

    async def rank(self, candidates: Sequence[Candidate], asked: Sequence[Asked]) -> Sequence[Hit]:
        return ()

    async def passages(self, recordings: Sequence[Candidate], asked: Sequence[Asked]) -> Mapping[UUID, Any]:
        return {}

    async def note(self, question: Question, shown: Sequence[UUID]) -> None:
        """Nothing is shown."""


class Outbox:
    """What was published, by transactions that ended well."""

    def __init__(self) -> None:
        self.sent: list[AnyEvent] = []

    @asynccontextmanager
    async def __call__(self, id: UUID) -> AsyncIterator["Transaction"]:
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


def application(table: Table, **parts: Any) -> FastAPI:
    """The API over what is in memory; ``parts`` take the place of those that the tests have."""
    desk = parts.pop("desk", None) or Desk(table)
    if "transactions" in parts:
        desk.sent = parts["transactions"].sent
    documents = parts.pop("documents", table.documents)
    whole: dict[str, Any] = {
        "identity": Identity(
            parts.pop("bearers", None) or Bearers(), parts.pop("entrance", None) or entrance()
        ),
        "recordings": table,
        "shares": Shares(table),
        "log": Log(),
        "documents": documents,
        "archive": Nothing(),
        "transcripts": Transcripts(documents=documents, layers=desk, cache_bytes=2**20),
        "editor": desk,
        "paces": Paces(),
        "media": Media(),
        "transactions": Outbox(),
        "signals": Signals(),
        "audio": Sounds(),
        "webhooks": Webhooks(),
        "settings": QuerySettings(),
    }
    return api.build(**(whole | parts))
