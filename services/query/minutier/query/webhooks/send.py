"""The use case: what applications are to be told is sent, of every tenant, and tried again."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from minutier.query.webhooks.domain import KEPT, Attempt, Claimed, signed
from minutier.query.webhooks.ports import Post, Queue
from minutier.schemas.clock import now

log = structlog.get_logger(__name__)

# All attempts that one process makes at a time; a webhook has one of them.
_AT_ONCE = 64
_POLL_SECONDS = 1.0
# Longer than an attempt may take: what was claimed by a process that has died is claimed again then.
_LEASE = timedelta(seconds=60)
_SWEEP = timedelta(hours=1)


class Sender:
    """Sends until it is cancelled; what is on its way then is sent once more by somebody else.

    Those who are slow wait for themselves: a webhook has one attempt at a time, and the tenant with the
    fewest on their way comes first.
    """

    def __init__(
        self,
        queue: Queue,
        post: Post,
        *,
        clock: Callable[[], datetime] = now,
        at_once: int = _AT_ONCE,
        poll_seconds: float = _POLL_SECONDS,
    ) -> None:
        self._queue = queue
        self._post = post
        self._clock = clock
        self._at_once = at_once
        self._poll_seconds = poll_seconds
        self._under_way: dict[UUID, str] = {}
        self._landed = asyncio.Event()
        self._swept: datetime | None = None

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._landed.clear()
                try:
                    await self._launch(tasks)
                    await self._sweep()
                except Exception as error:
                    log.warning("webhooks not read", exc_info=error)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._poll_seconds):
                        await self._landed.wait()

    async def _launch(self, tasks: asyncio.TaskGroup) -> None:
        """Take what is due as far as there is room."""
        at = self._clock()
        of_tenants = Counter(self._under_way.values())
        tenants = list(await self._queue.tenants(at))
        random.shuffle(tenants)
        for tenant in sorted(tenants, key=of_tenants.__getitem__):
            room = self._at_once - len(self._under_way)
            if room <= 0:
                return
            claimed = await self._queue.claim(
                tenant, at, until=at + _LEASE, limit=room, busy=frozenset(self._under_way)
            )
            for delivery in claimed:
                self._under_way[delivery.webhook_id] = tenant
                tasks.create_task(self._deliver(delivery))

    async def _deliver(self, claimed: Claimed) -> None:
        try:
            await self.attempt(claimed)
        except Exception as error:
            log.warning("webhook delivery not kept", delivery_id=str(claimed.id), exc_info=error)
        finally:
            del self._under_way[claimed.webhook_id]
            self._landed.set()

    async def attempt(self, claimed: Claimed) -> None:
        """Send a delivery once, and keep what came of it."""
        at, began = self._clock(), time.monotonic()
        body = claimed.body
        answer = await self._post(claimed.url, body.encode(), signed(claimed.id, at, body, claimed.secrets))
        seconds = round(time.monotonic() - began, 3)
        attempt = Attempt(at, seconds, answer.status, answer.fault)
        # What is random about delays has nothing to hide.
        await self._queue.finish(claimed, attempt, answer, chance=random.random())

    async def _sweep(self) -> None:
        at = self._clock()
        if self._swept is None or at - self._swept >= _SWEEP:
            self._swept = at
            await self._queue.sweep(at - KEPT)
