"""A compliance officer's desk, and rows of recordings in any table."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.retention.holds.domain import Hold, Release, Search
from minutier.retention.holds.follow import follow_facts
from minutier.retention.holds.place import UnknownRecordings, place_hold
from minutier.retention.holds.release import release_hold
from minutier.retention.holds.repository import Boards
from minutier.retention.policies.domain import Facts, Told
from minutier.retention.policies.repository import Registers
from minutier.retention.policies.take_facts import take_facts
from minutier.schemas.events import AnyEvent
from minutier.shared.delivery import Transaction, begin
from tests.support.retention_holds import hold
from tests.support.retention_policies import PERIODS, facts

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DONE = Release("acme/officer", NOW, "The matter is closed.")


class Office:
    """A compliance officer's desk, in a tenant of its own."""

    def __init__(self, engine: AsyncEngine, tenant: str) -> None:
        self.engine = engine
        self.tenant = tenant
        self.boards = Boards(engine)
        self.events: list[AnyEvent] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """As the service's, whose events are kept once they are told."""
        async with begin(self.engine, lambda: None) as transaction:
            yield transaction
        self.events += transaction.events

    async def take_in(self, known: Facts | None = None) -> UUID:
        recording = uuid4()
        known = known or facts(tenant=self.tenant)
        async with self.transaction() as transaction:
            register = await Registers(self.engine, PERIODS).joining(transaction.session, self.tenant)
            told = Told(known.source, known.met_at, known.ingested_at, known.kinds)
            now_known = await take_facts(recording, told, register=register)
            holds = await self.boards.joining(transaction.session, self.tenant)
            await follow_facts(recording, now_known, holds=holds)
        return recording

    async def place(self, *recordings: UUID, search: Search | None = None) -> Hold | UnknownRecordings:
        async with self.transaction() as transaction:
            holds = await self.boards.joining(transaction.session, self.tenant)
            placed = await place_hold(hold(tenant=self.tenant, search=search), recordings, holds=holds)
            if isinstance(placed, UnknownRecordings):
                await transaction.session.rollback()
            return placed

    async def release(self, placed: Hold | UnknownRecordings) -> Hold | None:
        assert isinstance(placed, Hold)
        async with self.transaction() as transaction:
            holds = await self.boards.joining(transaction.session, self.tenant)
            return await release_hold(placed.id, DONE, holds=holds)

    async def delete(self, recording: UUID) -> int:
        """As whoever has got the service's password."""
        async with AsyncSession(self.engine) as session, session.begin():
            await self.boards.joining(session, self.tenant)
            connection = await session.connection()
            return (
                await connection.exec_driver_sql("delete from recordings where id = %s", (recording,))
            ).rowcount


def put_row(
    connection: psycopg.Connection[tuple[object, ...]],
    schema: str,
    table: str,
    column: str,
    recording: UUID,
    tenant: str,
) -> None:
    """A row of a recording, and those that it refers to."""
    if schema == "query" and table in ("layers", "passages"):
        needed = {"layers": ("recordings", "id"), "passages": ("searched", "recording_id")}[table]
        put_row(connection, schema, *needed, recording, tenant)
    if schema == "query" and table == "searched":
        put_row(connection, schema, "recordings", "id", recording, tenant)
    columns = connection.execute(
        """
        select column_name, data_type, udt_name from information_schema.columns
        where table_schema = %s and table_name = %s and is_identity = 'NO'
            and is_generated = 'NEVER' and column_default is null
            and (is_nullable = 'NO' or column_name = %s)
        """,
        [schema, table, column],
    ).fetchall()
    values = {
        str(name): recording
        if name == column
        else tenant
        if name == "tenant"
        else {
            "uuid": uuid4(),
            "text": uuid4().hex,
            "varchar": uuid4().hex,
            "jsonb": "{}",
            "timestamptz": NOW,
            "bytea": b"",
            "tsvector": "",
            "bool": False,
            "_text": [],
            "_varchar": [],
        }.get(str(udt), 0)
        for name, _, udt in columns
    }
    names = ", ".join(f'"{name}"' for name in values)
    places = ", ".join(["%s"] * len(values))
    connection.execute(
        f"insert into {schema}.{table} ({names}) values ({places}) on conflict do nothing",
        list(values.values()),
    )
