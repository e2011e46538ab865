"""What stores publish on NATS of their buckets."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NothingYet
from nats.js import JetStreamContext
from pydantic import ValidationError

from minutier.shared.topology import BUCKET_CONSUMER, BUCKET_STREAM

log = structlog.get_logger(__name__)

_FETCH_SECONDS = 5.0
_RETRY_SECONDS = 1.0
_RETRY_LIMIT_SECONDS = 300.0


class BucketMessages:
    """What stores publish of their buckets, one message after the other.

    ``take`` raises `ValidationError` for what is no notification; such a message is not delivered again,
    and every other failure delays it.
    """

    def __init__(
        self, js: Callable[[], JetStreamContext], take: Callable[[bytes], Awaitable[object]]
    ) -> None:
        self._js = js
        self._take = take

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                subscription = await self._js().pull_subscribe_bind(BUCKET_CONSUMER, BUCKET_STREAM)
                try:
                    while True:
                        await self._take_one(subscription)
                finally:
                    await subscription.unsubscribe()
            except Exception as error:
                log.warning("bucket notifications not read", exc_info=error)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _take_one(self, subscription: JetStreamContext.PullSubscription) -> None:
        try:
            (message,) = await subscription.fetch(1, timeout=_FETCH_SECONDS)
        except NothingYet:
            return
        try:
            await self._take(message.data)
        except ValidationError:
            log.warning("bucket notification not readable", size=len(message.data))
            await message.term()
        except Exception as error:
            log.warning("bucket notification not taken", exc_info=error)
            await message.nak(delay=_delay(message))
        else:
            await message.ack()


def _delay(message: Msg) -> float:
    attempts = message.metadata.num_delivered or 1
    return float(min(_RETRY_LIMIT_SECONDS, _RETRY_SECONDS * 3 ** min(attempts - 1, 10)))
