"""Whatever is asked, done and ordered, by whom and in which order: what is held stays whole.

All services are there, with all of their ways in. What of that is driven is compared with what they say that
they have: an operation, a job or a command that is new fails a test until it is driven as well.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from httpx import HTTPStatusError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from psycopg import sql

from minutier.compose.embedded import System
from minutier.retention.erasures.redact import redact
from minutier.schemas.documents import Document
from minutier.schemas.events import Instead, Purge, PurgeOrdered, Stage
from minutier.schemas.records import Kind, Overlap
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import Artefacts
from minutier.shared.identity.domain import Person
from minutier.shared.objects import ARTEFACTS, RECORDINGS, Objects, client
from tests.support.erasures import BENOIT, documents
from tests.support.everything import SITES, everything
from tests.support.everything_asked import REQUESTS, ask
from tests.support.everything_commanded import (
    ADD_ALONE,
    COMMANDS,
    EMBEDDED,
    READ_ALONE,
    command,
    commands,
    typed,
)
from tests.support.everything_kept import PEOPLE, SECOND, SETTINGS, TENANT, Archive, Meeting
from tests.support.query_people import COMPLIANCE
from tests.support.retention_holds import GUARDED
from tests.support.wholeness import Whole, whole

JOBS = {
    "ingestion: _livekit.<locals>.<lambda>",
    "ingestion: BucketMessages.run",
    "ingestion: _reconciler.<locals>.<lambda>",
    "ingestion: UploadTaker.keep_forgetting",
    "query: Sender.run",
    "query: CatchUp.run",
    "query: forget sessions",
    "retention: make schedules anew",
    "retention: lock objects",
    "retention: tell what is restricted",
    "retention: anchor audit logs",
    "retention: verify audit logs",
    "retention: carry out purges",
    "retention: forget sessions",
}
LOCK, CARRY_OUT = "retention: lock objects", "retention: carry out purges"
ROLES = ("diarization", "transcription", "attribution", "summarisation", *SITES)
STATEMENTS = (
    "delete from {table} where {column} = any(%(held)s)",
    "delete from {table}",
    "truncate {table} cascade",
    "drop table {table} cascade",
    "drop trigger keep_held on {table}",
    "alter table {table} disable trigger all",
)
# Nobody is let do these here: the recordings have owners, nothing is being done for them or restricted, all
# that is due is held, and of what is held nobody is erased.
REFUSED = {
    "query POST /api/v1/recordings/{id}/cancel",
    "query PUT /api/v1/recordings/{id}/owner",
    "query POST /recordings/{id}/reason",
    "retention POST /purges",
    "retention POST /api/v1/erasures/{id}/proposal",
    "retention POST /erasures/{id}/voices",
    "retention erase propose",
    "cancel",
    "owner",
}
# Long enough for a purge to come to its end.
ROUNDS = 3


Act = Callable[["World"], Awaitable[None]]


class World:
    """What is held, and what there was of it when it was."""

    def __init__(self, archive: Archive, urls: Mapping[str, str]) -> None:
        self.archive = archive
        self.everything = archive.everything
        self.urls = urls
        self.before = Whole(frozenset(), frozenset())
        self.done: set[str] = set()

    @property
    def meetings(self) -> list[Meeting]:
        return [*self.archive.held, *self.archive.free]

    def meeting(self, number: int) -> Meeting:
        return self.meetings[number % len(self.meetings)]

    async def hold(self, *meetings: Meeting, search: Mapping[str, str] | None = None) -> None:
        """From then on, they are to stay as they are."""
        await self.archive.hold(*meetings, search=search)
        new = [meeting for meeting in meetings if meeting not in self.archive.held]
        self.archive.held += new
        self.archive.free = [meeting for meeting in self.archive.free if meeting not in new]
        self.before |= await self.whole(*meetings)

    async def classify(self, meeting: Meeting) -> None:
        async with self.everything.asking("retention", COMPLIANCE) as http:
            path = f"/api/v1/recordings/{meeting.id}/classification"
            (await http.put(path, json={"record_class": "asked for"})).raise_for_status()

    async def whole(self, *meetings: Meeting) -> Whole:
        return await whole(self.archive.system, TENANT, [meeting.id for meeting in meetings])

    async def is_whole(self) -> None:
        await self.everything.settled()
        lacking = self.before.lacks(await self.whole(*self.archive.held))
        assert not lacking, lacking


@pytest.fixture(scope="module")
async def world(system: System, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder: Path = tmp_path_factory.mktemp("everything")
    environment = {
        "MINUTIER_INGESTION_TENANTS": json.dumps({TENANT: SETTINGS}),
        "MINUTIER_INGESTION_RECONCILE_GRACE_SECONDS": "0",
        "MINUTIER_INGESTION_SPEECH_WAIT_SECONDS": "0.5",
        "MINUTIER_INGESTION_WORKSPACE": str(folder),
        "MINUTIER_RETENTION_GRACE_HOURS": "0",
    }
    async with everything(system, *PEOPLE, environment=environment) as found, AsyncExitStack() as stack:
        archive = Archive.of(found, folder)
        await archive.take_in(archive.from_bucket, archive.uploaded, archive.written_down, archive.uploaded)
        world = World(
            archive, {name: await stack.enter_async_context(found.listening(name)) for name in SITES}
        )
        by_list, by_search, by_both = archive.free[:3]
        await world.hold(by_list)
        await world.classify(by_search)
        await world.hold(by_both)
        await world.hold(by_search, by_both, search={"record_class": "asked for"})
        await found.do(LOCK)
        # From now on, what there are times of is due.
        await asking("retention", "PUT /api/v1/policies/{id}", COMPLIANCE, 0)(world)
        await found.do("retention: make schedules anew")
        await found.settled()
        yield world


def test_every_way_in_is_driven(world: World) -> None:
    for service in SITES:
        assert world.everything.operations(service) == set(REQUESTS[service])
    assert set(world.everything.jobs) == JOBS
    assert commands() == COMMANDS.keys() | ADD_ALONE | READ_ALONE | EMBEDDED


def test_there_is_something_to_lose_everywhere(world: World) -> None:
    assert world.before.tables == {f"{schema}.{table}" for schema in GUARDED for table in GUARDED[schema]}
    assert {stored.bucket for stored in world.before.objects} == {RECORDINGS, ARTEFACTS}


def asking(service: str, operation: str, person: Person, number: int) -> Act:
    async def act(world: World) -> None:
        status = await ask(world.archive, service, operation, world.meeting(number), person)
        if status < HTTPStatus.BAD_REQUEST or status == HTTPStatus.GATEWAY_TIMEOUT:
            world.done.add(f"{service} {operation}")

    return act


def doing(job: str) -> Act:
    return lambda world: world.everything.do(job)


def typing(name: str, number: int) -> Act:
    async def act(world: World) -> None:
        if await command(world.archive, name, world.meeting(number), world.urls):
            world.done.add(name)

    return act


def ordering(kinds: Collection[Kind], whole: bool, number: int) -> Act:
    """As if retention had, to all services."""

    async def act(world: World) -> None:
        held = world.archive.held[number % len(world.archive.held)]
        data = Purge(purge_id=uuid4(), kinds=tuple(Kind) if whole else tuple(kinds), whole=whole)
        order = PurgeOrdered.of(held.id, tenant=TENANT, source="minutier/retention", data=data)
        await world.archive.tell(order)

    return act


def erasing(number: int) -> Act:
    """As if retention had one person erased, with all that there is to be instead."""

    async def act(world: World) -> None:
        held = world.archive.held[number % len(world.archive.held)]
        artefacts = Artefacts(Objects(world.archive.system.objects))
        left = redact(replace(documents(), ingested=None), {BENOIT}, Overlap.MUTE)

        async def write(document: Document | None, stage: Stage) -> ObjectRef:
            assert document is not None
            return await artefacts.store(document, tenant=TENANT, stage=stage, version="instead")

        instead = Instead(
            plan=await write(left.plan, Stage.SUMMARISATION),
            transcript=await write(left.transcript, Stage.ATTRIBUTION),
            recording=await write(left.recording, Stage.INGESTION),
            turns=await write(left.turns, Stage.DIARIZATION),
            transcription=await write(left.transcription, Stage.TRANSCRIPTION),
        )
        kinds = (Kind.MEDIA, Kind.TRANSCRIPT, Kind.MINUTES)
        data = Purge(purge_id=uuid4(), kinds=kinds, whole=False, instead=instead)
        order = PurgeOrdered.of(held.id, tenant=TENANT, source="minutier/retention", data=data)
        await world.archive.tell(order)

    return act


def executing(role: str) -> Act:
    """Every statement that deletes, as whoever has got the password of a service."""

    def act(world: World) -> None:
        address = world.archive.system.database_url(role).replace("+psycopg", "")
        held = [meeting.id for meeting in world.archive.held]
        with psycopg.connect(address, options=f"-c minutier.tenants={TENANT}", autocommit=True) as connection:
            for schema, tables in GUARDED.items():
                for table, column in tables.items():
                    for statement in STATEMENTS:
                        composed = sql.SQL(statement).format(
                            table=sql.Identifier(schema, table), column=sql.Identifier(column)
                        )
                        with pytest.raises(psycopg.Error):
                            connection.execute(composed, {"held": held})

    return lambda world: asyncio.to_thread(act, world)


def removing(number: int) -> Act:
    """A version from the store, as whoever has got the services' key."""

    def act(world: World) -> None:
        objects = sorted(world.before.objects)
        stored = objects[number % len(objects)]
        store = client(world.archive.system.objects)
        with pytest.raises(S3Error):
            store.remove_object(stored.bucket, stored.key, stored.version)
        named = [DeleteObject(each.key, each.version) for each in objects if each.bucket == stored.bucket]
        assert len(list(store.remove_objects(stored.bucket, named, bypass_governance_mode=True))) == len(
            named
        )

    return lambda world: asyncio.to_thread(act, world)


def purging(held_at: int | None, number: int) -> Act:
    """From a proposal of all that there is to its end; in the midst of it something is held.

    That is before the work of a round, or, where ``held_at`` is odd, just after it.
    """

    async def hold(world: World) -> None:
        if world.archive.free:
            # Of what is not there any more there is no hold.
            with suppress(HTTPStatusError):
                await world.hold(world.archive.free[number % len(world.archive.free)])
                await world.everything.do(LOCK)

    async def act(world: World) -> None:
        await world.everything.settled()
        await asking("retention", "POST /purges/new", COMPLIANCE, number)(world)
        for made in range(ROUNDS):
            if held_at == 2 * made:
                await hold(world)
            await world.everything.do(CARRY_OUT)
            if held_at == 2 * made + 1:
                await hold(world)
            await asking("retention", "POST /api/v1/purges/{id}/approval", SECOND, number)(world)
            await world.everything.settled()

    return act


numbers = st.integers(0, 8)
acts = st.one_of(
    st.builds(
        lambda named, person, number: asking(named[0], named[1], person, number),
        st.sampled_from([(service, each) for service in SITES for each in REQUESTS[service]]),
        st.sampled_from(PEOPLE),
        numbers,
    ),
    st.builds(doing, st.sampled_from(sorted(JOBS))),
    st.builds(typing, st.sampled_from(sorted(COMMANDS)), numbers),
    st.builds(ordering, st.sets(st.sampled_from(Kind), min_size=1), st.booleans(), numbers),
    st.builds(erasing, numbers),
    st.builds(executing, st.sampled_from(ROLES)),
    st.builds(removing, numbers),
    st.builds(purging, st.none() | st.integers(0, 2 * ROUNDS), numbers),
)


async def test_everything_is_asked_of_what_is_held(world: World) -> None:
    """Once each, by everybody, so that nothing is left to chance."""
    propose = asking("retention", "POST /api/v1/purges", COMPLIANCE, 0)
    for name in COMMANDS:
        if name in ("retention approve", "retention withdraw"):
            await propose(world)
            await world.everything.do(CARRY_OUT)
        await typing(name, 0)(world)
        await world.everything.do(CARRY_OUT)
    for service in SITES:
        for operation in REQUESTS[service]:
            if "/purges/{id}" in operation:
                await world.everything.do(CARRY_OUT)
                await propose(world)
                await world.everything.do(CARRY_OUT)
            for number, person in enumerate(PEOPLE):
                await asking(service, operation, person, number % 3)(world)
        await world.everything.do(CARRY_OUT)
    for job in world.everything.jobs:
        await world.everything.do(job)
    for role in ROLES:
        await executing(role)(world)
    for kind in Kind:
        await ordering([kind], False, 0)(world)
    for number in range(3):
        await ordering([], True, number)(world)
        await erasing(number)(world)
    await removing(0)(world)
    await world.is_whole()
    asked = {f"{service} {operation}" for service in SITES for operation in REQUESTS[service]}
    assert (asked | COMMANDS.keys()) - world.done <= REFUSED


async def test_what_is_held_in_the_midst_of_a_purge_is_left_as_it_was_then(world: World) -> None:
    for held_at in range(1, 2 * ROUNDS - 1):
        await world.archive.take_in(world.archive.uploaded)
        await purging(held_at, -1)(world)
        await world.is_whole()
    # The other half: services that erase nothing would pass as well.
    await world.archive.take_in(world.archive.uploaded)
    free = world.archive.free[-1]
    assert (await world.whole(free)).objects
    await purging(None, 0)(world)
    assert await world.whole(free) == Whole(frozenset(), frozenset())


@given(sequence=st.lists(acts, min_size=8, max_size=16))
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # What is gone once does not come back for a second look.
    phases=[Phase.generate],
)
async def test_what_is_held_stays_whole(world: World, sequence: list[Act]) -> None:
    await world.archive.take_in(world.archive.uploaded)
    for act in sequence:
        await act(world)
    await world.is_whole()


async def test_servers_that_write_over_what_was_deleted_do_so_with_nothing_else(world: World) -> None:
    directory = str(world.archive.system.directory.path)
    assert (await typed("compact", "--data-dir", directory)).exit_code == 0
    await world.is_whole()
