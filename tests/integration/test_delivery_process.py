"""How a service's process ends, and what it writes on its way."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from minutier.compose.embedded import System
from minutier.schemas.events import RecordingIngested
from minutier.shared.delivery import Work
from minutier.shared.service import Service
from tests.support import query_events as told
from tests.support.delivery_process import SECRET
from tests.support.delivery_service import (
    ACK_WAIT,
    SECONDS,
    Streams,
    leave_effect,
    serving,
    until,
)

CONSUMER = "retention-recording-ingested"


@asynccontextmanager
async def process(environment: dict[str, str], kind: str, log: Path) -> AsyncIterator[Process]:
    """One that reads the event; whatever becomes of the test, it ends."""
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.delivery_process",
            kind,
            env={
                **os.environ,
                "MINUTIER_DELIVERY_ATTEMPTS": "2",
                "MINUTIER_DELIVERY_RETRY_SECONDS": "0.05",
                "MINUTIER_DELIVERY_SHUTDOWN_SECONDS": "0.2",
                **environment,
            },
            stdout=PIPE,
            stderr=errors,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def entered(process: Process) -> None:
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), SECONDS) == b"entered\n"


async def ended(process: Process) -> int:
    process.send_signal(signal.SIGTERM)
    return await asyncio.wait_for(process.wait(), SECONDS)


async def test_what_an_error_quotes_is_written_nowhere(
    system: System, streams: Streams, tmp_path: Path
) -> None:
    event, log = told.ingested(recording=uuid4()), tmp_path / "log"
    async with process(system.environment("retention"), "quote", log) as service:
        await streams.publish(event)
        await until(lambda: _failed(streams, event))
        assert await ended(service) == 0
    written = log.read_text()
    lines = [json.loads(line) for line in written.splitlines()]
    assert {line["event"] for line in lines} >= {"attempt failed", "message given up", "library message"}
    assert "cannot parse %s" in {line.get("template") for line in lines}
    (letter,) = await streams.dead_letters()
    (news,) = await streams.failures(event.subject)
    for text in (written, str(letter.headers), news.model_dump_json()):
        assert SECRET not in text
        assert "Jeanne" not in text


@pytest.mark.parametrize("kind", ["wait", "hang", "compute"])
async def test_a_stopped_service_gives_its_work_back(
    system: System, streams: Streams, tmp_path: Path, kind: str
) -> None:
    event, other = told.ingested(recording=uuid4()), asyncio.Event()

    async def handle(event: RecordingIngested, work: Work) -> None:
        other.set()
        await leave_effect(event, work)

    def subscribe(service: Service) -> None:
        service.on(RecordingIngested)(handle)

    async with process(system.environment("retention"), kind, tmp_path / "log") as service:
        await streams.publish(event)
        await entered(service)
        children = psutil.Process(service.pid).children(recursive=True)
        async with serving(system, "retention", subscribe):
            service.send_signal(signal.SIGTERM)
            async with asyncio.timeout(SECONDS):
                await other.wait()
            assert await asyncio.wait_for(service.wait(), SECONDS) == 0
            await until(lambda: streams.settled(CONSUMER))
    assert not [child for child in children if _alive(child)]
    assert await streams.effects(event.subject) == 1


async def test_the_work_of_a_killed_service_is_done_by_another(
    system: System, streams: Streams, tmp_path: Path
) -> None:
    event, other = told.ingested(recording=uuid4()), asyncio.Event()

    async def handle(event: RecordingIngested, work: Work) -> None:
        other.set()
        await leave_effect(event, work)

    def subscribe(service: Service) -> None:
        service.on(RecordingIngested)(handle)

    async with process(system.environment("retention"), "compute", tmp_path / "log") as service:
        await streams.publish(event)
        await entered(service)
        children = psutil.Process(service.pid).children(recursive=True)
        service.kill()
        async with serving(system, "retention", subscribe), asyncio.timeout(ACK_WAIT + SECONDS):
            await other.wait()
            await until(lambda: streams.settled(CONSUMER))
    # The child died with its parent.
    assert children
    assert not [child for child in children if _alive(child)]
    assert await streams.effects(event.subject) == 1


async def test_a_service_stops_while_its_servers_are_away(
    system: System, streams: Streams, tmp_path: Path
) -> None:
    environment = system.environment("retention") | {
        "MINUTIER_NATS_URL": "nats://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
    }
    log = tmp_path / "log"
    async with process(environment, "wait", log) as service:
        await until(lambda: _says(log, "waiting for servers"))
        assert await ended(service) == 0


@pytest.mark.parametrize(
    ("wrong", "server"),
    [
        ({"MINUTIER_NATS_URL": "nats://127.0.0.1:9"}, "nats"),
        ({"MINUTIER_NATS_TOKEN": "wrong"}, "nats"),
        ({"MINUTIER_DATABASE_URL": "postgresql+psycopg://retention:x@127.0.0.1:9/minutier"}, "postgres"),
    ],
)
async def test_a_server_that_never_comes_ends_the_process(
    system: System, tmp_path: Path, wrong: dict[str, str], server: str
) -> None:
    environment = system.environment("retention") | wrong | {"MINUTIER_DELIVERY_START_SECONDS": "1"}
    log = tmp_path / "log"
    async with process(environment, "wait", log) as service:
        assert await asyncio.wait_for(service.wait(), SECONDS) == 1
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["server"] for line in lines if line["event"] == "server not reachable"] == [server]


async def _failed(streams: Streams, event: RecordingIngested) -> bool:
    return bool(await streams.failures(event.subject))


async def _says(log: Path, event: str) -> bool:
    return f'"event": "{event}"' in await asyncio.to_thread(log.read_text)


def _alive(child: psutil.Process) -> bool:
    try:
        return child.is_running() and child.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
