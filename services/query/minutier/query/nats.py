"""Signals over core NATS, so that each replica hears what another one projected."""

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


class NatsSignals:
    """Signals are a courtesy: where NATS is away, watchers still read on their own."""

    def __init__(self, client: Callable[[], Client]) -> None:
        self._client = client

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
                await client.flush(_FLUSH_SECONDS)
            yield mailbox
        finally:
            for subscription in subscriptions:
                with suppress(NatsError):
                    await subscription.unsubscribe()


def _subject(id: UUID) -> str:
    return f"changed.{id}"
