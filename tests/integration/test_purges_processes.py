"""Purges whose services are processes that are killed, away or late: each comes to its end, and once."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig
from nats.aio.client import Client

from minutier.compose import embedded
from minutier.compose.embedded import System
from minutier.compose.people import TENANT
from minutier.compose.supervisor import Backoff, Supervisor
from minutier.schemas.choreography import erasing
from minutier.schemas.codec import encode
from minutier.schemas.events import RecordingAnnounced, recording_id
from minutier.shared.objects import ARTEFACTS, RECORDINGS, UPLOADS, Objects, client
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told
from tests.support.delivery_service import until
from tests.support.ingestion_system import put
from tests.support.purge_processes import WITH_MODELS, Office, answering, office_of
from tests.support.systems import running

SERVICES = ("ingestion", "attribution", "summarisation", "query", "retention")
ENVIRONMENT = {
    "MINUTIER_RETENTION_GRACE_HOURS": "0",
    "MINUTIER_RETENTION_PURGE_ALARM_MINUTES": "0.05",
    "MINUTIER_DELIVERY_RETRY_SECONDS": "0.1",
    "MINUTIER_DELIVERY_RETRY_LIMIT_SECONDS": "0.5",
}
# What stops counting, ordering and verifying, since all of them ask every schema what remains.
REMAINS = "lock table transcription.inbox in access exclusive mode"
CONCLUDING = "lock table retention.tombstones in exclusive mode"
PROVING = "lock table retention.disposals in exclusive mode"


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    with pytest.MonkeyPatch.context() as patch:
        # Who is killed again and again would be away for longer each time.
        patch.setattr(embedded, "Supervisor", partial(Supervisor, backoff=Backoff(limit=0.1)))
        async with running(services=SERVICES, environment=ENVIRONMENT) as system:
            yield system


@pytest.fixture
async def office(system: System, connection: Client) -> AsyncIterator[Office]:
    async with office_of(system, connection) as office:
        yield office


@pytest.fixture
async def everybody(system: System) -> AsyncIterator[None]:
    async with answering(system, *WITH_MODELS):
        yield


async def test_a_kill_between_every_two_steps(office: Office, system: System, tmp_path: Path) -> None:
    recordings = await office.take_in(tmp_path, 3)
    with office.holding(REMAINS):
        purge = await office.propose(*recordings)
        await office.kill("retention")
        await office.until_blocked("retention")
        assert {state for state, _ in office.items(purge)} == {"listed"}
        await office.kill("retention")
    await office.until_state(purge, "previewed")
    await office.kill("retention")
    await office.until_state(purge, "previewed")
    with office.holding(REMAINS):
        await office.approve(purge)
        await office.kill("retention")
        await office.until_blocked("retention")
        assert {state for state, _ in office.items(purge)} == {"counted"}
        await office.kill("retention")
    async with answering(system, "transcription"):

        async def answered() -> bool:
            return all(services == {*erasing()} - {"diarization"} for _, services in office.items(purge))

        await until(answered)
        await office.kill("retention")
        with office.holding(PROVING):
            with office.holding(CONCLUDING):
                async with answering(system, "diarization"):
                    await office.until_blocked("retention")
                    assert "answered" in {state for state, _ in office.items(purge)}
                    await office.kill("retention")
            await office.until_blocked("retention")
            await office.kill("retention")
    async with answering(system, *WITH_MODELS):
        ended = await office.until_state(purge, "completed")
    assert [total["state"] for total in ended["totals"]] == ["destroyed"]
    await office.expect_nothing_left(*recordings)


@pytest.mark.usefixtures("everybody")
async def test_services_that_are_killed_in_the_midst_of_erasing(office: Office, tmp_path: Path) -> None:
    (recording,) = await office.take_in(tmp_path)
    purge = await office.propose(recording)
    row = "select from {}.recordings where id = %s for update"
    with (
        office.holding(row.format("ingestion"), recording),
        office.holding(row.format("query"), recording),
    ):
        await office.approve(purge)
        for service in ("ingestion", "query"):
            await office.until_blocked(service)
            await office.kill(service)
        assert {state for state, _ in office.items(purge)} == {"ordered"}
    await office.until_state(purge, "completed")
    await office.expect_nothing_left(recording)


async def test_a_service_that_is_down_keeps_it_open_and_is_told_of(
    office: Office, system: System, tmp_path: Path
) -> None:
    (recording,) = await office.take_in(tmp_path)
    async with answering(system, "transcription"):
        purge = await office.ordered(recording)

        async def alarmed() -> bool:
            return bool((await office.show(purge))["alarm"])

        await until(alarmed)
        shown = await office.show(purge)
        assert shown["state"] == "executing"
        assert [waiting["service"] for waiting in shown["waiting"]] == ["diarization"]
        async with answering(system, "diarization"):
            await office.until_state(purge, "completed")
    await office.expect_nothing_left(recording)


@pytest.mark.usefixtures("everybody")
async def test_what_a_worker_stores_late_goes_too(office: Office, tmp_path: Path) -> None:
    (recording,) = await office.take_in(tmp_path)
    with office.holding(CONCLUDING):
        purge = await office.ordered(recording)
        await office.until_blocked("retention")
        # Its service has answered: it believes to be through.
        await office.objects.write(
            ARTEFACTS, f"{TENANT}/{recording}/transcription/late.json", b"{}", "application/json"
        )
    await office.until_state(purge, "completed")
    await office.expect_nothing_left(recording)


@pytest.mark.usefixtures("everybody")
async def test_what_the_store_still_holds_is_erased_once_it_lets_go(office: Office, tmp_path: Path) -> None:
    (recording,) = await office.take_in(tmp_path)
    held = [
        location
        async for page in office.objects.versions(RECORDINGS, f"{TENANT}/{recording}/")
        for location in page
    ]
    for location in held:
        await office.objects.set_hold(location, True)
    purge = await office.ordered(recording)

    async def all_others() -> bool:
        return office.items(purge) == [("ordered", {*erasing()} - {"ingestion"})]

    await until(all_others)
    assert [waiting["service"] for waiting in (await office.show(purge))["waiting"]] == ["ingestion"]
    for location in held:
        await office.objects.set_hold(location, False)
    await office.until_state(purge, "completed")
    await office.expect_nothing_left(recording)


@pytest.fixture
async def unlocked(system: System) -> AsyncIterator[None]:
    """The store as one that cannot lock, and keeps no versions of artefacts."""
    store, objects = client(system.objects), Objects(system.objects)
    for locks in (False, True):
        for bucket in (RECORDINGS, ARTEFACTS):
            await objects.erase(bucket, "")
            store.remove_bucket(bucket)
            store.make_bucket(bucket, object_lock=locks)
        if not locks:
            store.set_bucket_versioning(RECORDINGS, VersioningConfig(ENABLED))
            yield


@pytest.mark.usefixtures("everybody", "unlocked")
async def test_a_store_without_locks(office: Office, tmp_path: Path) -> None:
    assert not await office.objects.locks(RECORDINGS)
    (recording,) = await office.take_in(tmp_path)
    purge = await office.ordered(recording)
    await office.until_state(purge, "completed")
    await office.expect_nothing_left(recording)


@pytest.mark.usefixtures("everybody")
async def test_what_was_not_taken_in_goes_as_a_whole_once_it_is_due(office: Office, system: System) -> None:
    recording = recording_id(TENANT, "livekit", "1")
    media = await put(system, b"no sound at all", f"{recording}/media", UPLOADS)
    event = told.announced(recording=recording, tenant=TENANT)
    refused = event.model_copy(update={"data": event.data.model_copy(update={"mix": media})})
    assert isinstance(refused, RecordingAnnounced)
    await office.js.publish(refused.nats_subject, encode(refused), stream=EVENT_STREAM)
    await office.until_known(recording)
    for service in ("ingestion", "query"):
        assert office.ask(f"select count(*) from {service}.recordings where id = %s", recording) == [(1,)]
    office.ask("update retention.schedules set due_at = now() where recording_id = %s", recording)
    purge = await office.ordered()
    await office.until_state(purge, "completed")
    await office.expect_nothing_left(recording)
