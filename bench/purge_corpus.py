"""Many recordings as one is after its full run: its rows, objects and messages, under other numbers."""

import asyncio
import io
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import nats
import psycopg
from nats.errors import TimeoutError as NoMessages
from nats.js import JetStreamContext
from psycopg import sql

from minutier.compose.embedded import System
from minutier.schemas.choreography import SUBSCRIPTIONS
from minutier.shared.objects import ARTEFACTS, RECORDINGS, client
from minutier.shared.remains import OUTLIVES
from minutier.shared.topology import EVENT_STREAM, consumers

_THREADS = 16
_MESSAGES = 500

# Of every table that names recordings: the column that does, and all others that can be written.
_TABLES = """
    select nspname, relname, naming.attname,
        array_agg(other.attname::text order by other.attnum) filter (where other.attname is not null),
        array(
            select attname::text from pg_index
                join pg_attribute on attrelid = indrelid and attnum = any(indkey)
            where indrelid = pg_class.oid and indisunique and not naming.attnum = any(indkey)
                and atttypid in ('uuid'::regtype, 'varchar'::regtype)
        )
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        join pg_attribute as naming on naming.attrelid = pg_class.oid and naming.atttypid = 'uuid'::regtype
        left join pg_attribute as other on other.attrelid = pg_class.oid and other.attnum > 0
            and not other.attisdropped and other.attidentity = '' and other.attname <> naming.attname
    where nspname = any(%s) and relkind = 'r' and naming.attnum > 0
        and (naming.attname = 'recording_id' or col_description(pg_class.oid, naming.attnum) is not null)
        and coalesce(col_description(pg_class.oid, naming.attnum), '') not like %s
    group by nspname, relname, pg_class.oid, naming.attname, naming.attnum
"""


@dataclass(frozen=True)
class Named:
    """A table whose ``column`` names recordings, with the others; ``unique`` may not be as in another row."""

    schema: str
    table: str
    column: str
    others: Sequence[str]
    unique: Sequence[str]

    def copy(self) -> sql.Composed:
        """From the template, for each of many new numbers."""
        values = [
            self._new(each) if each in self.unique else sql.SQL("t.{}").format(sql.Identifier(each))
            for each in self.others
        ]
        return sql.SQL(
            "insert into {table} ({columns}) select {values} from {table} as t "
            "cross join unnest(%(ids)s::uuid[]) as new(id) where t.{column} = %(template)s"
        ).format(
            table=sql.Identifier(self.schema, self.table),
            columns=sql.SQL(", ").join(map(sql.Identifier, [self.column, *self.others])),
            values=sql.SQL(", ").join([sql.SQL("new.id"), *values]),
            column=sql.Identifier(self.column),
        )

    def delete(self) -> sql.Composed:
        return sql.SQL("delete from {} where {} = %s").format(
            sql.Identifier(self.schema, self.table), sql.Identifier(self.column)
        )

    def _new(self, column: str) -> sql.Composable:
        """An id is another one, and a text has the recording's number behind it."""
        name = sql.Identifier(column)
        if column == "tenant":
            return sql.SQL("t.{}").format(name)
        if column.endswith("id") and column != "external_id":
            return sql.SQL("gen_random_uuid()")
        return sql.SQL("t.{} || new.id").format(name)


def named(connection: psycopg.Connection[Any]) -> list[Named]:
    """By the catalogue, so that a table that is new is in the benchmark as well."""
    found = connection.execute(_TABLES, [list(SUBSCRIPTIONS), f"{OUTLIVES}%"]).fetchall()
    return [Named(*row) for row in found]


def copy_rows(connection: psycopg.Connection[Any], template: UUID, ids: Sequence[UUID]) -> None:
    """Each table's at once; ``connection`` commits by itself."""
    # Foreign keys are as in the template: they need not be looked at in any order.
    connection.execute("set session_replication_role = replica")
    for each in named(connection):
        connection.execute(each.copy(), {"ids": list(ids), "template": template})
    connection.execute("set session_replication_role = default")
    connection.execute("vacuum analyze")


def copy_objects(system: System, tenant: str, template: UUID, ids: Iterable[UUID]) -> None:
    store = client(system.objects)
    bodies = []
    for bucket in (RECORDINGS, ARTEFACTS):
        prefix = f"{tenant}/{template}/"
        for found in store.list_objects(bucket, prefix, recursive=True):
            name = str(found.object_name)
            digest = (store.stat_object(bucket, name).metadata or {}).get("x-amz-meta-sha256", "")
            with store.get_object(bucket, name) as response:
                bodies.append((bucket, name.removeprefix(prefix), response.read(), str(digest)))

    def put(recording: UUID) -> None:
        for bucket, below, body, digest in bodies:
            store.put_object(
                bucket,
                f"{tenant}/{recording}/{below}",
                io.BytesIO(body),
                len(body),
                metadata={"sha256": digest},
            )

    with ThreadPoolExecutor(_THREADS) as threads:
        for _ in threads.map(put, ids):
            pass


async def copy_messages(system: System, template: UUID, ids: Sequence[UUID]) -> None:
    """On the streams, and read by everybody."""
    connection = await nats.connect(system.nats.url, token=system.credentials.nats_token)
    js = connection.jetstream(timeout=30)
    try:
        messages = []
        subjects = (
            await js.stream_info(EVENT_STREAM, subjects_filter=f"minutier.*.*.*.{template}")
        ).state.subjects or {}
        for subject in subjects:
            found = await js.get_last_msg(EVENT_STREAM, subject)
            messages.append((subject.removesuffix(str(template)), found.data or b""))
        for start in range(0, len(ids), _MESSAGES):
            part = ids[start : start + _MESSAGES]
            await asyncio.gather(
                *(
                    js.publish(f"{subject}{recording}", body, stream=EVENT_STREAM)
                    for recording in part
                    for subject, body in messages
                )
            )
        for service in SUBSCRIPTIONS:
            for consumer in consumers(service):
                await _read_all(js, consumer.name)
    finally:
        await connection.close()


async def _read_all(js: JetStreamContext, durable: str) -> None:
    reading = await js.pull_subscribe_bind(durable, EVENT_STREAM)
    while (await js.consumer_info(EVENT_STREAM, durable)).num_pending:
        try:
            for message in await reading.fetch(_MESSAGES, timeout=5):
                await message.ack()
        except NoMessages:
            continue
    await reading.unsubscribe()
