"""The API of retention over PostgreSQL, with an officer and others to ask it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.retention import api
from minutier.retention.audit.anchor import Anchors
from minutier.retention.audit.repository import AuditLogs
from minutier.retention.audit.watch import Watch
from minutier.retention.desk import Books, Desks
from minutier.retention.holds.follow import follow_facts
from minutier.retention.holds.repository import Boards
from minutier.retention.policies.domain import Kind, Told
from minutier.retention.policies.repository import Registers
from minutier.retention.policies.take_facts import take_facts
from minutier.retention.purges.repository import Ledgers
from minutier.retention.records.repository import Logs
from minutier.retention.settings import RetentionSettings
from minutier.shared.delivery import begin
from minutier.shared.identity.domain import Person, Role
from minutier.shared.identity.identify import Identity
from tests.support.query_identity import entrance
from tests.support.query_people import Bearers, showing
from tests.support.retention_audit import Store
from tests.support.retention_policies import PERIODS

TAKEN_IN = datetime.now(UTC) - timedelta(days=200)


def staff(tenant: str, name: str, *roles: Role) -> Person:
    return Person(
        id=f"{tenant}/{name}", tenant=tenant, name=name, subject=f"{tenant}-{name}", roles=frozenset(roles)
    )


class House:
    """The application with an officer and somebody else, in a tenant of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.tenant = f"t{uuid4().hex[:8]}"
        self.officer = staff(self.tenant, "officer", Role.COMPLIANCE)
        self.reader = staff(self.tenant, "reader", Role.OPERATOR)
        self.other = staff(f"{self.tenant}-b", "officer", Role.COMPLIANCE)
        registers, logs = Registers(engine, PERIODS), AuditLogs(engine)
        books = Books(registers, Boards(engine), Ledgers(engine), logs, Logs(engine, None))
        self.desks = Desks(lambda: begin(engine, lambda: None), books)
        bearers = Bearers(self.officer, self.reader, self.other)
        self.app: FastAPI = api.build(
            identity=Identity(bearers, entrance()),
            desks=self.desks,
            registers=registers,
            logs=logs,
            watch=Watch(logs, Anchors(Store(), None)),
            settings=RetentionSettings(requests_per_minute=10**6, searches_per_minute=10**6),
        )

    async def take_in(self) -> UUID:
        recording = uuid4()
        async with self.desks.of(self.tenant) as desk:
            told = Told("livekit", None, TAKEN_IN, frozenset(Kind))
            facts = await take_facts(recording, told, register=desk.register)
            await follow_facts(recording, facts, holds=desk.holds)
        return recording

    def asking(self, person: Person | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://localhost",
            headers=showing(person or self.officer),
        )
