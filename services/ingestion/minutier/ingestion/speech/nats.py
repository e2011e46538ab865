"""How recordings end, in the stream of events."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from minutier.ingestion.nats import events_under
from minutier.ingestion.speech.domain import BEARING, Outcome, outcome
from minutier.schemas.events import AnyEvent

_POLL_SECONDS = 5.0


class StreamOutcomes:
    """Events are signals here, which may be lost; what the stream has is read then, and now and again."""

    def __init__(self, nats: Callable[[], Client], js: Callable[[], JetStreamContext]) -> None:
        self._nats = nats
        self._js = js

    async def wait(self, recording_id: UUID, *, since: datetime) -> Outcome:
        async with self._signals(recording_id) as signal:
            while True:
                signal.clear()
                # A server that is away for a while is asked again.
                with suppress(NatsError, TimeoutError):
                    if (found := outcome(await self._told(recording_id), since=since)) is not None:
                        return found
                with suppress(TimeoutError):
                    await asyncio.wait_for(signal.wait(), _POLL_SECONDS)

    @asynccontextmanager
    async def _signals(self, recording_id: UUID) -> AsyncIterator[asyncio.Event]:
        """Is set at every event of the recording."""
        signal = asyncio.Event()

        async def note(message: Msg) -> None:
            signal.set()

        subscription = await self._nats().subscribe(f"minutier.*.*.v1.{recording_id}", cb=note)
        try:
            yield signal
        finally:
            with suppress(NatsError):
                await subscription.unsubscribe()

    async def _told(self, recording_id: UUID) -> list[AnyEvent]:
        """What bears on the outcome, of each kind the oldest first."""
        return [
            event
            for kind in BEARING
            async for _, event in events_under(self._js(), f"{kind.TYPE}.{recording_id}")
        ]
