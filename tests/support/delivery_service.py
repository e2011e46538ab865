"""Services with handlers of a test's own, run in its process on the servers of a system."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

import nats
import psycopg
import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from minutier.compose.embedded import System
from minutier.schemas.codec import decode, encode
from minutier.schemas.events import AnyEvent, RecordingIngested, RecordingRejected, StageFailed
from minutier.shared import topology
from minutier.shared.delivery import Work
from minutier.shared.service import Service
from tests.support import query_events as told

# Short, so that the work of the dead is taken over while a test waits.
ACK_WAIT = 1.0
SECONDS = 30


class Streams:
    """The streams of a system, and the tables of the services that tests stand in for."""

    def __init__(self, system: System, client: Client) -> None:
        self.system = system
        self.client = client
        self.js: JetStreamContext = client.jetstream(timeout=5)

    async def reset(self) -> None:
        """As after provisioning, with nothing delivered yet."""
        await topology.upsert(self.js, ack_wait=ACK_WAIT)
        for stream in topology.STREAMS:
            assert stream.name is not None
            await self.js.purge_stream(stream.name)
        for service in ("retention", "attribution", "diarization"):
            with psycopg.connect(self.system.database_url(service).replace("+psycopg", "")) as connection:
                connection.execute("delete from inbox")
                connection.execute("delete from outbox")

    async def publish(self, event: AnyEvent) -> None:
        """As a message of its own, even where the event was published before."""
        await self.put(event.nats_subject, encode(event))

    async def put(self, subject: str, body: bytes) -> None:
        await self.js.publish(subject, body, stream=topology.EVENT_STREAM)

    async def on(self, subject: str, stream: str = topology.EVENT_STREAM) -> list[RawStreamMsg]:
        """The messages whose subject matches, oldest first."""
        found: list[RawStreamMsg] = []
        with suppress(NotFoundError):
            while True:
                after = (found[-1].seq or 0) + 1 if found else 1
                found.append(await self.js.get_msg(stream, seq=after, subject=subject, next=True))
        return found

    async def effects(self, recording: UUID) -> int:
        """How many times a handler's effect was left."""
        return len(await self.on(f"{RecordingRejected.TYPE}.{recording}"))

    async def failures(self, recording: UUID) -> list[AnyEvent]:
        return await self.told(f"{StageFailed.TYPE}.{recording}")

    async def told(self, subject: str) -> list[AnyEvent]:
        """The events under a subject, oldest first."""
        return [decode(message.data or b"") for message in await self.on(subject)]

    async def dead_letters(self) -> list[RawStreamMsg]:
        return await self.on("deadletter.>", topology.DEAD_LETTER_STREAM)

    async def settled(self, consumer: str) -> bool:
        """Whether the consumer has nothing left to deliver and nothing in hand."""
        try:
            info = await self.js.consumer_info(topology.EVENT_STREAM, consumer)
        except NotFoundError:
            return False
        return not info.num_pending and not info.num_ack_pending


@asynccontextmanager
async def streams_of(system: System) -> AsyncIterator[Streams]:
    client = await nats.connect(
        system.nats.url,
        token=system.credentials.nats_token,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.1,
    )
    try:
        yield Streams(system, client)
    finally:
        await client.close()


class Handler:
    """Counts its calls, lets a test hold it, and fails as often as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.calls: list[UUID] = []
        self.entered = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._failures = list(failures)

    async def __call__(self, event: AnyEvent, work: Work) -> None:
        self.calls.append(event.subject)
        self.entered.set()
        await self.go_on.wait()
        if self._failures:
            raise self._failures.pop(0)
        await leave_effect(event, work)

    def subscribe(self, *, long_running: bool = False) -> Callable[[Service], None]:
        def subscribe(service: Service) -> None:
            service.on(RecordingIngested, long_running=long_running)(self)

        return subscribe


@asynccontextmanager
async def serving(
    system: System,
    name: str,
    subscribe: Callable[[Service], None],
    *,
    attempts: int = 10,
    retry: float = 0.05,
    retry_limit: float = 0.2,
) -> AsyncIterator[Service]:
    """One replica of a service whose handlers ``subscribe`` registers."""
    environment = {
        **system.environment(name),
        "MINUTIER_DELIVERY_ATTEMPTS": str(attempts),
        "MINUTIER_DELIVERY_RETRY_SECONDS": str(retry),
        "MINUTIER_DELIVERY_RETRY_LIMIT_SECONDS": str(retry_limit),
        "MINUTIER_DELIVERY_SHUTDOWN_SECONDS": "0.2",
    }
    with pytest.MonkeyPatch.context() as patch:
        for key, value in environment.items():
            patch.setenv(key, value)
        service = Service(name)
    subscribe(service)
    async with service.running():
        yield service


async def leave_effect(event: AnyEvent, work: Work) -> None:
    """An effect that can be counted: an event under an id of its own."""
    async with work.transaction() as transaction:
        transaction.publish(told.rejected(recording=event.subject).model_copy(update={"id": uuid4()}))


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - servers tell of no change
            await asyncio.sleep(0.02)
