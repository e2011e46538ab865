"""A short-lived connection to NATS, for commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from minutier.compose.failures import Failure, Status
from minutier.shared.settings import NatsSettings


class Unanswered(Failure):
    """NATS does not answer, or not as it should."""

    status = Status.UNREACHABLE

    def __init__(self, error: Exception) -> None:
        super().__init__(
            f"NATS does not answer ({type(error).__name__}). See 'minutier status'; with a server of your "
            "own, check MINUTIER_NATS_*."
        )


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
        raise Unanswered(error) from None


async def _ignore(error: Exception) -> None:
    """By default the client logs a traceback of what it raises as well."""
