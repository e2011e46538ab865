"""The API of retention over PostgreSQL, with an officer and others to ask it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.retention import api
from minutier.retention.audit.anchor import Anchors
from minutier.retention.audit.repository import AuditLogs
from minutier.retention.audit.watch import Watch
from minutier.retention.desk import Books, Desks
from minutier.retention.erasures.redact import Documents
from minutier.retention.erasures.repository import Files
from minutier.retention.holds.follow import follow_facts
from minutier.retention.holds.repository import Boards
from minutier.retention.policies.domain import Kind, Told
from minutier.retention.policies.repository import Registers
from minutier.retention.policies.take_facts import take_facts
from minutier.retention.purges.domain import Inventory, Item, Rows, State
from minutier.retention.purges.repository import Ledgers
from minutier.retention.records.anchor import Heads
from minutier.retention.records.repository import Logs
from minutier.retention.records.verify import integrity
from minutier.retention.settings import RetentionSettings
from minutier.schemas.documents import Document
from minutier.schemas.events import AnyEvent, Stage
from minutier.schemas.references import ObjectRef
from minutier.shared.delivery import begin
from minutier.shared.errors import Permanent
from minutier.shared.identity.domain import Person, Role
from minutier.shared.identity.identify import Identity
from minutier.shared.objects import ARTEFACTS
from tests.support import query_events as events
from tests.support.erasures import digest_of
from tests.support.proofs import KEY
from tests.support.query_identity import entrance
from tests.support.query_people import Bearers, showing
from tests.support.retention_audit import Store
from tests.support.retention_policies import PERIODS
from tests.support.retention_records import draft

D = TypeVar("D", bound=Document)
_FOLDER = TemporaryDirectory()

TAKEN_IN = datetime.now(UTC) - timedelta(days=200)


def staff(tenant: str, name: str, *roles: Role) -> Person:
    return Person(
        id=f"{tenant}/{name}", tenant=tenant, name=name, subject=f"{tenant}-{name}", roles=frozenset(roles)
    )


def _key() -> Path:
    """A file with `KEY`."""
    path = Path(_FOLDER.name, f"{uuid4()}.pem")
    KEY.write(path)
    return path


class Nowhere:
    """A store and streams in which there is nothing."""

    async def take(
        self, tenant: str, item: Item, rows: Sequence[Rows], *, digests: bool = False
    ) -> Inventory:
        return Inventory(rows=tuple(rows))

    async def title(self, tenant: str, recording_id: UUID) -> str | None:
        return None

    async def discard(self, ref: ObjectRef) -> None:
        """There is nothing to discard."""

    async def clear(self, item: Item) -> None:
        """There is nothing to clear."""


class Shelved:
    """Documents in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Document] = {}

    async def load(self, kind: type[D], ref: ObjectRef) -> D:
        if ref.key not in self.kept:
            raise Permanent("missing")
        return kind.model_validate(self.kept[ref.key].model_dump())

    async def store(self, document: Document, *, tenant: str, stage: Stage, version: str) -> ObjectRef:
        key = f"{tenant}/{document.recording_id}/{stage}/{version}.json"
        self.kept[key] = document
        body = document.model_dump_json().encode()
        return ObjectRef(bucket=ARTEFACTS, key=key, sha256=sha256(body).hexdigest(), size=len(body))


class House:
    """The application with an officer and somebody else, in a tenant of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.tenant = f"t{uuid4().hex[:8]}"
        self.officer = staff(self.tenant, "officer", Role.COMPLIANCE)
        self.second = staff(self.tenant, "officer-2", Role.COMPLIANCE)
        self.reader = staff(self.tenant, "reader", Role.OPERATOR)
        self.other = staff(f"{self.tenant}-b", "officer", Role.COMPLIANCE)
        store, self.documents = Store(), Shelved()
        registers, logs = Registers(engine, PERIODS), AuditLogs(engine)
        self.records = Logs(engine, KEY)
        books = Books(registers, Boards(engine), Ledgers(engine), logs, self.records, Files())
        self.desks = Desks(lambda: begin(engine, lambda: None), books)
        bearers = Bearers(self.officer, self.second, self.reader, self.other)
        self.app: FastAPI = api.build(
            identity=Identity(bearers, entrance()),
            desks=self.desks,
            registers=registers,
            logs=logs,
            disposals=self.records,
            watch=Watch(
                logs, Anchors(store, KEY), partial(integrity, logs=self.records, heads=Heads(store, KEY))
            ),
            stock=Nowhere(),
            documents=self.documents,
            settings=RetentionSettings(
                requests_per_minute=10**6, searches_per_minute=10**6, signing_key=_key()
            ),
        )

    async def take_in(self) -> UUID:
        recording = uuid4()
        async with self.desks.of(self.tenant) as desk:
            told = Told("livekit", None, TAKEN_IN, frozenset(Kind))
            facts = await take_facts(recording, told, register=desk.register)
            await follow_facts(recording, facts, holds=desk.holds)
        return recording

    async def put(self, recording: UUID, documents: Documents) -> None:
        """Have these be what was made of it, as services would tell."""
        made: list[tuple[Document | None, Stage, Callable[..., AnyEvent]]] = [
            (documents.recordings[0], Stage.INGESTION, events.ingested),
            (documents.turns, Stage.DIARIZATION, events.diarized),
            (documents.transcription, Stage.TRANSCRIPTION, events.transcribed),
            (documents.transcript, Stage.ATTRIBUTION, events.attributed),
            (documents.read, Stage.ATTRIBUTION, events.edited),
        ]
        async with self.desks.of(self.tenant) as desk:
            for document, stage, told in made:
                if document is not None:
                    ref = await self.documents.store(
                        document, tenant=self.tenant, stage=stage, version=digest_of(document)
                    )
                    await desk.shelf.note(told(ref, recording=recording, tenant=self.tenant))

    async def count(self, purge_id: UUID, inventory: str = "ab" * 32) -> str:
        """As if all of a purge had been counted; the digest by which it is approved."""
        async with self.desks.of(self.tenant) as desk:
            purge = await desk.purges.find(purge_id)
            assert purge is not None
            await desk.purges.keep(replace(purge, state=State.PREVIEWED, inventory=inventory))
        return inventory

    async def destroy(self, *numbers: int, **changes: Any) -> list[UUID]:
        """Ids of records that recordings were destroyed, another one for each number."""
        purge = uuid4()
        async with self.records.of(self.tenant) as log:
            entries = await log.append_all([draft(number, purge_id=purge, **changes) for number in numbers])
        return [entry.record.id for entry in entries]

    def asking(self, person: Person | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://localhost",
            headers=showing(person or self.officer),
        )
