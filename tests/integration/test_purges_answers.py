"""What every service does about the order of a purge, over the real servers."""

import asyncio
from collections.abc import Callable, Collection
from uuid import UUID, uuid4

import pytest
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.compose.embedded import System
from minutier.schemas.events import AnyEvent, PurgeOutcome, RecordingIngested, Stage
from minutier.schemas.records import Kind
from minutier.schemas.references import Location
from minutier.shared import outbox
from minutier.shared.delivery import Work
from minutier.shared.objects import ARTEFACTS, Erased, Objects
from minutier.shared.service import Service
from tests.support import query_events as told
from tests.support.delivery_service import Handler, Streams, leave_effect, serving, until
from tests.support.purging import Purges

ROLE = "diarization"
THEIRS, OTHERS = f"{Stage.DIARIZATION}/", f"{Stage.TRANSCRIPTION}/"


@pytest.fixture
def purges(system: System, js: JetStreamContext) -> Purges:
    return Purges(system, js)


class Frail(Objects):
    """Loses its connection once, after a part of what it was to erase is gone."""

    def __init__(self, system: System) -> None:
        super().__init__(system.objects)
        self.failures = 1

    async def erase(self, bucket: str, prefix: str, *, keeping: Collection[str] = ()) -> Erased:
        if self.failures:
            self.failures -= 1
            async for page in self.kept(bucket, prefix):
                await self.remove(page[0].location)
                break
            raise ConnectionError
        return await super().erase(bucket, prefix, keeping=keeping)


async def keep(purges: Purges, recording: UUID, versions: int = 3) -> None:
    """Some versions and a delete marker of the service's own, and something of another's."""
    for below in (THEIRS, OTHERS):
        key = f"{purges.tenant}/{recording}/{below}1.json"
        for number in range(versions):
            await purges.objects.write(ARTEFACTS, key, b"%d" % number, "application/json")
        await purges.objects.remove(Location(bucket=ARTEFACTS, key=key))


def erasing(handler: Handler, objects: Objects, *, long_running: bool = False) -> Callable[[Service], None]:
    def subscribe(service: Service) -> None:
        handler.subscribe(long_running=long_running)(service)
        service.erase(objects)

    return subscribe


async def told_of(streams: Streams, recording: UUID) -> bool:
    return await streams.effects(recording) == 1


async def settled(streams: Streams) -> None:
    await until(lambda: streams.settled("diarization-recording-ingested"))


async def test_all_that_a_service_has_goes_and_nothing_comes_back(
    system: System, streams: Streams, purges: Purges
) -> None:
    recording = uuid4()
    await keep(purges, recording)
    async with serving(system, ROLE, erasing(Handler(), purges.objects)):
        await streams.publish(told.ingested(recording=recording))
        await until(lambda: told_of(streams, recording))
        assert purges.remains(ROLE, recording)["inbox"] == 1
        gone = await purges.purge(recording, ROLE)
        assert (gone["object_versions"], gone["rows"] >= 1) == (4, True)
        assert await purges.left(ARTEFACTS, recording, THEIRS) == 0
        assert await purges.left(ARTEFACTS, recording, OTHERS) == 4
        assert purges.remains(ROLE, recording) == {}
        await streams.publish(told.ingested(recording=recording))
        await settled(streams)
        assert await streams.effects(recording) == 1
        assert purges.remains(ROLE, recording) == {}


async def test_what_is_ordered_again_is_answered_again_and_what_comes_twice_once(
    system: System, streams: Streams, purges: Purges
) -> None:
    recording = uuid4()
    await keep(purges, recording)
    async with serving(system, ROLE, erasing(Handler(), purges.objects)):
        first = await purges.order(recording)
        await purges.answer(first, ROLE)
        assert await purges.purge(recording, ROLE) == {}
        await purges.publish(first)
        await until(lambda: streams.settled("diarization-purge-ordered"))
        assert len(await purges.answers(first, ROLE)) == 1


async def test_of_what_is_held_nothing_goes(system: System, streams: Streams, purges: Purges) -> None:
    recording = uuid4()
    await keep(purges, recording)
    purges.hold(recording)
    async with serving(system, ROLE, erasing(Handler(), purges.objects)):
        answer = await purges.answer(await purges.order(recording), ROLE)
        assert (answer.outcome, answer.erased) == (PurgeOutcome.HELD, ())
        assert await purges.left(ARTEFACTS, recording, THEIRS) == 4
        # It goes on as if there had been no order.
        await streams.publish(told.ingested(recording=recording))
        await until(lambda: told_of(streams, recording))
        purges.release(recording)
        await purges.purge(recording, ROLE)
        assert await purges.left(ARTEFACTS, recording, THEIRS) == 0


async def test_of_what_is_held_after_it_was_purged_nothing_goes_either(
    system: System, streams: Streams, purges: Purges
) -> None:
    """As where a backup of the store was restored."""
    recording = uuid4()
    async with serving(system, ROLE, erasing(Handler(), purges.objects)):
        await purges.purge(recording, ROLE)
        await keep(purges, recording)
        purges.hold(recording)
        await streams.publish(told.ingested(recording=recording))
        await settled(streams)
        assert await purges.left(ARTEFACTS, recording, THEIRS) == 4
        purges.release(recording)
        await streams.publish(told.ingested(recording=recording))
        await settled(streams)
        assert await purges.left(ARTEFACTS, recording, THEIRS) == 0


async def test_what_fails_half_way_is_done_again_and_answered_once(
    system: System, streams: Streams, purges: Purges
) -> None:
    recording, objects = uuid4(), Frail(system)
    await keep(purges, recording)
    async with serving(system, ROLE, erasing(Handler(), objects)):
        order = await purges.order(recording)
        answer = await purges.answer(order, ROLE)
        assert answer.outcome is PurgeOutcome.ERASED
        assert objects.failures == 0
        assert await purges.left(ARTEFACTS, recording, THEIRS) == 0
        assert len(await purges.answers(order, ROLE)) == 1


class Writer(Handler):
    """Stores something after it was let go on, and then tells of it."""

    def __init__(self, purges: Purges) -> None:
        super().__init__()
        self.purges = purges
        self.go_on.clear()

    async def __call__(self, event: AnyEvent, work: Work) -> None:
        self.entered.set()
        await self.go_on.wait()
        await keep(self.purges, event.subject)
        await leave_effect(event, work)


async def test_what_long_work_stores_after_the_purge_goes_again(
    system: System, streams: Streams, purges: Purges
) -> None:
    recording, writer = uuid4(), Writer(purges)
    async with serving(system, ROLE, erasing(writer, purges.objects, long_running=True)):
        await streams.publish(told.ingested(recording=recording))
        await writer.entered.wait()
        await purges.purge(recording, ROLE)
        writer.go_on.set()
        await settled(streams)
        assert await purges.left(ARTEFACTS, recording, THEIRS) == 0
        assert await purges.left(ARTEFACTS, recording, OTHERS) == 4
        assert purges.remains(ROLE, recording) == {}
        assert await streams.effects(recording) == 0


async def test_a_purge_waits_for_what_is_being_written(
    system: System, streams: Streams, purges: Purges
) -> None:
    recording = uuid4()
    entered, go_on = asyncio.Event(), asyncio.Event()

    def subscribe(service: Service) -> None:
        @service.on(RecordingIngested)
        async def write(event: RecordingIngested, work: Work) -> None:
            async with work.transaction():
                entered.set()
                await go_on.wait()
                await keep(purges, recording)

        service.erase(purges.objects)

    async with serving(system, ROLE, subscribe):
        await streams.publish(told.ingested(recording=recording))
        await entered.wait()
        order = await purges.order(recording)
        await asyncio.sleep(0.2)
        assert not await purges.answers(order, ROLE)
        go_on.set()
        await purges.answer(order, ROLE)
        assert await purges.left(ARTEFACTS, recording, THEIRS) == 0
        assert purges.remains(ROLE, recording) == {}


@pytest.mark.parametrize(("kind", "left"), [(Kind.TRANSCRIPT, 0), (Kind.MEDIA, 4)])
async def test_of_part_of_a_recording_the_rest_goes_on(
    system: System, streams: Streams, purges: Purges, kind: Kind, left: int
) -> None:
    recording = uuid4()
    await keep(purges, recording)
    async with serving(system, ROLE, erasing(Handler(), purges.objects)):
        await purges.purge(recording, ROLE, kind)
        assert await purges.left(ARTEFACTS, recording, THEIRS) == left
        await streams.publish(told.ingested(recording=recording))
        await until(lambda: told_of(streams, recording))


async def test_what_was_not_published_yet_is_read_and_forgotten(engine: AsyncEngine) -> None:
    event, other = told.announced(recording=uuid4()), told.announced(recording=uuid4())
    async with engine.connect() as connection:
        await outbox.append(connection, [event, other])
        assert await outbox.waiting(connection, event.subject) == [event]
        assert await outbox.forget(connection, [event.subject]) == {event.subject: 1}
        assert await outbox.waiting(connection, event.subject) == []
        assert await outbox.waiting(connection, other.subject) == [other]
