"""What every service is: subscriptions, an outbox relay, a health endpoint, and a clean end."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, TypeVar

import structlog
import uvicorn
from faststream.message import StreamMessage
from faststream.middlewares import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from minutier.schemas.codec import decode
from minutier.schemas.events import AnyEvent
from minutier.shared import database, logs, telemetry
from minutier.shared.delivery import Delivery, Work, current_work
from minutier.shared.outbox import Relay
from minutier.shared.settings import (
    DatabaseSettings,
    DeliverySettings,
    HttpSettings,
    LogSettings,
    NatsSettings,
)
from minutier.shared.topology import EVENT_STREAM, Consumer, consumers

log = structlog.get_logger(__name__)

E = TypeVar("E", bound=AnyEvent)
Handler = Callable[[E, Work], Awaitable[None]]

_FETCH_SECONDS = 5.0
_DEPENDENCY_SECONDS = 60.0


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
            js=lambda: self.js,
        )
        self.broker = NatsBroker(
            self._nats.url,
            token=self._nats.token.get_secret_value() if self._nats.token else None,
            name=f"minutier-{name}",
            connect_timeout=int(self._nats.timeout_seconds),
            max_reconnect_attempts=-1,
            apply_types=False,
            logger=None,
            graceful_timeout=self._delivery_settings.shutdown_seconds,
            middlewares=[self._delivery.middleware],
        )
        self._consumers: list[Consumer] = []
        self._closing: list[Callable[[], Awaitable[None]]] = []
        self._pages: ASGIApp | None = None

    @property
    def nats(self) -> Client:
        """The connection; there once the service runs."""
        connection = self.broker.config.connection_state.connection
        assert isinstance(connection, Client)
        return connection

    @property
    def js(self) -> JetStreamContext:
        return self.nats.jetstream(timeout=self._nats.timeout_seconds)

    def on(self, event: type[E], *, long_running: bool = False) -> Callable[[Handler[E]], Handler[E]]:
        """Subscribe a handler; ``long_running`` work is claimed first, so that a newer delivery wins.

        Raises `ValueError` where the topology does not declare the subscription.
        """
        consumer = Consumer(self.name, event)
        if consumer not in consumers(self.name):
            raise ValueError(f"{self.name} is not declared to read {event.TYPE}")

        def register(handler: Handler[E]) -> Handler[E]:
            self._delivery.register(consumer, long_running=long_running)
            self._consumers.append(consumer)

            @self.broker.subscriber(
                consumer.subject,
                durable=consumer.name,
                stream=JStream(EVENT_STREAM, declare=False),
                pull_sub=PullSub(batch_size=1, timeout=_FETCH_SECONDS),
                ack_policy=AckPolicy.MANUAL,
                decoder=_decode,
            )
            async def deliver(event: E) -> None:
                await handler(event, current_work())

            return handler

        return register

    def serve(self, pages: ASGIApp) -> None:
        """Answer HTTP requests beside the health endpoint."""
        self._pages = pages

    def on_stop(self, close: Callable[[], Awaitable[None]]) -> None:
        """Have ``close`` awaited after the last message was handled."""
        self._closing.append(close)

    def run(self) -> None:
        """Until SIGINT or SIGTERM; ends the process with status 1 where a server cannot be reached."""
        logs.configure(self.name, LogSettings())
        telemetry.configure(self.name)
        # uvicorn raises the signal that stopped it once more when it is done: by then it is old news.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        try:
            asyncio.run(self._serve())
        except Unreachable as error:
            log.error("server not reachable", server=error.server, waited=_DEPENDENCY_SECONDS)
            sys.exit(1)
        finally:
            telemetry.shutdown()

    async def _serve(self) -> None:
        async with self.running():
            server = uvicorn.Server(
                uvicorn.Config(
                    self._application(),
                    host=self._http.host,
                    port=self._http.port,
                    lifespan="off",
                    log_level="warning",
                    access_log=False,
                    timeout_graceful_shutdown=int(self._delivery_settings.shutdown_seconds),
                )
            )
            await server.serve()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connected and subscribed; on leaving, work in hand is given back to the stream."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.engine.dispose)
            for close in self._closing:
                stack.push_async_callback(close)
            await self._wait_for_servers()
            stack.push_async_callback(self.broker.stop)
            self._relay = Relay(self.engine, self.js, timeout=self._nats.timeout_seconds)
            relay = asyncio.create_task(self._relay.run(), name="outbox-relay")
            stack.push_async_callback(_cancelled, relay)
            await self.broker.start()
            log.info("service started", pid=os.getpid())
            yield
            log.info("service stopping")

    async def _wait_for_servers(self) -> None:
        """Provisioning may still be under way; what never comes ends the process, to be seen."""
        deadline = asyncio.get_running_loop().time() + _DEPENDENCY_SECONDS
        while (missing := await self._missing()) is not None:
            if asyncio.get_running_loop().time() > deadline:
                raise Unreachable(missing)
            await asyncio.sleep(0.25)

    async def _missing(self) -> str | None:
        try:
            async with self.engine.connect() as connection:
                await connection.execute(text("select 1 from outbox, inbox limit 1"))
        except (SQLAlchemyError, OSError):
            return "postgres"
        try:
            await self.broker.connect()
            for consumer in self._consumers:
                await self.js.consumer_info(EVENT_STREAM, consumer.name)
        except (NatsError, NotFoundError, OSError, TimeoutError):
            return "nats"
        return None

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


class Unreachable(Exception):
    def __init__(self, server: str) -> None:
        super().__init__(server)
        self.server = server


async def _decode(message: StreamMessage[Any]) -> AnyEvent:
    return decode(message.body)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
