"""The embedded servers, as `minutier up` starts them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import nats
import psutil
import psycopg
import pytest

from minutier.compose import servers
from minutier.compose.directory import DataDirectory, Locked, State
from minutier.compose.embedded import System, running
from minutier.compose.provision import SERVICES, prepare_buckets, prepare_database, prepare_nats
from minutier.compose.supervisor import Refused
from minutier.shared import objects, topology


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=[]) as system:
        yield system


@pytest.fixture
def directory() -> Iterator[DataDirectory]:
    with TemporaryDirectory() as folder:
        # pytest's own directories are closed to the user that PostgreSQL runs as where this one is root.
        Path(folder).chmod(0o711)
        yield DataDirectory(Path(folder) / "data")


async def test_servers_are_provisioned_and_provisioning_may_be_repeated(system: System) -> None:
    with pytest.raises(Locked):
        async with running(system.directory.path, services=[]):
            pass
    passwords = system.credentials.role_passwords
    for _ in range(2):
        await asyncio.to_thread(
            prepare_database, system.administrator_url, database="minutier", passwords=passwords
        )
        await prepare_nats(system.nats, replicas=1)
        await asyncio.to_thread(prepare_buckets, objects.client(system.objects))

    client = objects.client(system.objects)
    assert client.get_bucket_versioning(objects.RECORDINGS).status == "Enabled"
    client.get_object_lock_config(objects.RECORDINGS)
    assert client.get_bucket_versioning(objects.ARTEFACTS).status == "Enabled"

    for service in SERVICES:
        url = system.database_url(service).replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            assert connection.execute("select current_schema()").fetchone() == (service,)
            connection.execute("delete from outbox")
            for statement in ("create table mine (x int)", "create table public.everyones (x int)"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)


async def test_a_server_that_is_killed_comes_back_with_what_it_held(system: System) -> None:
    subject = "minutier.recording.announced.v1.test"
    await _publish(system.nats.url, system.credentials.nats_token, subject)
    for name in (servers.NATS, servers.POSTGRES, servers.S3):
        program = system.supervisor[name]
        assert program.pid is not None
        os.kill(program.pid, signal.SIGKILL)
        while program.restarts == 0:  # noqa: ASYNC110 - there is no event for a death
            await asyncio.sleep(0.01)
        await asyncio.wait_for(program.ready.wait(), 60)
    client = await nats.connect(system.nats.url, token=system.credentials.nats_token)
    try:
        info = await client.jetstream().stream_info(topology.EVENT_STREAM)
        assert info.state.messages == 1
    finally:
        await client.close()
    with psycopg.connect(system.administrator_url, dbname="minutier") as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert objects.client(system.objects).bucket_exists(objects.RECORDINGS)


async def _publish(url: str, token: str, subject: str) -> None:
    client = await nats.connect(url, token=token)
    try:
        await client.jetstream().publish(subject, b"{}", stream=topology.EVENT_STREAM)
    finally:
        await client.close()


_UP = """
import asyncio, pathlib, sys
from minutier.compose.embedded import running
from minutier.compose.foreground import until_stopped

async def up(directory, services):
    async with running(directory, services):
        await asyncio.Event().wait()

asyncio.run(until_stopped(up(pathlib.Path(sys.argv[1]), sys.argv[2:])))
"""


async def test_a_killed_supervisor_leaves_nothing_running_and_the_next_one_goes_on(
    directory: DataDirectory,
) -> None:
    first = await _up(directory, "query")
    state = await _when_ready(directory, first)
    token = directory.credentials(()).nats_token
    url = f"nats://127.0.0.1:{state.processes['nats'].ports['client']}"
    await _publish(url, token, "minutier.recording.announced.v1.test")
    family = _family(state)
    first.kill()
    await first.wait()
    await _gone(family)

    second = await _up(directory)
    later = await _when_ready(directory, second)
    assert _ports(later) == {name: _ports(state)[name] for name in _ports(later)}
    client = await nats.connect(url, token=token)
    assert (await client.jetstream().stream_info(topology.EVENT_STREAM)).state.messages == 1
    await client.close()
    family = _family(later)
    second.send_signal(signal.SIGTERM)
    # Another one does not break the stop.
    second.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(second.wait(), 60) == 0
    await _gone(family)
    assert directory.locked_by is None


async def test_a_tenant_that_will_not_do_ends_the_start_with_what_to_do(directory: DataDirectory) -> None:
    tenants = {"MINUTIER_INGESTION_TENANTS": '{"acme": {"api_key": "geheim"}}'}
    with pytest.raises(Refused) as refused:
        async with running(directory.path, services=["ingestion"], environment=tenants):
            pass
    first, said = str(refused.value).splitlines()
    assert first == "ingestion does not start with these settings:"
    assert said.startswith("  MINUTIER_INGESTION_TENANTS__ACME__API_KEY: has fewer than 16 characters")
    assert "geheim" not in said


async def test_a_start_that_is_interrupted_leaves_nothing(directory: DataDirectory) -> None:
    process = await _up(directory)
    async with asyncio.timeout(60):
        while True:
            state = directory.read_state()
            if state is not None and all(program.pid for program in state.processes.values()):
                break
            await asyncio.sleep(0.01)
    assert not state.ready
    family = _family(state)
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.wait(), 60) == 0
    await _gone(family)


async def _up(directory: DataDirectory, *services: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", _UP, str(directory.path), *services)


async def _when_ready(directory: DataDirectory, supervisor: asyncio.subprocess.Process) -> State:
    async with asyncio.timeout(60):
        while True:
            state = directory.read_state()
            if state is not None and state.ready and state.pid == supervisor.pid:
                return state
            await asyncio.sleep(0.05)


def _ports(state: State) -> dict[str, dict[str, int]]:
    return {name: process.ports for name, process in state.processes.items()}


def _family(state: State) -> list[psutil.Process]:
    """The programs and all their descendants."""
    programs = [psutil.Process(program.pid) for program in state.processes.values() if program.pid]
    return [one for program in programs for one in (program, *program.children(recursive=True))]


async def _gone(processes: list[psutil.Process]) -> None:
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, 20)
    assert not alive
