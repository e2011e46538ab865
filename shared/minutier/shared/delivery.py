"""What happens to every message between the stream and a handler.

FastStream's own policies either drop a message on any error or redeliver it without pause, so this
middleware decides: it heartbeats while the handler works, refuses at once what no retry can mend,
retries the rest after a growing delay, and writes what it gives up on to the dead-letter stream.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID, uuid5

import structlog
from faststream import BaseMiddleware, ContextRepo
from faststream.message import StreamMessage
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.schemas.codec import UndecodableEvent
from minutier.schemas.events import AnyEvent, Failed, Progress, Stage, StageFailed
from minutier.shared import inbox, outbox, telemetry
from minutier.shared.errors import AlreadyDone, Permanent, Superseded
from minutier.shared.settings import DeliverySettings
from minutier.shared.topology import ACK_WAIT_SECONDS, DEAD_LETTER_STREAM, Consumer
from minutier.shared.worker import Report

log = structlog.get_logger(__name__)

Next = Callable[[StreamMessage[Msg]], Awaitable[Any]]

_PROGRESS_SECONDS = 0.5
_UNKNOWN_TENANT = "unknown"


@dataclass
class Transaction:
    """One database transaction; what is published in it is sent once it has committed."""

    session: AsyncSession
    events: list[AnyEvent] = field(default_factory=list)

    def publish(self, event: AnyEvent) -> None:
        self.events.append(event.model_copy(update={"traceparent": telemetry.traceparent()}))


@dataclass
class Work:
    """One event in a handler's hands.

    ``claim`` fences long work: it is ``None`` for work so short that it is one transaction.
    """

    delivered: inbox.Delivered
    claim: UUID | None
    _engine: AsyncEngine
    _wake_relay: Callable[[], None]
    _nats: Client
    done: bool = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """The event's effect, whole or not at all, once.

        Raises `Superseded` or `AlreadyDone` before anything is written where another delivery of
        the event has taken over or has finished.
        """
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            connection = await session.connection()
            await self._fence(connection)
            transaction = Transaction(session)
            yield transaction
            if transaction.events:
                await outbox.append(connection, transaction.events)
        self.done = True
        if transaction.events:
            self._wake_relay()

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


_sending: set[asyncio.Task[None]] = set()


def _sent(task: asyncio.Task[None]) -> None:
    _sending.discard(task)
    # Progress is only ever a courtesy; a lost connection is met by those who need it.
    if not task.cancelled():
        task.exception()


_current: ContextVar[Work] = ContextVar("work")


def current_work() -> Work:
    return _current.get()


class _Middleware(BaseMiddleware[Any, Any]):
    def __init__(self, message: Msg | None, /, *, context: ContextRepo, delivery: "Delivery") -> None:
        super().__init__(message, context=context)
        self._delivery = delivery

    async def consume_scope(self, call_next: Next, msg: StreamMessage[Msg]) -> None:
        await self._delivery.handle(msg, call_next)


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
        js: Callable[[], JetStreamContext],
    ) -> None:
        self.service = service
        self._engine = engine
        self._wake_relay = wake_relay
        self._settings = settings
        self._nats = nats
        self._js = js
        self._consumers: dict[str, tuple[Consumer, bool]] = {}

    def register(self, consumer: Consumer, *, long_running: bool) -> None:
        self._consumers[consumer.name] = (consumer, long_running)

    def middleware(self, message: Msg | None, /, *, context: ContextRepo) -> BaseMiddleware[Any, Any]:
        """What FastStream calls for each message."""
        return _Middleware(message, context=context, delivery=self)

    async def handle(self, message: StreamMessage[Msg], call_next: Next) -> None:
        """Run the handler, and settle the message whatever happens."""
        raw = message.raw_message
        attempt = raw.metadata.num_delivered or 1
        consumer, long_running = self._consumers[raw.metadata.consumer]
        try:
            event = cast(AnyEvent, await message.decode())
        except UndecodableEvent as error:
            await self._refuse(raw, consumer, attempt, error.reason)
            return
        telemetry.backlog.set(raw.metadata.num_pending or 0, {"consumer": consumer.name})
        started = time.monotonic()
        with (
            telemetry.consuming(self.service, event, attempt) as span,
            structlog.contextvars.bound_contextvars(
                recording_id=str(event.subject), event_id=str(event.id), consumer=consumer.name
            ),
        ):
            try:
                outcome = await self._attempt(message, call_next, event, consumer, long_running)
            except asyncio.CancelledError:
                # Another replica can have it at once.
                with suppress(Exception):
                    await raw.nak()
                raise
            except Permanent as error:
                outcome = error.reason
                telemetry.failed(span, outcome)
                await self._give_up(raw, consumer, event, attempt, outcome)
            except Exception as error:
                outcome = _code(error)
                telemetry.failed(span, outcome)
                log.warning("attempt failed", attempt=attempt, exc_info=error)
                if attempt >= self._settings.attempts:
                    await self._give_up(raw, consumer, event, attempt, outcome)
                else:
                    await raw.nak(delay=self._delay(attempt))
            attributes = {"consumer": consumer.name, "outcome": outcome}
            telemetry.deliveries.add(1, attributes)
            telemetry.stage_duration.record(time.monotonic() - started, attributes)

    async def _attempt(
        self,
        message: StreamMessage[Msg],
        call_next: Next,
        event: AnyEvent,
        consumer: Consumer,
        long_running: bool,
    ) -> str:
        raw = message.raw_message
        attempt = raw.metadata.num_delivered or 1
        if attempt > self._settings.attempts:
            # Whatever this message does to the process, it has done it often enough.
            await self._give_up(raw, consumer, event, attempt, "too_many_deliveries")
            return "too_many_deliveries"
        delivered = inbox.Delivered(consumer.name, event.id, event.subject)
        claim = None
        if long_running:
            claim = await inbox.claim(self._engine, delivered)
            if claim is None:
                await raw.ack()
                return "already_done"
        work = Work(delivered, claim, self._engine, self._wake_relay, self._nats())
        token = _current.set(work)
        heartbeat = asyncio.create_task(_heartbeat(raw))
        try:
            await call_next(message)
            if not work.done:
                async with work.transaction():
                    pass
        except AlreadyDone:
            await raw.ack()
            return "already_done"
        except Superseded:
            # The newer delivery settles the message: settling it here would take it from there.
            return "superseded"
        finally:
            heartbeat.cancel()
            _current.reset(token)
        await raw.ack()
        return "done"

    def _delay(self, attempt: int) -> float:
        delay: float = self._settings.retry_seconds * 3 ** (attempt - 1)
        return min(self._settings.retry_limit_seconds, delay)

    async def _give_up(
        self, raw: Msg, consumer: Consumer, event: AnyEvent, attempt: int, reason: str
    ) -> None:
        await self._bury(raw, consumer, event.subject, event.tenant, attempt, reason)

    async def _refuse(self, raw: Msg, consumer: Consumer, attempt: int, reason: str) -> None:
        recording_id = _recording_of(raw.subject)
        await self._bury(raw, consumer, recording_id, _UNKNOWN_TENANT, attempt, reason)

    async def _bury(
        self,
        raw: Msg,
        consumer: Consumer,
        recording_id: UUID | None,
        tenant: str,
        attempt: int,
        reason: str,
    ) -> None:
        """Dead letter first, then the news of it, then the end of the message: nothing is lost between."""
        log.error("message given up", reason=reason, attempt=attempt, consumer=consumer.name)
        identity = f"{consumer.name}.{raw.metadata.sequence.stream}"
        try:
            await self._js().publish(
                f"deadletter.{consumer.name}.{recording_id or 'unknown'}",
                raw.data,
                stream=DEAD_LETTER_STREAM,
                timeout=10,
                headers={
                    "Nats-Msg-Id": identity,
                    "Minutier-Reason": reason,
                    "Minutier-Subject": raw.subject,
                    "Minutier-Attempts": str(attempt),
                },
            )
            if recording_id is not None:
                news = StageFailed.of(
                    recording_id,
                    tenant=tenant,
                    source=f"minutier/{self.service}",
                    data=Failed(stage=self.service, reason=reason, attempts=attempt),
                    id=uuid5(recording_id, identity),
                )
                traced = news.model_copy(update={"traceparent": telemetry.traceparent()})
                async with self._engine.begin() as connection:
                    await outbox.append(connection, [traced])
                self._wake_relay()
        except Exception as error:
            log.warning("dead letter not written", exc_info=error)
            await raw.nak(delay=self._settings.retry_limit_seconds)
        else:
            await raw.term()


async def _heartbeat(raw: Msg) -> None:
    while True:
        await asyncio.sleep(ACK_WAIT_SECONDS / 3)
        with suppress(Exception):
            await raw.in_progress()


def _recording_of(subject: str) -> UUID | None:
    try:
        return UUID(subject.rpartition(".")[2])
    except ValueError:
        return None


def _code(error: Exception) -> str:
    """An exception's class name as a reason code: ``WorkerDied`` is ``worker_died``."""
    name = type(error).__name__
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
