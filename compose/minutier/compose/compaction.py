"""Having the servers give up the space of what was deleted, in which its bytes still lie.

Deleting marks rows and objects; the bytes stay until something else is written over them. After a purge they
are written over at once, where somebody asks for it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from minutier.compose.failures import Failure
from minutier.schemas.choreography import SUBSCRIPTIONS

_SECONDS = httpx.Timeout(600.0, connect=5.0)
_STATEMENT = "-c statement_timeout=3600000"
# What is deleted at all is reason enough.
_GARBAGE = "0.0001"

_TABLES = """
    select nspname, relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relkind = 'r' and nspname = any(%s)
    order by nspname, relname
"""
# The most common values of columns, of which some are titles and names.
_STATISTICS = ("pg_catalog", "pg_statistic")


class NotCompacted(Failure):
    """A server did not do it; the text says which."""


@dataclass(frozen=True)
class Servers:
    """Where the database's superuser is let in, in libpq's form, and where the store's master answers."""

    database_url: str
    database: str
    master_url: str


async def compact(servers: Servers, *, report: Callable[[str], None] = lambda _: None) -> None:
    """Rewrite every table of the services, and the store's volumes; ``report`` is told what is under way.

    Each table is locked while it is rewritten. Raises `NotCompacted`.
    """
    try:
        await asyncio.to_thread(_rewrite_tables, servers, report)
    except psycopg.Error as error:
        raise NotCompacted(
            f"PostgreSQL did not rewrite its tables: {error.sqlstate or 'no answer'}."
        ) from None
    report("store")
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False, verify=False) as client:
            answer = await client.get(
                f"{servers.master_url}/vol/vacuum", params={"garbageThreshold": _GARBAGE}
            )
            answer.raise_for_status()
    except httpx.HTTPError:
        raise NotCompacted("The store did not rewrite its volumes. See its log.") from None


def _rewrite_tables(servers: Servers, report: Callable[[str], None]) -> None:
    inside = make_conninfo(servers.database_url, dbname=servers.database)
    with psycopg.connect(inside, autocommit=True, connect_timeout=10, options=_STATEMENT) as connection:
        tables = connection.execute(_TABLES, [list(SUBSCRIPTIONS)]).fetchall()
        for schema, table in (*tables, _STATISTICS):
            report(f"{schema}.{table}")
            name = sql.Identifier(schema, table)
            connection.execute(sql.SQL("vacuum (full, analyze) {}").format(name))
        report("write-ahead log")
        # Of what was written before the last of two checkpoints nothing is kept.
        connection.execute("checkpoint")
        connection.execute("select pg_switch_wal()")
        connection.execute("checkpoint")
