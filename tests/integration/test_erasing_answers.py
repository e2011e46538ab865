"""What every service does about the order that erases one person, over the real servers."""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from nats.js import JetStreamContext

from minutier.compose.embedded import System
from minutier.schemas.clock import now
from minutier.schemas.events import AnyEvent, Made, PurgeOrdered, PurgeOutcome, RecordingIngested, Stage
from minutier.schemas.references import ObjectRef
from minutier.shared.delivery import Work
from minutier.shared.erasing import Replaced
from minutier.shared.objects import ARTEFACTS, Objects
from minutier.shared.service import Service
from tests.support import query_events as told
from tests.support.delivery_service import Streams, leave_effect, serving, until
from tests.support.erasing import Erasing
from tests.support.purging import Purges

ROLE = "diarization"
ORDERS, WORK = "diarization-purge-ordered", "diarization-recording-ingested"


@pytest.fixture
def erasing(system: System, js: JetStreamContext) -> Erasing:
    return Erasing(Purges(system, js))


class Maker:
    """Makes an object in place of what goes, once a purge; a test can hold it after that."""

    def __init__(self, objects: Objects, *failures: Exception) -> None:
        self.objects = objects
        self.made: list[ObjectRef] = []
        self.entered = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._failures = list(failures)

    async def __call__(self, order: PurgeOrdered) -> Replaced:
        key = f"{order.tenant}/{order.subject}/{Stage.DIARIZATION}/made-{order.data.purge_id}.json"
        found = await self.objects.find(ARTEFACTS, key)
        ref = found[1] if found else await self.objects.write(ARTEFACTS, key, b"made", "text/plain")
        self.made.append(ref)
        self.entered.set()
        await self.go_on.wait()
        if self._failures:
            raise self._failures.pop(0)
        return Replaced((Made(ref=ref),), [told.rejected(recording=order.subject)])


class Worker:
    """Stores something once it is let go on, and tells of it."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.calls = 0
        self.entered = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, event: AnyEvent, work: Work) -> None:
        self.calls += 1
        self.entered.set()
        await self.go_on.wait()
        await self.objects.write(ARTEFACTS, key_of(event.subject, "late"), b"late", "text/plain")
        await leave_effect(event, work)


def key_of(recording: UUID, name: str) -> str:
    return f"acme/{recording}/{Stage.DIARIZATION}/{name}.json"


def answering(maker: Maker, worker: Worker | None = None) -> Callable[[Service], None]:
    def subscribe(service: Service) -> None:
        service.erase(maker.objects, replace=maker)
        service.heed_cancellations()
        if worker is not None:
            service.on(RecordingIngested, long_running=True, cancellable=True)(worker)

    return subscribe


async def theirs(erasing: Erasing, recording: UUID) -> set[str]:
    """Of what the service has in its place, the names."""
    keys = await erasing.keys(ARTEFACTS, recording)
    return {key.rpartition("/")[2].removesuffix(".json") for key in keys if f"/{Stage.DIARIZATION}/" in key}


async def put(erasing: Erasing, recording: UUID, *names: str) -> None:
    for name in names:
        for body in (b"1", b"2"):
            await erasing.objects.write(ARTEFACTS, key_of(recording, name), body, "text/plain")


async def test_all_goes_but_what_is_named_and_what_was_made(
    system: System, streams: Streams, erasing: Erasing
) -> None:
    recording, maker = uuid4(), Maker(erasing.objects)
    await put(erasing, recording, "old", "kept")
    instead = await erasing.instead(recording)
    kept = instead.transcript.model_copy(update={"key": key_of(recording, "kept")})
    async with serving(system, ROLE, answering(maker)):
        order = await erasing.order(recording, instead.model_copy(update={"turns": kept}))
        answer = await erasing.purges.answer(order, ROLE)
        assert (answer.outcome, answer.made) == (PurgeOutcome.ERASED, (Made(ref=maker.made[0]),))
        assert [(each.place, each.count) for each in answer.erased] == [("object_versions", 2)]
        assert await theirs(erasing, recording) == {"kept", f"made-{order.data.purge_id}"}
        # What is told of it comes with the answer, and the recording goes on.
        await until(lambda: _has_effects(streams, recording, 1))
        assert "tombstones" not in erasing.purges.remains(ROLE, recording)


async def test_an_order_that_comes_again_makes_nothing_twice(
    system: System, streams: Streams, erasing: Erasing
) -> None:
    recording, maker = uuid4(), Maker(erasing.objects, ConnectionError())
    await put(erasing, recording, "old")
    async with serving(system, ROLE, answering(maker)):
        order = await erasing.order(recording, await erasing.instead(recording))
        first = await erasing.purges.answer(order, ROLE)
        assert len(maker.made) == 2
        await erasing.purges.publish(order)
        await until(lambda: streams.settled(ORDERS))
        assert len(maker.made) == 2
        again = order.model_copy(update={"id": uuid4()})
        await erasing.purges.publish(again)
        second = await erasing.purges.answer(again, ROLE)
    assert first.made == second.made
    assert (second.outcome, second.erased) == (PurgeOutcome.ERASED, ())
    assert await erasing.purges.left(ARTEFACTS, recording, f"{Stage.DIARIZATION}/") == 1


async def test_where_it_is_held_nothing_goes_and_nothing_is_made(
    system: System, streams: Streams, erasing: Erasing
) -> None:
    recording, maker = uuid4(), Maker(erasing.objects)
    await put(erasing, recording, "old")
    erasing.purges.hold(recording)
    async with serving(system, ROLE, answering(maker)):
        order = await erasing.order(recording, await erasing.instead(recording))
        answer = await erasing.purges.answer(order, ROLE)
    assert (answer.outcome, answer.made, maker.made) == (PurgeOutcome.HELD, (), [])
    assert await theirs(erasing, recording) == {"old"}


async def test_where_it_is_held_meanwhile_what_was_made_goes_and_work_goes_on(
    system: System, streams: Streams, erasing: Erasing
) -> None:
    recording, maker, worker = uuid4(), Maker(erasing.objects), Worker(erasing.objects)
    worker.go_on.set()
    await put(erasing, recording, "old")
    before = told.ingested(recording=recording)
    maker.go_on.clear()
    async with serving(system, ROLE, answering(maker, worker)):
        order = await erasing.order(recording, await erasing.instead(recording))
        await maker.entered.wait()
        erasing.purges.hold(recording)
        maker.go_on.set()
        answer = await erasing.purges.answer(order, ROLE)
        assert (answer.outcome, answer.made) == (PurgeOutcome.HELD, ())
        assert await theirs(erasing, recording) == {"old"}
        await streams.publish(before)
        await until(lambda: _has_effects(streams, recording, 1))


async def test_what_an_earlier_order_has_left_a_hold_keeps(
    system: System, streams: Streams, erasing: Erasing
) -> None:
    recording, maker = uuid4(), Maker(erasing.objects)
    async with serving(system, ROLE, answering(maker)):
        order = await erasing.order(recording, await erasing.instead(recording))
        await erasing.purges.answer(order, ROLE)
        maker.entered.clear()
        maker.go_on.clear()
        again = order.model_copy(update={"id": uuid4()})
        await erasing.purges.publish(again)
        await maker.entered.wait()
        erasing.purges.hold(recording)
        maker.go_on.set()
        answer = await erasing.purges.answer(again, ROLE)
    assert answer.outcome is PurgeOutcome.HELD
    assert await theirs(erasing, recording) == {f"made-{order.data.purge_id}"}


async def test_work_under_way_is_stopped_and_what_it_stores_late_goes(
    system: System, streams: Streams, erasing: Erasing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However late it looks whether it is still wanted."""
    monkeypatch.setattr("minutier.shared.cancellations._LOOK_SECONDS", 3600)
    recording, maker, worker = uuid4(), Maker(erasing.objects), Worker(erasing.objects)
    async with serving(system, ROLE, answering(maker, worker)):
        await streams.publish(told.ingested(recording=recording))
        await worker.entered.wait()
        order = await erasing.order(recording, await erasing.instead(recording))
        await erasing.purges.answer(order, ROLE)
        worker.go_on.set()
        await until(lambda: streams.settled(WORK))
        assert await theirs(erasing, recording) == {f"made-{order.data.purge_id}"}
    # What the answer tells is all.
    assert await streams.effects(recording) == 1
    assert await streams.dead_letters() == []


async def test_what_was_wanted_before_is_not_begun_and_what_is_wanted_later_is_done(
    system: System, streams: Streams, erasing: Erasing
) -> None:
    recording, maker, worker = uuid4(), Maker(erasing.objects), Worker(erasing.objects)
    worker.go_on.set()
    before = told.ingested(recording=recording)
    async with serving(system, ROLE, answering(maker, worker)):
        order = await erasing.order(recording, await erasing.instead(recording))
        await erasing.purges.answer(order, ROLE)
        await streams.publish(before)
        await until(lambda: streams.settled(WORK))
        assert worker.calls == 0
        await streams.publish(told.ingested(recording=recording).model_copy(update={"time": now()}))
        await until(lambda: _has_effects(streams, recording, 2))
        assert await theirs(erasing, recording) == {"late", f"made-{order.data.purge_id}"}


async def test_of_the_whole_nothing_is_known_afterwards(
    system: System, streams: Streams, erasing: Erasing
) -> None:
    recording, maker = uuid4(), Maker(erasing.objects)
    async with serving(system, ROLE, answering(maker)):
        order = await erasing.order(recording, await erasing.instead(recording))
        await erasing.purges.answer(order, ROLE)
        assert erasing.purges.remains(ROLE, recording)["erasures"] == 1
        await erasing.purges.purge(recording, ROLE)
    assert erasing.purges.remains(ROLE, recording) == {}
    assert await theirs(erasing, recording) == set()


async def _has_effects(streams: Streams, recording: UUID, count: int) -> bool:
    return await streams.effects(recording) == count
