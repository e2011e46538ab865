"""The servers alone, for tests that bring the services themselves, and what any system is reached by."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.compose.embedded import System
from minutier.shared import database
from minutier.shared.settings import DatabaseSettings
from tests.support.delivery_service import Streams, streams_of
from tests.support.query_search import Library
from tests.support.systems import running


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=[]) as system:
        yield system


@pytest.fixture(scope="module")
async def engine(request: pytest.FixtureRequest, system: System) -> AsyncIterator[AsyncEngine]:
    """As the service's role that the module names by ``ROLE``, else as query's."""
    role = getattr(request.module, "ROLE", "query")
    engine = database.connect(DatabaseSettings(url=system.database_url(role)))
    yield engine
    await engine.dispose()


@pytest.fixture
def library(engine: AsyncEngine) -> Library:
    """Of a tenant of its own."""
    return Library(engine, f"t{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the module's ingestion keeps media while it is checked."""
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="module")
async def connection(system: System) -> AsyncIterator[Client]:
    """To the system that the module has."""
    connection = await nats.connect(system.nats.url, token=system.credentials.nats_token)
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
def js(connection: Client) -> JetStreamContext:
    return connection.jetstream()


@pytest.fixture
async def streams(system: System) -> AsyncIterator[Streams]:
    async with streams_of(system) as streams:
        await streams.reset()
        yield streams
