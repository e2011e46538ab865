"""What happens to every message between the stream and a handler.

FastStream's own policies either drop a message on any error or redeliver it without pause, so this
middleware decides: it heartbeats while the handler works, refuses at once what no retry can mend,
retries the rest after a growing delay, and writes what it gives up on to the dead-letter stream. Work
that nobody wants any more it does not begin, and stops.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import structlog
from faststream import BaseMiddleware, ContextRepo
from faststream.message import StreamMessage
from nats.aio.client import Client
from nats.aio.msg import Msg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.schemas.codec import UndecodableEvent
from minutier.schemas.events import OF_PURGES, AnyEvent, Progress, Stage
from minutier.schemas.references import Location
from minutier.shared import cancellations, erasures, inbox, outbox, stored, telemetry
from minutier.shared.dead_letters import DeadLetters
from minutier.shared.errors import AlreadyDone, Cancelled, Permanent, Purged, Superseded, code
from minutier.shared.settings import DeliverySettings
from minutier.shared.topology import ACK_WAIT_SECONDS, Consumer
from minutier.shared.worker import Report

log = structlog.get_logger(__name__)

Next = Callable[[StreamMessage[Msg]], Awaitable[Any]]

_PROGRESS_SECONDS = 0.5

_DONE, _ALREADY_DONE, _SUPERSEDED, _CANCELLED = "done", "already_done", "superseded", "cancelled"
_PURGED = "purged"


@dataclass
class Transaction:
    """One database transaction; what is published in it is sent once it has committed.

    ``cause`` is the event whose effect it is, where it is one's.
    """

    session: AsyncSession
    cause: AnyEvent | None = None
    events: list[AnyEvent] = field(default_factory=list)

    def publish(self, event: AnyEvent) -> None:
        """What follows from the cause is wanted since that was, unless ``event`` says otherwise."""
        wanted = event.wantedsince
        if wanted is None and self.cause is not None and self.cause.subject == event.subject:
            wanted = self.cause.wanted_since
        update = {"traceparent": telemetry.traceparent(), "wantedsince": wanted}
        self.events.append(event.model_copy(update=update))


@asynccontextmanager
async def begin(
    engine: AsyncEngine, wake_relay: Callable[[], None], cause: AnyEvent | None = None
) -> AsyncIterator[Transaction]:
    """A state and the events that tell of it, whole or not at all."""
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        transaction = Transaction(session, cause)
        yield transaction
        if transaction.events:
            await outbox.append(await session.connection(), transaction.events)
    if transaction.events:
        wake_relay()
        telemetry.published(transaction.events)


@dataclass
class Work:
    """One event in a handler's hands.

    ``claim`` fences long work: it is ``None`` for work so short that it is one transaction. What fails at
    the last attempt becomes a dead letter. ``stored`` is where it has put anything into the object store.
    """

    event: AnyEvent
    delivered: inbox.Delivered
    claim: UUID | None
    _engine: AsyncEngine
    _wake_relay: Callable[[], None]
    _nats: Client
    is_last_attempt: bool = False
    cancellable: bool = False
    stored: Sequence[Location] = ()
    done: bool = False

    async def take(self) -> None:
        """Claim work of a kind that is short but for some. Raises `AlreadyDone`, `Purged`."""
        self.claim = await inbox.claim(self._engine, self.delivered)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """The event's effect, whole or not at all, once.

        Raises `Superseded` or `AlreadyDone` before anything is written where another delivery of
        the event has taken over or has finished, `Purged` where nothing is left of the recording,
        `Cancelled` where somebody was erased from it, and `RuntimeError` where the effect is there: a
        second transaction could be lost without the first.
        """
        if self.done:
            raise RuntimeError("the effect of an event is one transaction")
        async with self.begin() as transaction:
            await self._fence(await transaction.session.connection())
            yield transaction
        self.done = True

    def begin(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that does not record that the event has had its effect, nor asks whether it has."""
        return begin(self._engine, self._wake_relay, self.event)

    def report(self, stage: Stage) -> Report:
        """Tells whoever watches how far ``stage`` is; lost where nobody does."""
        last = 0.0

        def report(fraction: float) -> None:
            nonlocal last
            if fraction < 1.0 and time.monotonic() - last < _PROGRESS_SECONDS:
                return
            last = time.monotonic()
            progress = Progress(
                recording_id=self.delivered.recording_id, stage=stage, fraction=min(1.0, max(0.0, fraction))
            )
            task = asyncio.create_task(
                self._nats.publish(progress.nats_subject, progress.model_dump_json().encode())
            )
            _sending.add(task)
            task.add_done_callback(_sent)

        return report

    async def _fence(self, connection: AsyncConnection) -> None:
        if self.claim is None:
            await inbox.complete_unclaimed(connection, self.delivered)
        else:
            await inbox.complete(connection, self.delivered, self.claim)
        if self.cancellable and await erasures.cover(connection, self.event.subject, self.event.wanted_since):
            raise Cancelled


_sending: set[asyncio.Task[None]] = set()


def _sent(task: asyncio.Task[None]) -> None:
    _sending.discard(task)
    # Progress is only ever a courtesy; a lost connection is met by those who need it.
    if not task.cancelled():
        task.exception()


_current: ContextVar[Work] = ContextVar("work")


def current_work() -> Work:
    return _current.get()


class WaitCancelled(Exception):
    """What a handler waited for was cancelled, while the handler itself was not."""


class _Middleware(BaseMiddleware[Any, Any]):
    def __init__(self, message: Msg | None, /, *, context: ContextRepo, delivery: "Delivery") -> None:
        super().__init__(message, context=context)
        self._delivery = delivery

    async def consume_scope(self, call_next: Next, msg: StreamMessage[Msg]) -> None:
        await self._delivery.handle(msg, call_next)


@dataclass
class _Subscription:
    consumer: Consumer
    long_running: bool
    cancellable: bool
    attempts: int
    ack_wait: float = ACK_WAIT_SECONDS


class Delivery:
    """The delivery rules of one service, applied to the messages of every consumer it registered."""

    def __init__(
        self,
        service: str,
        *,
        engine: AsyncEngine,
        wake_relay: Callable[[], None],
        settings: DeliverySettings,
        nats: Callable[[], Client],
        dead_letters: DeadLetters,
        erase_again: Callable[[AnyEvent, Sequence[Location]], Awaitable[None]],
    ) -> None:
        self.service = service
        self._engine = engine
        self._wake_relay = wake_relay
        self._settings = settings
        self._nats = nats
        self._dead_letters = dead_letters
        self._erase_again = erase_again
        self._subscriptions: dict[str, _Subscription] = {}
        self._in_hand: dict[asyncio.Task[None], Msg] = {}

    @property
    def consumers(self) -> tuple[Consumer, ...]:
        return tuple(subscription.consumer for subscription in self._subscriptions.values())

    def register(
        self,
        consumer: Consumer,
        *,
        long_running: bool,
        cancellable: bool = False,
        attempts: int | None = None,
    ) -> None:
        """Give up on a message after ``attempts``, or after as many as the settings say."""
        self._subscriptions[consumer.name] = _Subscription(
            consumer, long_running, cancellable, attempts or self._settings.attempts
        )

    def heed(self, consumer: Consumer, *, ack_wait: float) -> None:
        """Send heartbeats often enough for what the server expects: one in ``ack_wait`` seconds."""
        self._subscriptions[consumer.name].ack_wait = ack_wait

    def middleware(self, message: Msg | None, /, *, context: ContextRepo) -> BaseMiddleware[Any, Any]:
        """What FastStream calls for each message."""
        return _Middleware(message, context=context, delivery=self)

    async def handle(self, message: StreamMessage[Msg], call_next: Next) -> None:
        """Run the handler, and settle the message whatever happens.

        FastStream cancels its own loop when it stops; the work goes on until `stop` ends it.
        """
        task = asyncio.create_task(self._handle(message, call_next))
        self._in_hand[task] = message.raw_message
        task.add_done_callback(self._settled)
        await asyncio.shield(task)

    async def stop(self) -> None:
        """Let work in hand finish for a moment, then give back what has not to the stream."""
        for end in (lambda task: None, asyncio.Task.cancel):
            for task in self._in_hand:
                end(task)
            if self._in_hand:
                await asyncio.wait(self._in_hand, timeout=self._settings.shutdown_seconds)
        for raw in self._in_hand.values():
            log.warning("handler does not end")
            await raw.nak()

    def _settled(self, task: asyncio.Task[None]) -> None:
        del self._in_hand[task]
        if not task.cancelled() and (error := task.exception()):
            # The server delivers the message again when no heartbeat has come for a while.
            log.warning("message not settled", exc_info=error)

    async def _handle(self, message: StreamMessage[Msg], call_next: Next) -> None:
        raw = message.raw_message
        attempt = raw.metadata.num_delivered or 1
        subscription = self._subscriptions[raw.metadata.consumer]
        consumer = subscription.consumer
        try:
            event = await _event_in(message, consumer)
        except UndecodableEvent as error:
            await self._give_up(raw, consumer, None, attempt, error.reason)
            return
        started = time.monotonic()
        with (
            telemetry.consuming(self.service, event, attempt) as span,
            structlog.contextvars.bound_contextvars(
                recording_id=str(event.subject), event_id=str(event.id), consumer=consumer.name
            ),
        ):
            try:
                outcome = await self._attempt(message, call_next, event, attempt, subscription)
            except asyncio.CancelledError:
                # Another replica can have it at once.
                with suppress(Exception):
                    await raw.nak()
                raise
            except Permanent as error:
                outcome = error.reason
                telemetry.failed(span, outcome)
                log.warning("event cannot be handled", reason=outcome, exc_info=error)
                await self._give_up(raw, consumer, event, attempt, outcome)
            except Exception as error:
                outcome = code(error)
                telemetry.failed(span, outcome)
                log.warning("attempt failed", attempt=attempt, exc_info=error)
                if attempt >= subscription.attempts:
                    await self._give_up(raw, consumer, event, attempt, outcome)
                else:
                    await raw.nak(delay=self._delay(attempt))
            else:
                # The newer delivery settles what was superseded: settling it here would take it away.
                if outcome != _SUPERSEDED:
                    await raw.ack()
            telemetry.handled(consumer.name, outcome, time.monotonic() - started)

    async def _attempt(
        self,
        message: StreamMessage[Msg],
        call_next: Next,
        event: AnyEvent,
        attempt: int,
        subscription: _Subscription,
    ) -> str:
        """How the message is to be settled; raises what the handler raises."""
        if attempt > subscription.attempts:
            # Whatever this message does to the process, it has done it often enough.
            raise Permanent("too_many_deliveries")
        delivered = inbox.Delivered(
            subscription.consumer.name, event.id, event.subject, of_purge=isinstance(event, OF_PURGES)
        )
        heartbeat = asyncio.create_task(_heartbeat(message.raw_message, subscription.ack_wait / 3))
        while_wanted = (
            cancellations.while_wanted(self._engine, event) if subscription.cancellable else nullcontext()
        )
        noted = stored.begin()
        try:
            async with while_wanted:
                claim = await inbox.claim(self._engine, delivered) if subscription.long_running else None
                work = Work(
                    event,
                    delivered,
                    claim,
                    self._engine,
                    self._wake_relay,
                    self._nats(),
                    is_last_attempt=attempt >= subscription.attempts,
                    cancellable=subscription.cancellable,
                    stored=noted,
                )
                _current.set(work)
                await call_next(message)
                if not work.done:
                    async with work.transaction():
                        pass
        except AlreadyDone:
            return _ALREADY_DONE
        except Superseded:
            return _SUPERSEDED
        except (Cancelled, Purged) as error:
            # It may have stored something before it was told.
            await self._erase_again(event, noted)
            return _PURGED if isinstance(error, Purged) else _CANCELLED
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            raise WaitCancelled from None
        finally:
            heartbeat.cancel()
        return _DONE

    def _delay(self, attempt: int) -> float:
        delay: float = self._settings.retry_seconds * 3 ** (attempt - 1)
        return min(self._settings.retry_limit_seconds, delay)

    async def _give_up(
        self, raw: Msg, consumer: Consumer, event: AnyEvent | None, attempt: int, reason: str
    ) -> None:
        """End the message once it is kept as a dead letter; where it cannot be, try again later."""
        log.error("message given up", reason=reason, attempt=attempt, consumer=consumer.name)
        try:
            await self._dead_letters.bury(raw, consumer, event, attempts=attempt, reason=reason)
        except Exception as error:
            log.warning("dead letter not written", exc_info=error)
            await raw.nak(delay=self._settings.retry_limit_seconds)
        else:
            await raw.term()


async def _heartbeat(raw: Msg, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        with suppress(Exception):
            await raw.in_progress()


async def _event_in(message: StreamMessage[Msg], consumer: Consumer) -> AnyEvent:
    """Raises `UndecodableEvent`, with ``wrong_subject`` where the event lies under another one's subject.

    What is not found under its recording's subject would outlive a purge.
    """
    event = cast(AnyEvent, await message.decode())
    if not isinstance(event, consumer.event) or event.nats_subject != message.raw_message.subject:
        raise UndecodableEvent("wrong_subject")
    return event
