"""The embedded servers, as `minutier up` starts them."""

import asyncio
import os
import signal

import nats
import psycopg
import pytest

from minutier.compose import servers
from minutier.compose.directory import Locked
from minutier.compose.embedded import running
from minutier.compose.provision import SERVICES, prepare_buckets, prepare_database, prepare_nats
from minutier.shared import objects, topology


async def test_servers_are_provisioned_and_provisioning_may_be_repeated() -> None:
    async with running(services=[]) as system:
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
                connection.execute("create table mine (x int)")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("create table public.everyones (x int)")


async def test_a_server_that_is_killed_comes_back_with_what_it_held() -> None:
    async with running(services=[]) as system:
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
