"""Events that are handled several at a time, on the real servers."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

from minutier.compose.embedded import System
from minutier.schemas.events import AnyEvent, RecordingIngested
from minutier.shared.delivery import Work
from minutier.shared.errors import Permanent
from minutier.shared.service import Service
from minutier.shared.together import Joined, Together, transaction
from tests.support import query_events as told
from tests.support.delivery_service import Streams, serving, until

CONSUMER = "retention-recording-ingested"
COUNT = 12


class Handler:
    """Leaves an effect for each event but those that it refuses; may be held, and counts how it is called."""

    def __init__(self, *refused: UUID) -> None:
        self.calls: list[int] = []
        self.entered = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._refused = set(refused)
        self._together = Together(self._handle, most=COUNT)

    async def _handle(self, joined: Sequence[Joined]) -> None:
        self.calls.append(len(joined))
        self.entered.set()
        await self.go_on.wait()
        async with transaction(joined) as parts:
            for part in parts:
                effect = told.rejected(recording=part.event.subject)
                part.publish(effect.model_copy(update={"id": uuid4()}))
                if part.event.subject in self._refused:
                    raise Permanent("refused")

    def subscribe(self, service: Service) -> None:
        async def join(event: AnyEvent, work: Work) -> None:
            await self._together.join(work)

        service.on(RecordingIngested, at_once=COUNT)(join)


def recordings() -> list[RecordingIngested]:
    return [told.ingested(recording=uuid4()) for _ in range(COUNT)]


async def effects(streams: Streams, events: Sequence[RecordingIngested]) -> list[int]:
    return [await streams.effects(event.subject) for event in events]


async def handled(streams: Streams, events: Sequence[RecordingIngested], *, total: int = COUNT) -> None:
    async def told_of() -> bool:
        return sum(await effects(streams, events)) >= total

    await until(told_of)
    await until(lambda: streams.settled(CONSUMER))


async def test_what_waits_is_handled_at_once_and_each_has_its_effect_once(
    system: System, streams: Streams
) -> None:
    events, handler = recordings(), Handler()
    for event in [*events, *events]:
        await streams.publish(event)
    async with serving(system, "retention", handler.subscribe):
        await handled(streams, events)
    assert len(handler.calls) < len(events)
    assert await effects(streams, events) == [1] * COUNT
    assert await streams.dead_letters() == []


async def test_what_cannot_be_handled_keeps_no_other_from_it(system: System, streams: Streams) -> None:
    events = recordings()
    refused = events[3].subject
    handler = Handler(refused)
    for event in events:
        await streams.publish(event)
    async with serving(system, "retention", handler.subscribe):
        await handled(streams, events, total=COUNT - 1)
        await until(lambda: _buried(streams))
    assert await effects(streams, events) == [event.subject != refused for event in events]
    (letter,) = await streams.dead_letters()
    assert letter.subject == f"deadletter.{CONSUMER}.{refused}"


async def test_what_follows_belongs_to_its_own_event(system: System, streams: Streams) -> None:
    events, handler = recordings(), Handler()
    for event in events:
        await streams.publish(event)
    async with serving(system, "retention", handler.subscribe):
        await handled(streams, events)
    for event in events:
        (effect,) = await streams.told(f"minutier.recording.rejected.v1.{event.subject}")
        assert effect.wanted_since == event.wanted_since


async def test_a_service_that_stops_gives_all_of_them_back(system: System, streams: Streams) -> None:
    events, stalled, other = recordings(), Handler(), Handler()
    stalled.go_on.clear()
    for event in events:
        await streams.publish(event)
    async with serving(system, "retention", stalled.subscribe):
        await stalled.entered.wait()
    async with serving(system, "retention", other.subscribe):
        await handled(streams, events)
    assert await effects(streams, events) == [1] * COUNT


async def _buried(streams: Streams) -> bool:
    return bool(await streams.dead_letters())
