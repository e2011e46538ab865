"""The servers alone, for tests that bring the services themselves."""

from collections.abc import AsyncIterator

import pytest

from minutier.compose.embedded import System, running
from tests.support.delivery_service import Streams, streams_of


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=[]) as system:
        yield system


@pytest.fixture
async def streams(system: System) -> AsyncIterator[Streams]:
    async with streams_of(system) as streams:
        await streams.reset()
        yield streams
