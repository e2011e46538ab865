"""Events written in the transaction that changes the state they tell of, and published after it."""

import asyncio
from collections.abc import Sequence

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
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from minutier.schemas.codec import encode
from minutier.schemas.events import AnyEvent
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

_BATCH = 64
_IDLE_SECONDS = 5.0
_FAILURE_LIMIT_SECONDS = 30.0


async def append(connection: AsyncConnection, events: Sequence[AnyEvent]) -> None:
    """Write events to be published once ``connection``'s transaction has committed."""
    rows = [
        {
            "event_id": event.id,
            "recording_id": event.subject,
            "subject": event.nats_subject,
            "body": encode(event),
        }
        for event in events
    ]
    # News of a failure may be written again after a crash, under the same id.
    await connection.execute(insert(outbox).on_conflict_do_nothing(), rows)


class Relay:
    """Publishes what the outbox holds, in order, at least once.

    A row is removed after the stream has acknowledged it. Should the process die in between, the
    row is published again under the same message id, and the inbox of each reader drops it.
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
            except (NatsError, SQLAlchemyError, OSError, TimeoutError) as error:
                failures += 1
                delay = min(_FAILURE_LIMIT_SECONDS, 0.5 * 2**failures)
                log.warning("outbox not published", error=type(error).__name__, retry_in=delay)
            try:
                await asyncio.wait_for(self._written.wait(), delay)
            except TimeoutError:
                continue

    async def publish_batch(self) -> int:
        """Publish the oldest rows that no other replica is publishing; returns how many."""
        async with self._engine.begin() as connection:
            rows = (
                await connection.execute(
                    select(outbox.c.position, outbox.c.event_id, outbox.c.subject, outbox.c.body)
                    .order_by(outbox.c.position)
                    .limit(_BATCH)
                    .with_for_update(skip_locked=True)
                )
            ).all()
            for row in rows:
                await self._js.publish(
                    row.subject,
                    row.body,
                    stream=EVENT_STREAM,
                    timeout=self._timeout,
                    headers={"Nats-Msg-Id": str(row.event_id)},
                )
            if rows:
                positions = [row.position for row in rows]
                await connection.execute(delete(outbox).where(outbox.c.position.in_(positions)))
        return len(rows)
