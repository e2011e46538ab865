"""What becomes of the work of a recording that nobody wants any more, on the real servers."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from minutier.compose.embedded import System
from minutier.schemas.events import (
    AnyEvent,
    RecordingCancelled,
    RecordingIngested,
    ReprocessingRequested,
    Stage,
)
from minutier.shared.delivery import Work
from minutier.shared.errors import Permanent
from minutier.shared.service import Service
from minutier.shared.worker import Worker
from tests.support import delivery_jobs as jobs
from tests.support import query_events as told
from tests.support.delivery_service import Handler, Streams, leave_effect, serving, until

CONSUMER = "diarization-recording-ingested"
CANCELLING = "diarization-recording-cancelled"
REPROCESSING = "diarization-reprocessing-requested"


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker(limit_seconds=3600)
    yield worker
    await worker.stop()


def cancellable(
    handler: Callable[[AnyEvent, Work], Awaitable[None]], *, long_running: bool = True
) -> Callable[[Service], None]:
    def subscribe(service: Service) -> None:
        service.on(RecordingIngested, long_running=long_running, cancellable=True)(handler)
        service.on(ReprocessingRequested, long_running=long_running, cancellable=True)(handler)
        service.heed_cancellations()

    return subscribe


def cancelling(event: AnyEvent, *, after: float = 1) -> RecordingCancelled:
    """Told ``after`` what it cancels was wanted, in seconds."""
    cancelled = told.cancelled(recording=event.subject)
    return cancelled.model_copy(update={"time": event.wanted_since + timedelta(seconds=after)})


async def settled(streams: Streams, *consumers: str) -> None:
    for consumer in consumers:
        await until(lambda consumer=consumer: streams.settled(consumer))  # type: ignore[misc]


async def test_what_runs_is_stopped_and_so_is_its_child_process(
    system: System, streams: Streams, worker: Worker, tmp_path: Path
) -> None:
    event, other, started = told.ingested(recording=uuid4()), told.ingested(recording=uuid4()), tmp_path / "x"

    async def work_hard(heard: AnyEvent, work: Work) -> None:
        if heard.subject == event.subject:
            await worker.run(jobs.dawdle, started)
        await leave_effect(heard, work)

    async with serving(system, "diarization", cancellable(work_hard)):
        await streams.publish(event)
        await until(lambda: asyncio.to_thread(started.exists))
        child = int(started.read_text())
        await streams.publish(cancelling(event))
        await streams.publish(other)
        await settled(streams, CONSUMER, CANCELLING)
        await until(lambda: asyncio.to_thread(_is_gone, child))
        await until(lambda: _has(streams, other, 1))
    assert await streams.effects(event.subject) == 0
    assert await streams.failures(event.subject) == []
    assert await streams.dead_letters() == []


async def test_what_runs_elsewhere_is_stopped_by_whichever_replica_hears_of_it(
    system: System, streams: Streams
) -> None:
    event, held = told.ingested(recording=uuid4()), Handler()
    held.go_on.clear()

    def hears_nothing(service: Service) -> None:
        service.on(RecordingIngested, long_running=True, cancellable=True)(held)

    async with serving(system, "diarization", hears_nothing):
        await streams.publish(event)
        await held.entered.wait()
        async with serving(system, "diarization", lambda service: service.heed_cancellations()):
            await streams.publish(cancelling(event))
            await settled(streams, CONSUMER, CANCELLING)
    assert await streams.effects(event.subject) == 0


@pytest.mark.parametrize("long_running", [True, False])
async def test_what_waits_is_not_begun(system: System, streams: Streams, long_running: bool) -> None:
    event, handler = told.ingested(recording=uuid4()), Handler()
    async with serving(system, "diarization", lambda service: service.heed_cancellations()):
        await streams.publish(cancelling(event))
        await settled(streams, CANCELLING)
    async with serving(system, "diarization", cancellable(handler, long_running=long_running)):
        await streams.publish(event)
        await settled(streams, CONSUMER)
    assert handler.calls == []
    assert await streams.effects(event.subject) == 0


async def test_what_is_asked_for_later_is_done_and_what_was_cancelled_stays_so(
    system: System, streams: Streams
) -> None:
    event, handler = told.ingested(recording=uuid4()), Handler()
    cancelled = cancelling(event)
    again = told.requested(Stage.DIARIZATION, recording=event.subject, seconds=60)
    async with serving(system, "diarization", cancellable(handler)):
        await streams.publish(cancelled)
        await settled(streams, CANCELLING)
        await streams.publish(again)
        await until(lambda: _has(streams, event, 1))
        # An older cancellation that comes late, and what it cancels, change nothing.
        await streams.publish(cancelled.model_copy(update={"id": uuid4(), "time": event.time}))
        await streams.publish(event)
        await settled(streams, CONSUMER, CANCELLING, REPROCESSING)
    assert len(handler.calls) == 1
    assert await streams.effects(event.subject) == 1


async def test_what_follows_is_as_old_as_what_it_follows_from(system: System, streams: Streams) -> None:
    event = told.ingested(recording=uuid4()).model_copy(update={"wantedsince": told.START})
    async with serving(system, "diarization", cancellable(Handler())):
        await streams.publish(event)
        await until(lambda: _has(streams, event, 1))
    broken = told.ingested(recording=uuid4())
    async with serving(system, "diarization", cancellable(Handler(Permanent("no_audio")))):
        await streams.publish(broken)
        await until(lambda: _failed(streams, broken))
    (effect,) = await streams.told(f"minutier.recording.rejected.v1.{event.subject}")
    (failure,) = await streams.failures(broken.subject)
    assert (effect.wanted_since, failure.wanted_since) == (told.START, broken.time)


async def test_a_handler_that_runs_out_of_time_by_itself_is_tried_again(
    system: System, streams: Streams
) -> None:
    event, handler = told.ingested(recording=uuid4()), Handler(TimeoutError())
    async with serving(system, "diarization", cancellable(handler)):
        await streams.publish(event)
        await until(lambda: _has(streams, event, 1))
    assert len(handler.calls) == 2


async def test_work_that_is_not_cancellable_goes_on(system: System, streams: Streams) -> None:
    event, handler = told.ingested(recording=uuid4()), Handler()

    def subscribe(service: Service) -> None:
        handler.subscribe()(service)
        service.heed_cancellations()

    async with serving(system, "diarization", subscribe):
        await streams.publish(cancelling(event))
        await settled(streams, CANCELLING)
        await streams.publish(event)
        await until(lambda: _has(streams, event, 1))


async def _has(streams: Streams, event: AnyEvent, effects: int) -> bool:
    return await streams.effects(event.subject) == effects


async def _failed(streams: Streams, event: AnyEvent) -> bool:
    return bool(await streams.failures(event.subject))


def _is_gone(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return False
    return True
