"""What every service is: subscriptions, an outbox relay, a health endpoint, and a clean end."""

import asyncio
import math
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import structlog
import uvicorn
import uvloop
from faststream.message import StreamMessage
from faststream.middlewares import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from faststream.nats.security import NatsToken
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from minutier.schemas.codec import decode
from minutier.schemas.events import AnyEvent, PurgeOrdered, RecordingCancelled
from minutier.schemas.references import Location
from minutier.shared import cancellations, database, logs, rounds, telemetry, tombstones
from minutier.shared.dead_letters import DeadLetters
from minutier.shared.delivery import Delivery, Transaction, Work, begin, current_work
from minutier.shared.erasing import ORDERS, Discard, Eraser, Replace, Rows, no_rows, nothing, nothing_instead
from minutier.shared.heads import SmallHeads
from minutier.shared.objects import Objects
from minutier.shared.outbox import Relay
from minutier.shared.settings import (
    INVALID_SETTINGS,
    DatabaseSettings,
    DeliverySettings,
    HttpSettings,
    InvalidSettings,
    LogSettings,
    NatsSettings,
)
from minutier.shared.topology import ACK_WAIT_SECONDS, EVENT_STREAM, Consumer, consumers

log = structlog.get_logger(__name__)

E = TypeVar("E", bound=AnyEvent)
Handler = Callable[[E, Work], Awaitable[None]]

_FETCH_SECONDS = 5.0
_RETRY_SECONDS = 0.25
_PROBE_SECONDS = 5.0
_CLOSE_SECONDS = 5.0


class Service:
    """A process that reacts to events; a composition root builds one and calls `run`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.engine: AsyncEngine = database.connect(DatabaseSettings())
        self._nats = NatsSettings()
        self._http = HttpSettings()
        self._delivery_settings = DeliverySettings()
        self._delivery = Delivery(
            name,
            engine=self.engine,
            wake_relay=lambda: self._relay.wake(),
            settings=self._delivery_settings,
            nats=lambda: self.nats,
            dead_letters=DeadLetters(
                name,
                engine=self.engine,
                js=lambda: self.js,
                wake_relay=lambda: self._relay.wake(),
                timeout=self._nats.timeout_seconds,
            ),
            erase_again=self._erase_again,
        )
        self.broker = NatsBroker(
            self._nats.url,
            security=NatsToken(self._nats.token.get_secret_value()) if self._nats.token else None,
            name=f"minutier-{name}",
            connect_timeout=int(self._nats.timeout_seconds),
            max_reconnect_attempts=-1,
            apply_types=False,
            logger=None,
            # What is in hand is not FastStream's to end.
            graceful_timeout=None,
            middlewares=[self._delivery.middleware],
        )
        self._preparing: list[Callable[[], Awaitable[object]]] = []
        self._closing: list[Callable[[], Awaitable[None]]] = []
        self._pages: ASGIApp | None = None
        self._eraser: Eraser | None = None

    @property
    def nats(self) -> Client:
        """The connection; there once the service runs."""
        connection = self.broker.config.connection_state.connection
        assert isinstance(connection, Client)
        return connection

    @property
    def js(self) -> JetStreamContext:
        return self.nats.jetstream(timeout=self._nats.timeout_seconds)

    def on(
        self,
        event: type[E],
        *,
        long_running: bool = False,
        cancellable: bool = False,
        attempts: int | None = None,
        at_once: int = 1,
    ) -> Callable[[Handler[E]], Handler[E]]:
        """Subscribe a handler; ``long_running`` work is claimed first, so that a newer delivery wins.

        ``cancellable`` work is not begun, or is stopped, once `minutier.shared.cancellations` has the
        recording. ``attempts`` is for what depends on somebody else's server, and so on patience. So many
        ``at_once`` are fetched and handled side by side. Raises `ValueError` where the topology does not
        declare the subscription.
        """
        consumer = Consumer(self.name, event)
        if consumer not in consumers(self.name):
            raise ValueError(f"{self.name} is not declared to read {event.TYPE}")

        def register(handler: Handler[E]) -> Handler[E]:
            self._delivery.register(
                consumer, long_running=long_running, cancellable=cancellable, attempts=attempts
            )

            @self.broker.subscriber(
                consumer.subject,
                durable=consumer.name,
                stream=JStream(EVENT_STREAM, declare=False),
                pull_sub=PullSub(batch_size=at_once, timeout=_FETCH_SECONDS),
                ack_policy=AckPolicy.MANUAL,
                decoder=_decode,
            )
            async def deliver(event: E) -> None:
                await handler(event, current_work())

            return handler

        return register

    def heed_cancellations(self) -> None:
        """Hear which recordings are cancelled, so that what is ``cancellable`` is not done for them."""

        async def on_cancelled(event: RecordingCancelled, work: Work) -> None:
            async with work.transaction() as transaction:
                await cancellations.keep(transaction.session, event)

        self.on(RecordingCancelled)(on_cancelled)

    def erase(
        self,
        objects: Objects,
        rows: Rows = no_rows,
        *,
        discard: Discard = nothing,
        replace: Replace = nothing_instead,
    ) -> None:
        """Hear which recordings are purged, and let go of what the service has of them."""
        eraser = Eraser(
            self.name, engine=self.engine, objects=objects, rows=rows, discard=discard, replace=replace
        )
        self._eraser = eraser
        self.on(PurgeOrdered, at_once=ORDERS)(eraser.answer)

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A change that no event caused, such as a request's."""
        return begin(self.engine, lambda: self._relay.wake())

    @asynccontextmanager
    async def transaction_of(self, recording_id: UUID) -> AsyncIterator[Transaction]:
        """A change of a recording that no event caused. Raises `Purged`."""
        async with self.transaction() as transaction:
            await tombstones.heed(await transaction.session.connection(), recording_id)
            yield transaction

    def serve(self, pages: ASGIApp) -> None:
        """Answer HTTP requests beside the health endpoint."""
        self._pages = pages

    def on_start(self, prepare: Callable[[], Awaitable[object]]) -> None:
        """Have ``prepare`` awaited beside the first messages; they need not wait for it, nor it succeed."""
        self._preparing.append(prepare)

    def repeat(self, work: Callable[[], Awaitable[object]], *, named: str, seconds: float) -> None:
        """Have ``work`` done in rounds (`minutier.shared.rounds`), the first beside the first messages."""
        self.on_start(partial(rounds.repeat, work, named=named, seconds=seconds))

    def on_stop(self, close: Callable[[], Awaitable[None]]) -> None:
        """Have ``close`` awaited after the last message was handled."""
        self._closing.append(close)

    def run(self) -> None:
        """Until SIGINT or SIGTERM; ends the process with status 1 where a server cannot be reached."""
        logs.configure(self.name, LogSettings())
        telemetry.configure(self.name)
        try:
            uvloop.run(self._serve())
        except asyncio.CancelledError:
            log.info("service stopped before it had started")
        except Unreachable as error:
            log.error(
                "server not reachable", server=error.server, waited=self._delivery_settings.start_seconds
            )
            sys.exit(1)
        finally:
            self._leave()
            telemetry.shutdown()

    async def _serve(self) -> None:
        starting = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def interrupt(*_: object) -> None:
            # uvicorn raises the signal that stopped it once more when it is done: by then it is old news.
            if starting is not None:
                loop.call_soon_threadsafe(starting.cancel)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, interrupt)
        async with self.running():
            starting = None
            server = uvicorn.Server(
                uvicorn.Config(
                    self._application(),
                    host=self._http.host,
                    port=self._http.port,
                    http=SmallHeads,
                    lifespan="off",
                    log_config=None,
                    access_log=False,
                    timeout_graceful_shutdown=math.ceil(self._delivery_settings.shutdown_seconds),
                )
            )
            await server.serve()
            self._leave()

    def _leave(self) -> None:
        """What hangs, such as a call in a thread, may not keep the process: nothing would be lost."""
        limit = 2 * self._delivery_settings.shutdown_seconds + _CLOSE_SECONDS

        def exit_late() -> None:
            log.warning("service does not end by itself")
            os._exit(0)

        timer = threading.Timer(limit, exit_late)
        timer.daemon = True
        timer.start()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connected and subscribed; on leaving, work in hand is given back to the stream."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.engine.dispose)
            for close in self._closing:
                stack.push_async_callback(_closed, close)
            stack.push_async_callback(_closed, self.broker.stop)
            await self._wait_for_servers()
            self._relay = Relay(self.engine, self.js, timeout=self._nats.timeout_seconds)
            relay = asyncio.create_task(self._relay.run(), name="outbox-relay")
            stack.push_async_callback(_cancelled, relay)
            stack.push_async_callback(self._stop_delivery)
            await self.broker.start()
            for prepare in self._preparing:
                stack.push_async_callback(_cancelled, asyncio.create_task(_prepared(prepare)))
            telemetry.observe_backlog(self._backlog_reader())
            log.info("service started", pid=os.getpid())
            yield
            log.info("service stopping")

    async def _erase_again(self, event: AnyEvent, stored: Sequence[Location]) -> None:
        if self._eraser is not None:
            await self._eraser.again(event, stored)

    async def _stop_delivery(self) -> None:
        """No new messages first; then the relay may still publish what the last ones have told."""
        await asyncio.gather(
            *(subscriber.stop() for subscriber in self.broker.subscribers), return_exceptions=True
        )
        await self._delivery.stop()
        with suppress(Exception):
            async with asyncio.timeout(self._delivery_settings.shutdown_seconds):
                await self._relay.publish_batch()

    async def _wait_for_servers(self) -> None:
        """Provisioning may still be under way; what never comes ends the process, to be seen."""
        log.info("waiting for servers")
        missing = "postgres"
        try:
            async with asyncio.timeout(self._delivery_settings.start_seconds):
                await self._wait_for_tables()
                missing = "nats"
                await self._wait_for_consumers()
        except TimeoutError:
            raise Unreachable(missing) from None

    async def _wait_for_tables(self) -> None:
        while True:
            with suppress(SQLAlchemyError, OSError):
                async with self.engine.connect() as connection:
                    await connection.execute(text("select 1 from outbox, inbox limit 1"))
                    return
            await asyncio.sleep(_RETRY_SECONDS)

    async def _wait_for_consumers(self) -> None:
        waiting = list(self._delivery.consumers)
        while True:
            with suppress(NatsError, OSError, TimeoutError):
                await self.broker.connect()
                while waiting:
                    info = await self.js.consumer_info(EVENT_STREAM, waiting[0].name, timeout=_PROBE_SECONDS)
                    ack_wait = info.config.ack_wait or ACK_WAIT_SECONDS
                    self._delivery.heed(waiting.pop(0), ack_wait=ack_wait)
                return
            await asyncio.sleep(_RETRY_SECONDS)

    def _backlog_reader(self) -> Callable[[], Mapping[str, int]]:
        """Asks the server for what waits, from another thread than the event loop's."""
        loop = asyncio.get_running_loop()

        async def read() -> dict[str, int]:
            waiting = {}
            for consumer in self._delivery.consumers:
                info = await self.js.consumer_info(EVENT_STREAM, consumer.name, timeout=_PROBE_SECONDS)
                waiting[consumer.name] = (info.num_pending or 0) + (info.num_ack_pending or 0)
            return waiting

        def waiting() -> Mapping[str, int]:
            if not loop.is_running():
                return {}
            asked = asyncio.run_coroutine_threadsafe(read(), loop)
            try:
                return asked.result(2 * _PROBE_SECONDS)
            except (NatsError, TimeoutError):
                asked.cancel()
                return {}

        return waiting

    def _application(self) -> Starlette:
        routes: list[Any] = [Route("/healthz", self._health)]
        if self._pages is not None:
            routes.append(Mount("/", self._pages))
        return Starlette(routes=routes)

    async def _health(self, request: Request) -> JSONResponse:
        database_up = True
        try:
            async with asyncio.timeout(2), self.engine.connect() as connection:
                await connection.execute(text("select 1"))
        except (SQLAlchemyError, OSError, TimeoutError):
            database_up = False
        state = {"service": self.name, "nats": self.nats.is_connected, "postgres": database_up}
        healthy = self.nats.is_connected and database_up
        return JSONResponse(state, status_code=200 if healthy else 503)


def start(build: Callable[[], Service]) -> None:
    """Make a service and run it; ends the process with `INVALID_SETTINGS` where its settings will not do."""
    try:
        service = build()
    except InvalidSettings as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(INVALID_SETTINGS)
    service.run()


class Unreachable(Exception):
    def __init__(self, server: str) -> None:
        super().__init__(server)
        self.server = server


async def _decode(message: StreamMessage[Any]) -> AnyEvent:
    return decode(message.body)


async def _prepared(prepare: Callable[[], Awaitable[object]]) -> None:
    try:
        await prepare()
    except Exception as error:
        log.warning("not prepared", exc_info=error)


async def _closed(close: Callable[[], Awaitable[None]]) -> None:
    """One part that cannot be closed in order keeps no other from being closed."""
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await close()
    except Exception as error:
        log.warning("not closed in order", exc_info=error)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
