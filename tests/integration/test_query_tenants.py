"""Tenants are kept apart by PostgreSQL itself, from the role of the service too."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.compose.embedded import System
from minutier.compose.provision import prepare_database
from minutier.query.access.log import Action
from minutier.query.access.repository import AccessLog
from minutier.shared.tenants import within
from tests.support.query_people import OWNER
from tests.support.query_search import Library

# Which tenants there are, and nothing of theirs: read before a transaction can say for whom it works.
REGISTERS = {"register", "webhook_tenants"}


async def tables_of_tenants(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        found = await connection.execute(
            text(
                "select table_name from information_schema.columns "
                "where table_schema = 'query' and column_name = 'tenant'"
            )
        )
        return [name for (name,) in found if name not in REGISTERS]


async def test_without_a_tenant_no_row_is_seen_and_of_another_none(library: Library) -> None:
    recording = await library.add("The budget.", minutes=[("Money.", "s1")])
    tables = await tables_of_tenants(library.engine)
    assert {"recordings", "grants", "access_log", "searched", "passages", "languages"} <= set(tables)
    await library.search("budget")
    for table in tables:
        count = text(f"select count(*) from {table}")
        async with library.engine.connect() as connection:
            assert (await connection.execute(count)).scalar_one() == 0, table
        async with within(library.engine, "nobody") as session:
            assert (await (await session.connection()).execute(count)).scalar_one() == 0, table
    async with within(library.engine, "nobody") as session:
        forged = text("insert into passages select * from passages where recording_id = :id")
        moved = text("update passages set tenant = 'nobody' where recording_id = :id")
        for statement in (forged, moved):
            done = await (await session.connection()).execute(statement, {"id": recording})
            assert done.rowcount == 0
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with within(library.engine, library.tenant) as session:
            await (await session.connection()).execute(moved, {"id": recording})


async def test_the_service_owns_nothing_and_changes_no_policy(library: Library) -> None:
    tables = await tables_of_tenants(library.engine)
    async with library.engine.connect() as connection:
        owned = await connection.execute(
            text(
                "select relname from pg_class "
                "where relowner = current_user::regrole and relkind in ('r', 'p')"
            )
        )
        assert list(owned) == []
        protected = await connection.execute(
            text(
                "select relname from pg_class where relnamespace = 'query'::regnamespace "
                "and relrowsecurity and relforcerowsecurity"
            )
        )
        assert {name for (name,) in protected} >= set(tables)
        bypasses = text("select rolsuper or rolbypassrls from pg_roles where rolname = current_user")
        assert (await connection.execute(bypasses)).scalar_one() is False
    for table in tables:
        for statement in (
            f"alter table {table} disable row level security",
            f"alter table {table} no force row level security",
            f"drop policy tenants on {table}",
            f"create policy open on {table} using (true)",
        ):
            with pytest.raises(ProgrammingError, match="must be owner"):
                async with library.engine.begin() as connection:
                    await connection.execute(text(statement))


async def test_what_was_read_can_only_be_added_to(library: Library, system: System) -> None:
    log = AccessLog(library.engine)
    reader = replace(OWNER, tenant=library.tenant)
    await log.write(reader, Action.ACCESS_LOG)
    # Whenever it starts, the role is given once more what its tables need.
    await asyncio.to_thread(
        prepare_database,
        system.administrator_url,
        database="minutier",
        passwords=system.credentials.role_passwords,
    )
    for statement in (
        "delete from access_log",
        "update access_log set person_id = ''",
        "truncate access_log",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with within(library.engine, library.tenant) as session:
                await (await session.connection()).execute(text(statement))
    (kept,) = await log.page(reader, recording_id=None, limit=10, after=None)
    assert kept.person_id == OWNER.id


async def test_another_tenant_finds_nothing(library: Library) -> None:
    await library.add("The secret budget.")
    other = Library(library.engine, f"{library.tenant}-2", library.documents)
    mine = await other.add("My budget.")
    assert await other.found("budget") == [mine]


async def test_the_index_serves_the_service_itself(library: Library) -> None:
    await library.add("The budget.")
    async with within(library.engine, library.tenant) as session:
        connection = await session.connection()
        await connection.execute(text("set local enable_seqscan = off"))
        plan = await connection.execute(
            text(
                "explain select recording_id from searched "
                "where tenant = :tenant and lexemes @@ 'budget'::tsquery"
            ),
            {"tenant": library.tenant},
        )
        assert any("searched_lexemes" in line for (line,) in plan)
