"""Events leave the database once, in order, whatever happens to the servers."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from nats.js import JetStreamContext
from pydantic import PostgresDsn
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.compose.embedded import System
from minutier.compose.servers import NATS, POSTGRES
from minutier.schemas.codec import decode
from minutier.schemas.events import AnyEvent, Failed, RecordingIngested, RecordingRejected, StageFailed
from minutier.shared import database, outbox, topology
from minutier.shared.delivery import Work
from minutier.shared.errors import Permanent
from minutier.shared.outbox import Relay
from minutier.shared.service import Service
from minutier.shared.settings import DatabaseSettings
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told
from tests.support.delivery_service import SECONDS, Streams, leave_effect, serving, until


@pytest.fixture
async def engine(system: System) -> AsyncIterator[AsyncEngine]:
    engine = database.connect(
        DatabaseSettings(url=PostgresDsn(system.database_url("retention")), timeout_seconds=5)
    )
    yield engine
    await engine.dispose()


class Crash(BaseException):
    """The end of a process."""


class Unsteady:
    """A stream that acknowledges as many messages as it is told to, and then the process ends."""

    def __init__(self, js: JetStreamContext, *, acknowledges: int) -> None:
        self._js = js
        self._left = acknowledges

    async def publish(self, *arguments: Any, **options: Any) -> None:
        await self._js.publish(*arguments, **options)
        self._left -= 1
        if self._left < 0:
            raise Crash


def events(count: int) -> list[AnyEvent]:
    """All of one recording, numbered by their attempts."""
    recording = uuid4()
    return [
        told.at(StageFailed, 0, Failed(stage="s", reason="r", attempts=n + 1), recording=recording)
        for n in range(count)
    ]


async def write(engine: AsyncEngine, batch: Sequence[AnyEvent]) -> None:
    async with engine.begin() as connection:
        await outbox.append(connection, batch)


async def kept(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(outbox.outbox))).scalar_one()


async def arrived(streams: Streams, recording: UUID) -> list[int]:
    return [
        decode(message.data or b"").data.attempts
        for message in await streams.on(f"{StageFailed.TYPE}.{recording}")
    ]


@asynccontextmanager
async def relaying(engine: AsyncEngine, js: JetStreamContext) -> AsyncIterator[Relay]:
    relay = Relay(engine, js, timeout=2)
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()


async def test_what_is_rolled_back_was_never_told(streams: Streams, engine: AsyncEngine) -> None:
    (undone,), (done,) = events(1), events(1)
    async with engine.connect() as connection, connection.begin() as transaction:
        await outbox.append(connection, [undone])
        await transaction.rollback()
    await write(engine, [done])
    assert await Relay(engine, streams.js, timeout=5).publish_batch() == 1
    assert await arrived(streams, undone.subject) == []
    assert await arrived(streams, done.subject) == [1]
    assert await kept(engine) == 0


async def test_many_leave_in_order_and_in_bounded_batches(streams: Streams, engine: AsyncEngine) -> None:
    batch = events(150)
    for event in batch:
        await write(engine, [event])
    relay = Relay(engine, streams.js, timeout=20)
    sizes = [await relay.publish_batch() for _ in range(4)]
    assert sum(sizes) == 150
    assert max(sizes) == 64
    assert await arrived(streams, batch[0].subject) == list(range(1, 151))


async def test_two_replicas_keep_the_order(streams: Streams, engine: AsyncEngine) -> None:
    batch = events(200)
    for event in batch:
        await write(engine, [event])
    async with relaying(engine, streams.js), relaying(engine, streams.js):
        await until(lambda: _empty(engine))
    assert await arrived(streams, batch[0].subject) == list(range(1, 201))


async def test_after_a_crash_between_publishing_and_removing_nothing_is_there_twice(
    streams: Streams, engine: AsyncEngine
) -> None:
    batch = events(3)
    await write(engine, batch)
    unsteady = Unsteady(streams.js, acknowledges=1)
    with pytest.raises(Crash):
        await Relay(engine, cast(JetStreamContext, unsteady), timeout=5).publish_batch()
    assert await kept(engine) == 3
    await Relay(engine, streams.js, timeout=5).publish_batch()
    assert await kept(engine) == 0
    assert await arrived(streams, batch[0].subject) == [1, 2, 3]


async def test_a_full_stream_refuses_and_the_outbox_keeps(streams: Streams, engine: AsyncEngine) -> None:
    batch = events(3)
    await write(engine, batch)
    await streams.js.update_stream(replace(topology.STREAMS[0], max_msgs=2))
    relay = Relay(engine, streams.js, timeout=5)
    with pytest.raises(Exception, match="maximum messages exceeded"):
        await relay.publish_batch()
    # What went before the refusal is done with.
    assert await kept(engine) == 1
    assert await arrived(streams, batch[0].subject) == [1, 2]
    await topology.upsert(streams.js)
    assert await relay.publish_batch() == 1
    assert await arrived(streams, batch[0].subject) == [1, 2, 3]


async def test_an_event_that_no_stream_takes_is_refused_when_it_is_written(engine: AsyncEngine) -> None:
    (event,) = events(1)
    large = event.model_copy(update={"source": "x" * outbox.EVENT_BYTES})
    with pytest.raises(Permanent, match="event_too_large"):
        await write(engine, [large])
    assert await kept(engine) == 0


async def test_the_largest_event_is_taken(streams: Streams, engine: AsyncEngine) -> None:
    (event,) = events(1)
    room = outbox.EVENT_BYTES - len(event.model_dump_json(exclude_none=True)) + len(event.source)
    await write(engine, [event.model_copy(update={"source": "x" * room})])
    assert await Relay(engine, streams.js, timeout=5).publish_batch() == 1


async def test_what_another_process_left_is_found(
    streams: Streams, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_IDLE_SECONDS", 0.1)
    async with relaying(engine, streams.js):
        await asyncio.sleep(0.2)
        (event,) = events(1)
        await write(engine, [event])
        await until(lambda: _empty(engine))
    assert await arrived(streams, event.subject) == [1]


@pytest.mark.parametrize("server", [NATS, POSTGRES])
async def test_a_service_goes_on_after_a_server_was_killed(
    system: System, streams: Streams, server: str
) -> None:
    before, during, after = (told.ingested(recording=uuid4()) for _ in range(3))
    entered, killed = asyncio.Event(), asyncio.Event()

    async def handle(event: RecordingIngested, work: Work) -> None:
        entered.set()
        if event.subject == during.subject:
            await killed.wait()
        await leave_effect(event, work)

    def subscribe(service: Service) -> None:
        service.on(RecordingIngested)(handle)

    async with serving(system, "retention", subscribe, attempts=100):
        await streams.publish(before)
        await until(lambda: _told(streams, before))
        entered.clear()
        await streams.publish(during)
        await entered.wait()
        running = system.supervisor[server]
        restarts = running.restarts
        assert running.pid is not None
        os.kill(running.pid, signal.SIGKILL)
        killed.set()
        async with asyncio.timeout(SECONDS):
            while running.restarts == restarts:  # noqa: ASYNC110 - there is no event for a death
                await asyncio.sleep(0.02)
            await running.ready.wait()
        await until(lambda: _connected(streams))
        await streams.publish(after)
        await until(lambda: _told(streams, during))
        await until(lambda: _told(streams, after))
    assert [await streams.effects(event.subject) for event in (before, during, after)] == [1, 1, 1]
    assert await streams.dead_letters() == []


async def _told(streams: Streams, event: AnyEvent) -> bool:
    return bool(await streams.on(f"{RecordingRejected.TYPE}.{event.subject}", EVENT_STREAM))


async def _empty(engine: AsyncEngine) -> bool:
    return not await kept(engine)


async def _connected(streams: Streams) -> bool:
    return streams.client.is_connected
