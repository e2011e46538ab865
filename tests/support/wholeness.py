"""What there is of recordings in all guarded tables and in the store, to be looked for again later."""

import asyncio
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import psycopg
from minio import Minio
from psycopg import sql

from minutier.compose.embedded import System
from minutier.shared.objects import ARTEFACTS, RECORDINGS, client
from tests.support.retention_holds import GUARDED

# Of each row what nobody may change; where nothing is said, all of it. The rest follows from what is told, or
# is decided upon: how a recording is classified, when it is due, what state it is in.
_CONTENT = {
    "retention.recordings": "id, tenant, source, kinds",
    "retention.schedules": "recording_id, kind, tenant",
    "ingestion.recordings": "id, tenant, source, external_id, rejected",
    "ingestion.jobs": "id, tenant, kind, recording_id, user_sub, base_url, language, created_at",
    "query.searched": "recording_id, tenant",
}
# What one row has much of, row by row.
_ROWS = {
    "query.recordings": """
        select query.recordings.id, tenant, destroyed, facts.key, facts.value
        from query.recordings, jsonb_each(query.recordings.facts) as facts where id = any(%s)
    """,
    # The names of speakers are found as people correct them, and the rest as it was said.
    "query.passages": """
        select recording_id, kind, segment, text from query.passages
        where recording_id = any(%s) and kind in (2, 3)
    """,
}


@dataclass(frozen=True, order=True)
class Stored:
    """A version of an object, with the digest of what is read from it."""

    bucket: str
    key: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Whole:
    """Rows by table, and objects."""

    rows: frozenset[tuple[str, str]]
    objects: frozenset[Stored]

    def lacks(self, now: "Whole") -> list[object]:
        """What there is no more, ``now``."""
        return [*sorted(self.rows - now.rows), *sorted(self.objects - now.objects)]

    @property
    def tables(self) -> set[str]:
        return {table for table, _ in self.rows}

    def __or__(self, other: "Whole") -> "Whole":
        return Whole(self.rows | other.rows, self.objects | other.objects)


async def whole(system: System, tenant: str, recordings: Collection[UUID]) -> Whole:
    """All that there is of these recordings."""
    return await asyncio.to_thread(_whole, system, tenant, list(recordings))


def _whole(system: System, tenant: str, recordings: list[UUID]) -> Whole:
    with psycopg.connect(inside(system)) as connection:
        rows = frozenset(
            (table, str(row))
            for table, statement in _statements().items()
            for (row,) in connection.execute(
                sql.SQL("select row_to_json(kept)::text from ({}) as kept").format(statement), [recordings]
            )
        )
    store = client(system.objects)
    objects = frozenset(
        stored
        for bucket in (RECORDINGS, ARTEFACTS)
        for recording in recordings
        for stored in _stored(store, bucket, f"{tenant}/{recording}/")
    )
    return Whole(rows, objects)


def inside(system: System) -> str:
    """The database of all services, for the administrator."""
    return psycopg.conninfo.make_conninfo(system.administrator_url, dbname="minutier")


def _statements() -> dict[str, sql.Composable]:
    found: dict[str, sql.Composable] = {}
    for schema, tables in GUARDED.items():
        for table, column in tables.items():
            name = f"{schema}.{table}"
            found[name] = (
                sql.SQL(_ROWS[name])
                if name in _ROWS
                else sql.SQL("select {} from {} where {} = any(%s)").format(
                    sql.SQL(_CONTENT.get(name, "*")), sql.Identifier(schema, table), sql.Identifier(column)
                )
            )
    return found


def _stored(store: Minio, bucket: str, prefix: str) -> list[Stored]:
    found = []
    for listed in store.list_objects(bucket, prefix, recursive=True, include_version=True):
        if listed.is_delete_marker:
            continue
        assert listed.object_name is not None
        assert listed.version_id is not None
        with store.get_object(bucket, listed.object_name, version_id=listed.version_id) as response:
            digest = hashlib.sha256(response.read()).hexdigest()
        found.append(Stored(bucket, listed.object_name, listed.version_id, digest))
    return found
