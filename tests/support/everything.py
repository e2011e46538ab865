"""All services in one process, as their composition roots make them, on the servers of a system.

What services do by themselves, and not because of an event, is found here as `Everything.jobs`, and is only
done where a test says so.
"""

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import psycopg
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.routing import APIRoute

from minutier.attribution import repository as attribution
from minutier.compose.embedded import System
from minutier.schemas.choreography import erasing
from minutier.shared import rounds
from minutier.shared.erasing import Rows, no_rows
from minutier.shared.identity.domain import Person
from minutier.shared.identity.identify import Identity, identify
from minutier.shared.objects import Objects
from minutier.shared.service import Service
from minutier.shared.settings import ObjectSettings
from minutier.shared.topology import EVENT_STREAM
from tests.support.delivery_service import until
from tests.support.query_identity import entrance
from tests.support.query_people import Bearers, showing
from tests.support.wholeness import inside

Job = Callable[[], Awaitable[object]]

SITES = ("ingestion", "query", "retention")
# Of these what they erase is all that matters: their work needs models, or is told of as if it had been done.
_WITHOUT_WORK: Mapping[str, Rows] = {
    "diarization": no_rows,
    "transcription": no_rows,
    "attribution": attribution.erase,
    "summarisation": no_rows,
}
# Of a job that goes on for ever.
_A_WHILE = 0.3
_UNSENT = "select exists (select from {schema}.outbox)"


@dataclass
class Everything:
    """What runs; ``jobs`` by the name of the service and their own."""

    system: System
    services: dict[str, Service] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)

    def app(self, name: str) -> FastAPI:
        app = self.services[name]._pages
        assert isinstance(app, FastAPI)
        return app

    def operations(self, name: str) -> set[str]:
        """Everything that changes something, as ``METHOD path``: of the API, and of pages."""
        described = {
            f"{method.upper()} {path}"
            for path, methods in self.app(name).openapi()["paths"].items()
            for method in methods
        }
        routed = {
            f"{method} {route.path.replace(':path}', '}')}"
            for route in _routes(self.app(name))
            for method in route.methods or ()
        }
        return {each for each in described | routed if not each.startswith(("GET ", "HEAD "))}

    def asking(self, name: str, person: Person | None = None, **headers: str) -> httpx.AsyncClient:
        shown = headers if person is None else {**showing(person), **headers}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app(name)), base_url="http://localhost", headers=shown
        )

    async def do(self, job: str) -> None:
        """A round of it, or a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(None if _is_round(self.jobs[job]) else _A_WHILE):
                await _work(self.jobs[job])()

    @asynccontextmanager
    async def listening(self, name: str) -> AsyncIterator[str]:
        """Where it answers in this process."""
        server = _Server(uvicorn.Config(self.app(name), port=0, lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve())
        await until(partial(_started, server))
        (listening,) = server.servers
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        server.should_exit = True
        await serving

    async def settled(self) -> None:
        """Until all services have heard, and told, all there is."""
        await until(self._idle, seconds=60)

    async def _idle(self) -> bool:
        with psycopg.connect(inside(self.system)) as connection:
            for name in self.services:
                if connection.execute(_UNSENT.format(schema=name).encode()).fetchone() == (True,):
                    return False
        js = self.services["retention"].js
        for service in self.services.values():
            for consumer in service._delivery.consumers:
                info = await js.consumer_info(EVENT_STREAM, consumer.name)
                if info.num_pending or info.num_ack_pending:
                    return False
        return True


@asynccontextmanager
async def everything(
    system: System, *people: Person, environment: Mapping[str, str]
) -> AsyncIterator[Everything]:
    """Whoever is one of ``people`` is vouched for by their subject as a token."""
    found = Everything(system)

    def on_start(service: Service, prepare: Job) -> None:
        found.jobs[f"{service.name}: {_name(prepare)}"] = prepare

    def identified(service: Service, settings: Any) -> Identity:
        identify(service, settings)
        return Identity(Bearers(*people), entrance())

    for name in (*SITES, *_WITHOUT_WORK):
        with pytest.MonkeyPatch.context() as patch:
            for key, value in {**system.environment(name), **environment}.items():
                patch.setenv(key, value)
            patch.setattr(Service, "on_start", on_start)
            if name in SITES:
                root = importlib.import_module(f"minutier.{name}.app")
                if hasattr(root, "identify"):
                    patch.setattr(root, "identify", identified)
                found.services[name] = root.build()
            else:
                service = found.services[name] = Service(name)
                service.erase(Objects(ObjectSettings()), _WITHOUT_WORK[name])
    assert set(erasing()) <= set(found.services)
    async with AsyncExitStack() as stack:
        for service in found.services.values():
            await stack.enter_async_context(service.running())
        yield found


class _Server(uvicorn.Server):
    """Leaves signals to the tests."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def _started(server: uvicorn.Server) -> bool:
    return server.started


def _routes(app: FastAPI) -> list[APIRoute]:
    found: list[APIRoute] = []

    def look(routes: list[Any]) -> None:
        for route in routes:
            if isinstance(route, APIRoute):
                found.append(route)
            elif (included := getattr(route, "original_router", None)) is not None:
                look(included.routes)

    look(app.routes)
    return found


def _is_round(prepare: Job) -> bool:
    return isinstance(prepare, partial) and prepare.func is rounds.repeat


def _work(prepare: Job) -> Job:
    return prepare.args[0] if isinstance(prepare, partial) and _is_round(prepare) else prepare


def _name(prepare: Job) -> str:
    if isinstance(prepare, partial):
        return str(prepare.keywords["named"])
    return prepare.__qualname__
