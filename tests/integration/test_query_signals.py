"""What one replica has projected another one hears, over the real server."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from nats.aio.client import Client

from minutier.compose import servers
from minutier.compose.embedded import System
from minutier.query.nats import NatsSignals


@pytest.fixture
def signals(connection: Client) -> NatsSignals:
    return NatsSignals(lambda: connection)


@asynccontextmanager
async def halted(system: System) -> AsyncIterator[None]:
    """NATS takes what it is sent, and answers when it goes on."""
    pid = system.supervisor[servers.NATS].pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def heard(signals: NatsSignals) -> bool:
    recording = uuid4()
    async with signals.listen(recording) as mailbox:
        await signals.tell(recording)
        return await mailbox.take(timeout=5) is not None


async def watch(signals: NatsSignals) -> None:
    async with signals.listen(uuid4()):
        await asyncio.sleep(3600)


async def test_a_change_is_heard(signals: NatsSignals) -> None:
    assert await heard(signals)


async def test_a_watcher_who_leaves_early_makes_nobody_deaf(signals: NatsSignals, system: System) -> None:
    async with halted(system):
        watching = asyncio.create_task(watch(signals))
        await asyncio.sleep(0.2)
        watching.cancel()
        await asyncio.wait([watching])
    assert await heard(signals)


async def test_a_server_that_is_slow_makes_nobody_deaf(signals: NatsSignals, system: System) -> None:
    async with halted(system):
        watching = asyncio.create_task(watch(signals))
        await asyncio.sleep(2.5)
    assert await heard(signals)
    watching.cancel()
    await asyncio.wait([watching])
