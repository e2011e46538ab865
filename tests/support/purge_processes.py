"""Purges over services in processes of their own, which are held at a step and killed there."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
from nats.aio.client import Client
from psycopg.conninfo import make_conninfo

from minutier.compose.embedded import DATABASE, System
from minutier.compose.people import APPROVER, COMPLIANCE, TENANT
from minutier.schemas.choreography import SUBSCRIPTIONS
from minutier.schemas.events import OF_PURGES, recording_id
from minutier.shared.objects import ARTEFACTS, RECORDINGS, Objects
from minutier.shared.service import Service
from minutier.shared.topology import EVENT_STREAM
from tests.support.delivery_service import serving, until
from tests.support.full_run import run_all, tone
from tests.support.purging import Purges

SECONDS = 60
# Their processes would load models: their erasers, which are those of every service, run in the test's.
WITH_MODELS = ("diarization", "transcription")

_BLOCKED = """
    select pid from pg_stat_activity
    where usename = %s and wait_event_type = 'Lock' and datname = current_database()
"""
_RECORDS = "select count(*) from retention.disposals where recording_id = %s"
_KNOWN = "select count(*) from retention.recordings where id = %s"
_ITEMS = "select state, answers from retention.purge_items where purge_id = %s order by recording_id"

Shown = dict[str, Any]


class Office:
    """Compliance staff at a system that runs, and whoever looks into its servers."""

    def __init__(self, system: System, client: Client, officer: httpx.AsyncClient) -> None:
        self.system = system
        self.client = client
        self.js = client.jetstream()
        self.objects = Objects(system.objects)
        self._officer = officer
        self._purges = Purges(system, self.js, TENANT)
        self._inside = make_conninfo(system.administrator_url, dbname=DATABASE)
        self._killed: set[int] = set()

    async def take_in(self, folder: Path, count: int = 1) -> list[UUID]:
        """Recordings that went through everything."""
        external = {
            recording_id(TENANT, "bench", each): each for each in (str(uuid4()) for _ in range(count))
        }
        sound = await asyncio.to_thread(tone, folder / "sound.wav")
        await run_all(self.system, self.client, external, sound, tenant=TENANT)
        for recording in external:
            await self.until_known(recording)
        return sorted(external)

    async def until_known(self, recording: UUID) -> None:
        async def known() -> bool:
            return bool(self.ask(_KNOWN, recording)[0][0])

        await until(known)

    async def propose(self, *recordings: UUID) -> str:
        """The id of a purge of all that there is of these; of what is due, where none are named."""
        why = {"reason": "A test.", "legal_basis": "GDPR", "recordings": list(map(str, recordings))}
        asked = {"cause": "list", **why} if recordings else {"cause": "expiry"}
        answer = await self._officer.post("/api/v1/purges", json=asked)
        (proposed,) = answer.raise_for_status().json()["items"]
        return str(proposed["id"])

    async def show(self, purge: str) -> Shown:
        return dict((await self._officer.get(f"/api/v1/purges/{purge}")).raise_for_status().json())

    async def until_state(self, purge: str, state: str) -> Shown:
        shown: Shown = {}

        async def reached() -> bool:
            # A service that was killed does not answer for a while.
            try:
                shown.update(await self.show(purge))
            except httpx.TransportError:
                return False
            return bool(shown["state"] == state)

        await until(reached, SECONDS)
        return shown

    async def approve(self, purge: str) -> None:
        """What was counted, once it is."""
        counted = await self.until_state(purge, "previewed")
        answer = await self._officer.post(
            f"/api/v1/purges/{purge}/approval",
            json={"inventory": counted["inventory"]},
            headers={"Authorization": f"Bearer {self.system.token(APPROVER.subject)}"},
        )
        answer.raise_for_status()

    async def ordered(self, *recordings: UUID) -> str:
        purge = await self.propose(*recordings)
        await self.approve(purge)
        return purge

    def items(self, purge: str) -> list[tuple[str, set[str]]]:
        """By recording, the state and which services have answered."""
        return [(state, set(answers)) for state, answers in self.ask(_ITEMS, purge)]

    @contextmanager
    def holding(self, statement: str, *parameters: object) -> Iterator[None]:
        """While it lasts, whoever needs what ``statement`` locks waits."""
        with psycopg.connect(self._inside) as connection:
            connection.execute(statement.encode(), parameters)
            yield
            connection.rollback()

    async def until_blocked(self, service: str) -> None:
        """Until it waits for what is held; those who were killed meanwhile wait for nothing."""

        async def blocked() -> bool:
            return bool({pid for (pid,) in self.ask(_BLOCKED, service)} - self._killed)

        await until(blocked)

    async def kill(self, service: str) -> None:
        """And wait until the supervisor has it back."""
        running = self.system.supervisor[service]
        restarts = running.restarts
        assert running.pid is not None
        os.kill(running.pid, signal.SIGKILL)

        async def noticed() -> bool:
            return running.restarts > restarts

        await until(noticed)
        # What the dead have asked the database for is waited for all the same.
        self._killed |= {pid for (pid,) in self.ask(_BLOCKED, service)}
        await asyncio.wait_for(running.ready.wait(), SECONDS)

    async def expect_nothing_left(self, *recordings: UUID) -> None:
        """Neither in tables, nor in the store, nor on the streams; and each has one record."""
        for recording in recordings:
            remains = {schema: self._purges.remains(schema, recording) for schema in SUBSCRIPTIONS}
            assert not any(remains.values()), remains
            for bucket in (RECORDINGS, ARTEFACTS):
                assert await self._purges.left(bucket, recording) == 0
            subjects = (
                await self.js.stream_info(EVENT_STREAM, subjects_filter=f"minutier.*.*.*.{recording}")
            ).state.subjects or {}
            of_purges = {f"{event.TYPE}.{recording}" for event in OF_PURGES}
            assert set(subjects) <= of_purges
            assert self.ask(_RECORDS, recording) == [(1,)]

    def ask(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._inside, autocommit=True) as connection:
            found = connection.execute(statement.encode(), parameters)
            return found.fetchall() if found.description else []


@asynccontextmanager
async def office_of(system: System, client: Client) -> AsyncIterator[Office]:
    bearer = {"Authorization": f"Bearer {system.token(COMPLIANCE.subject)}"}
    async with httpx.AsyncClient(base_url=system.url("retention"), timeout=30, headers=bearer) as officer:
        yield Office(system, client, officer)


@asynccontextmanager
async def answering(system: System, *services: str) -> AsyncIterator[None]:
    """Those of `WITH_MODELS`, as they answer orders."""

    def erase(service: Service) -> None:
        service.erase(Objects(system.objects))

    async with AsyncExitStack() as stack:
        for service in services:
            await stack.enter_async_context(serving(system, service, erase))
        yield
