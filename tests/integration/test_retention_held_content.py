"""What a legal hold covers stays what it is: the database refuses to make it another recording's, or to say
something else in its place.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.compose.embedded import System
from minutier.compose.provision import SERVICES
from minutier.retention.holds.domain import Hold
from minutier.shared.held import HELD
from tests.support.retention_holds import GUARDED
from tests.support.retention_office import NOW, Office, put_row
from tests.support.wholeness import inside

ROLE = "retention"
FORBIDDEN, REFERRED_TO = "42501", "23503"
Connection = psycopg.Connection[tuple[object, ...]]

# What a service changes as things go on: what follows from something else, what is being done, and what is
# put together anew by what is told.
CHANGING = {
    "ingestion.announced_objects": {"language", "has_metadata", "announced_at"},
    "ingestion.jobs": {"spoken", "announcement", "failure", "document_id", "ended_at", "told_at"},
    "attribution.parts": {"ingested", "diarized", "transcribed", "told", "wanted_since"},
    "query.recordings": {
        *("announced_at", "happened_at", "facts", "state", "title", "found_by", "revision", "restricted"),
    },
    "query.searched": {"happened_at", "language", "duration", "passages", "rules", "lexemes", "hidden"},
    "query.passages": {"start", "end"},
    "retention.recordings": {
        *("source", "record_class", "labels", "met_at", "ingested_at", "closed_at", "kinds", "revision"),
        "accesses_since",
        "told_at",
    },
    "retention.schedules": {"restricted_at", "due_at", "told"},
}
# There has to be such a version of a policy.
VERSIONS = {("policy_id", "uuid"), ("policy_version", "int4")}
# What other rows name, or what names them, is refused to anybody.
NAMED = {("recordings", "id"), ("schedules", "tenant")}
# What has to be there of a recording that a row is to be of.
PARENTS = {
    ("query", "layers"): ("recordings", "id"),
    ("query", "searched"): ("recordings", "id"),
    ("query", "passages"): ("searched", "recording_id"),
    ("retention", "schedules"): ("recordings", "id"),
}
# Where only the administrator may change anything at all.
ADDED_TO = {("query", "access_log")}
TABLES = [(schema, table) for schema, tables in GUARDED.items() for table in tables]

_COLUMNS = """
    select column_name, udt_name from information_schema.columns
    where table_schema = %s and table_name = %s and is_generated = 'NEVER' and is_identity = 'NO'
"""


@pytest.fixture
def office(engine: AsyncEngine) -> Office:
    return Office(engine, f"t{uuid4().hex[:8]}")


@contextmanager
def role(system: System, name: str, *tenants: str) -> Iterator[Connection]:
    with psycopg.connect(system.database_url(name).replace("+psycopg", "")) as connection:
        connection.execute("select set_config('minutier.tenants', %s, false)", [",".join(tenants)])
        connection.commit()
        yield connection


def refusal(connection: Connection, table: tuple[str, str], name: str, value: object, recording: UUID) -> str:
    """What PostgreSQL says of an update, which is undone; nothing where it does as it is told."""
    statement = sql.SQL("""
        update {table} set {column} = %s where ctid = (select min(ctid) from {table} where {named} = %s)
    """).format(
        table=sql.Identifier(*table),
        column=sql.Identifier(name),
        named=sql.Identifier(GUARDED[table[0]][table[1]]),
    )
    try:
        with connection.transaction(force_rollback=True):
            assert connection.execute(statement, [value, recording]).rowcount == 1
            connection.execute("set constraints all immediate")
    except psycopg.Error as error:
        return error.sqlstate or "unknown"
    return ""


def another(udt: str, named: UUID) -> object:
    values = {
        "uuid": named,
        "jsonb": Jsonb({"another": {}}),
        "timestamptz": NOW.replace(year=2020),
        "bytea": b"another",
        "tsvector": "another",
        "bool": True,
        "_text": ["another"],
        "_varchar": ["another"],
    }
    return values.get(udt, "another" if udt in ("text", "varchar") else 7)


@pytest.mark.parametrize(("schema", "table"), TABLES)
async def test_what_is_held_is_made_nothing_else(
    system: System, office: Office, schema: str, table: str
) -> None:
    held, free, empty = await office.take_in(), await office.take_in(), uuid4()
    column = GUARDED[schema][table]
    with psycopg.connect(inside(system)) as connection:
        for recording in (held, free) if schema != "retention" else ():
            put_row(connection, schema, table, column, recording, office.tenant)
        if (schema, table) in PARENTS:
            put_row(connection, schema, *PARENTS[schema, table], empty, office.tenant)
        found = connection.execute(_COLUMNS, [schema, table]).fetchall()
    columns = {(str(name), str(udt)) for name, udt in found}
    await office.place(held)
    changing = CHANGING.get(f"{schema}.{table}", set())
    assert changing <= {name for name, _ in columns}
    with role(system, schema, office.tenant, "another") as connection:
        for name, udt in columns - VERSIONS:
            value = another(udt, empty if name == "recording_id" else uuid4())
            told = refusal(connection, (schema, table), name, value, held)
            if (schema, table) in ADDED_TO:
                assert told == FORBIDDEN
            elif (table, name) in NAMED and schema == "retention":
                assert told == REFERRED_TO
            else:
                assert told == ("" if name in changing else HELD), name
                assert refusal(connection, (schema, table), name, value, free) == "", name


async def test_no_fact_of_what_is_held_is_lost(system: System, office: Office) -> None:
    held, free = await office.take_in(), await office.take_in()
    await office.place(held)
    with psycopg.connect(inside(system)) as connection:
        for recording in (held, free):
            put_row(connection, "query", "recordings", "id", recording, office.tenant)
            connection.execute(
                "update query.recordings set facts = %s where id = %s",
                [Jsonb({"first": {}, "second": {}}), recording],
            )
    with role(system, "query", office.tenant) as connection:
        lacking: Sequence[object] = ({}, {"first": {}}, {"second": {}, "third": {}}, [], None)
        for facts in lacking:
            assert refusal(connection, ("query", "recordings"), "facts", Jsonb(facts), held)
        fewer, more = Jsonb({"first": {}}), Jsonb({"first": {}, "second": {}, "third": {}})
        assert refusal(connection, ("query", "recordings"), "facts", fewer, held) == HELD
        assert refusal(connection, ("query", "recordings"), "facts", fewer, free) == ""
        assert refusal(connection, ("query", "recordings"), "facts", more, held) == ""


def test_what_is_another_service_s_nobody_changes(system: System) -> None:
    with psycopg.connect(inside(system)) as connection:
        allowed = connection.execute(
            """
            select role, relname from unnest(%s::text[]) as role, pg_class
            where relnamespace = any(%s::text[]::regnamespace[]) and relkind in ('r', 'p')
                and relnamespace::regnamespace::text <> role
                and has_table_privilege(role, pg_class.oid, 'insert, update, delete, truncate, trigger')
            """,
            [list(SERVICES), list(SERVICES)],
        ).fetchall()
    assert allowed == []


async def test_a_hold_is_released_as_a_whole_by_somebody_who_says_why(system: System, office: Office) -> None:
    held, other = await office.take_in(), await office.take_in()
    placed = await office.place(held, other)
    assert isinstance(placed, Hold)
    statements = (
        "update retention.held set recording_id = gen_random_uuid() where recording_id = %(held)s",
        "update retention.held set hold_id = gen_random_uuid() where recording_id = %(held)s",
        "update retention.held set tenant = 'another' where recording_id = %(held)s",
        "update retention.held set released = true where recording_id = %(held)s",
        "update retention.holds set search = '{}' where id = %(hold)s",
        "update retention.holds set reason = 'another' where id = %(hold)s",
        "update retention.holds set released_at = now() where id = %(hold)s",
        "update retention.holds set released_at = now(), released_by = 'another' where id = %(hold)s",
    )
    named = {"held": held, "hold": placed.id}
    with role(system, "retention", office.tenant, "another") as connection:
        for statement in statements:
            with pytest.raises(psycopg.Error) as caught, connection.transaction():
                connection.execute(statement, named)
            assert caught.value.sqlstate == HELD, statement
    assert await office.release(placed) is not None
    with role(system, "retention", office.tenant) as connection:
        for statement in (
            "update retention.holds set released_by = 'another', release_reason = 'x' where id = %(hold)s",
            "update retention.held set released = false where recording_id = %(held)s",
        ):
            with pytest.raises(psycopg.Error) as caught, connection.transaction():
                connection.execute(statement, named)
            assert caught.value.sqlstate == HELD
