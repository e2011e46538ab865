"""A short-lived connection to NATS, for commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from minutier.shared.settings import NatsSettings


class Unanswered(Exception):
    """NATS does not answer, or not as it should."""


@asynccontextmanager
async def jetstream(settings: NatsSettings) -> AsyncIterator[JetStreamContext]:
    """Raises `Unanswered`; nothing is tried twice."""
    try:
        client = await nats.connect(
            settings.url,
            token=settings.token.get_secret_value() if settings.token else None,
            name="minutier-command-line",
            connect_timeout=max(1, int(settings.timeout_seconds)),
            allow_reconnect=False,
            error_cb=_ignore,
        )
        try:
            yield client.jetstream(timeout=settings.timeout_seconds)
        finally:
            await client.close()
    except (NatsError, OSError, TimeoutError) as error:
        raise Unanswered(type(error).__name__) from None


async def _ignore(error: Exception) -> None:
    """By default the client logs a traceback of what it raises as well."""
