"""Signals over core NATS, so that each replica hears what another one projected."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import ValidationError

from minutier.query.mailbox import Mailbox
from minutier.schemas.events import Progress

_FLUSH_SECONDS = 2
# By then the client has met that the connection is gone, and has made another one.
_GIVEN_UP_SECONDS = 600


class NatsSignals:
    """Signals are a courtesy: where NATS is away, watchers still read on their own."""

    def __init__(self, client: Callable[[], Client]) -> None:
        self._client = client
        self._flushing: set[asyncio.Task[None]] = set()

    async def tell(self, id: UUID) -> None:
        with suppress(NatsError):
            await self._client().publish(_subject(id), b"")

    @asynccontextmanager
    async def listen(self, id: UUID) -> AsyncIterator[Mailbox]:
        mailbox = Mailbox()

        async def on_progress(message: Msg) -> None:
            with suppress(ValidationError):
                progress = Progress.model_validate_json(message.data)
                mailbox.put_progress(progress.stage.value, progress.fraction)

        async def on_change(message: Msg) -> None:
            mailbox.put_change()

        client = self._client()
        subscriptions = []
        try:
            with suppress(NatsError):
                subscriptions.append(await client.subscribe(f"progress.{id}", cb=on_progress))
                subscriptions.append(await client.subscribe(_subject(id), cb=on_change))
                # From here on the server has the subscriptions: what is read next misses nothing.
                await self._flush(client)
            yield mailbox
        finally:
            for subscription in subscriptions:
                with suppress(NatsError):
                    await subscription.unsubscribe()

    async def _flush(self, client: Client) -> None:
        """Until the server has what was sent, or for a moment; what waits for the server goes on by itself.

        Were it cancelled, the server's answer would end the client's reading: nothing would be heard any
        more, of nothing, while the connection seems well.
        """
        flush = asyncio.create_task(_flushed(client))
        self._flushing.add(flush)
        flush.add_done_callback(self._flushing.discard)
        await asyncio.wait([flush], timeout=_FLUSH_SECONDS)


async def _flushed(client: Client) -> None:
    with suppress(NatsError):
        await client.flush(_GIVEN_UP_SECONDS)


def _subject(id: UUID) -> str:
    return f"changed.{id}"
