"""Several short events whose effects are one transaction, since most of a short one is its beginning and end.

Each stays a message of its own: it has its heartbeat, its place in the inbox and its end. Where they fail
together, each is handled by itself, so that only what cannot be handled fails.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass, field

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.schemas.events import AnyEvent
from minutier.shared import inbox
from minutier.shared.delivery import Transaction, Work

log = structlog.get_logger(__name__)

# Those that were fetched at once arrive one shortly after the other.
_MOMENT_SECONDS = 0.005


@dataclass(frozen=True)
class Part:
    """One event's part in a transaction; what is published in it follows from that event."""

    event: AnyEvent
    session: AsyncSession
    _transaction: Transaction
    _context: Context

    def publish(self, event: AnyEvent) -> None:
        self._context.run(self._transaction.publish, event)


@dataclass(frozen=True)
class Joined:
    """One work, and the context that its message is handled in."""

    work: Work
    context: Context = field(default_factory=copy_context)


@asynccontextmanager
async def transaction(joined: Sequence[Joined]) -> AsyncIterator[Sequence[Part]]:
    """The effects of those of one consumer that had none yet, whole or not at all."""
    async with joined[0].work.begin() as whole:
        delivered = [each.work.delivered for each in joined]
        new = await inbox.complete_all(await whole.session.connection(), delivered)
        taken = [each for each in joined if each.work.delivered.event_id in new]
        yield [
            Part(
                each.work.event,
                whole.session,
                Transaction(whole.session, each.work.event, whole.events),
                each.context,
            )
            for each in taken
        ]
    for each in taken:
        each.work.done = True


class Together:
    """Has ``handle`` called with all that wait for it, ``most`` of them at once.

    Of those it leaves without an effect the delivery finds out why they have none.
    """

    def __init__(self, handle: Callable[[Sequence[Joined]], Awaitable[None]], *, most: int) -> None:
        self._handle = handle
        self._most = most
        self._waiting: list[tuple[Joined, asyncio.Future[bool]]] = []
        self._handling: asyncio.Task[None] | None = None
        self._alone = asyncio.Lock()

    async def join(self, work: Work) -> None:
        """Until it was handled; raises what ``handle`` raises about this one."""
        joined = Joined(work)
        if not await self._among_others(joined):
            async with self._alone:
                await self._handle([joined])

    async def _among_others(self, joined: Joined) -> bool:
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((joined, done))
        if self._handling is None:
            # What is logged and traced there is of no one event.
            self._handling = asyncio.create_task(self._handle_all(), context=Context())
        try:
            return await done
        except asyncio.CancelledError:
            if self._handling is not None:
                self._handling.cancel()
            raise

    async def _handle_all(self) -> None:
        handled: list[tuple[Joined, asyncio.Future[bool]]] = []
        try:
            await asyncio.sleep(_MOMENT_SECONDS)
            while self._waiting:
                handled, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                _settle(handled, await self._try([joined for joined, _ in handled]))
        finally:
            left, self._waiting, self._handling = handled + self._waiting, [], None
            for _, done in left:
                done.cancel()

    async def _try(self, joined: Sequence[Joined]) -> bool:
        try:
            await self._handle(joined)
        except Exception as error:
            log.info("not handled together", events=len(joined), exc_info=error)
            return False
        return True


def _settle(handled: Sequence[tuple[Joined, "asyncio.Future[bool]"]], done: bool) -> None:
    for _, future in handled:
        if not future.done():
            future.set_result(done)
