"""Events written in the transaction that changes the state they tell of, and published after it."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from uuid import UUID

import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    delete,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from minutier.schemas.codec import decode, encode
from minutier.schemas.events import OF_PURGES, AnyEvent
from minutier.shared.errors import Permanent
from minutier.shared.topology import EVENT_STREAM

log = structlog.get_logger(__name__)

metadata = MetaData()

# Core tables: the role's search path puts them into the service's own schema.
outbox = Table(
    "outbox",
    metadata,
    Column("position", BigInteger, Identity(), primary_key=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("recording_id", Uuid, nullable=False, index=True),
    Column("subject", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

# What the stream takes at most: a larger event would never leave, nor would any behind it.
EVENT_BYTES = 1024**2 - 4096

_BATCH = 64
_IDLE_SECONDS = 5.0
_FAILURE_LIMIT_SECONDS = 30.0

# News of a failure may be written again after a crash, under the same id.
_APPEND = insert(outbox).on_conflict_do_nothing()
_OLDEST = (
    select(outbox.c.position, outbox.c.event_id, outbox.c.subject, outbox.c.body)
    .order_by(outbox.c.position)
    .limit(_BATCH)
    # Passing over what another replica holds would break the order.
    .with_for_update()
)


async def append(connection: AsyncConnection, events: Sequence[AnyEvent]) -> None:
    """Write events to be published once ``connection``'s transaction has committed.

    Raises `Permanent` (``event_too_large``) for one that no stream would take.
    """
    bodies = [encode(event) for event in events]
    if any(len(body) > EVENT_BYTES for body in bodies):
        raise Permanent("event_too_large")
    rows = [
        {
            "event_id": event.id,
            "recording_id": event.subject,
            "subject": event.nats_subject,
            "body": body,
        }
        for event, body in zip(events, bodies, strict=True)
    ]
    await connection.execute(_APPEND, rows)


async def waiting(connection: AsyncConnection, recording_id: UUID) -> Sequence[AnyEvent]:
    """What was not published of a recording, nor is before the transaction ends."""
    rows = select(outbox.c.body).where(outbox.c.recording_id == recording_id).order_by(outbox.c.position)
    return [decode(body) for body in (await connection.execute(rows.with_for_update())).scalars()]


async def forget(connection: AsyncConnection, recordings: Collection[UUID]) -> Counter[UUID]:
    """Remove what was not published of recordings, news of purges aside; gives how many rows of each."""
    gone = delete(outbox).where(
        outbox.c.recording_id.in_(recordings),
        *(~outbox.c.subject.startswith(f"{event.TYPE}.") for event in OF_PURGES),
    )
    return Counter((await connection.execute(gone.returning(outbox.c.recording_id))).scalars())


class Relay:
    """Publishes what the outbox holds, in order, at least once.

    A row is removed after the stream has acknowledged it. Should the process die in between, the
    row is published again under the same message id, and the inbox of each reader drops it.
    Of several replicas one publishes at a time: the others wait for its rows.
    """

    def __init__(self, engine: AsyncEngine, js: JetStreamContext, *, timeout: float) -> None:
        self._engine = engine
        self._js = js
        self._timeout = timeout
        self._written = asyncio.Event()

    def wake(self) -> None:
        """Say that a transaction with events has committed."""
        self._written.set()

    async def run(self) -> None:
        """Until cancelled; a failure delays, and never ends, the relay."""
        failures = 0
        while True:
            self._written.clear()
            try:
                while await self.publish_batch() == _BATCH:
                    pass
                failures = 0
                delay = _IDLE_SECONDS
            except Exception as error:
                failures += 1
                delay = min(_FAILURE_LIMIT_SECONDS, 0.5 * 2 ** min(failures, 10))
                log.warning("outbox not published", retry_in=delay, exc_info=error)
            try:
                await asyncio.wait_for(self._written.wait(), delay)
            except TimeoutError:
                continue

    async def publish_batch(self) -> int:
        """Publish the oldest rows, and return how many; raises what the servers' clients raise.

        What was published before a failure is removed, so that a slow stream still gets on.
        """
        published: list[int] = []
        failure: Exception | None = None
        async with self._engine.begin() as connection:
            rows = (await connection.execute(_OLDEST)).all()
            try:
                async with asyncio.timeout(self._timeout):
                    for row in rows:
                        await self._js.publish(
                            row.subject,
                            row.body,
                            stream=EVENT_STREAM,
                            timeout=self._timeout,
                            headers={"Nats-Msg-Id": str(row.event_id)},
                        )
                        published.append(row.position)
            except (NatsError, OSError, TimeoutError) as error:
                failure = error
            if published:
                await connection.execute(delete(outbox).where(outbox.c.position.in_(published)))
        if failure is not None:
            raise failure
        return len(published)
