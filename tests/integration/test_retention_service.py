"""Schedules on the real servers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import nats
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.compose.embedded import System
from minutier.retention.policies.domain import Clock, Kind
from minutier.retention.policies.repository import Registers
from minutier.retention.policies.set_policy import InForce, set_policy
from minutier.schemas.codec import encode
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import AnyEvent, Stage
from minutier.schemas.references import ObjectRef
from minutier.shared import database
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.settings import DatabaseSettings
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told
from tests.support.retention_policies import PERIODS, default, policy
from tests.support.systems import running

DAY = timedelta(days=1)
Dates = dict[tuple[UUID, Kind], datetime]


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=["retention"], environment={"MINUTIER_RETENTION_MEDIA_DAYS": "30"}) as system:
        yield system


@pytest.fixture
async def registers(system: System) -> AsyncIterator[Registers]:
    engine: AsyncEngine = database.connect(DatabaseSettings(url=system.database_url("retention")))
    yield Registers(engine, PERIODS)
    await engine.dispose()


@pytest.fixture
def tenant() -> str:
    return f"t{uuid4().hex[:8]}"


async def publish(system: System, *events: AnyEvent) -> None:
    client = await nats.connect(system.nats.url, token=system.credentials.nats_token)
    try:
        for event in events:
            await client.jetstream().publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
    finally:
        await client.close()


async def keep(system: System, recording: UUID, tenant: str, met_at: datetime) -> ObjectRef:
    document = RecordingDocument(recording_id=recording, title="Secret plans", started_at=met_at)
    artefacts = Artefacts(Objects(system.objects))
    return await artefacts.store(document, tenant=tenant, stage=Stage.INGESTION, version=uuid4().hex)


async def due(registers: Registers, tenant: str) -> Dates:
    async with registers.of(tenant) as register:
        found = await register.due(told.START + 4000 * DAY, limit=1000)
    return {(one.recording_id, one.kind): one.due_at for one in found}


async def until_due(registers: Registers, tenant: str, expected: Dates) -> None:
    """Has looked for long enough, and then says what it has found instead."""
    for _ in range(600):
        found = await due(registers, tenant)
        if found == expected:
            return
        await asyncio.sleep(0.05)
    assert found == expected


async def test_what_is_taken_in_has_dates_once_and_a_rejected_recording_an_access_log(
    system: System, registers: Registers, tenant: str
) -> None:
    first, refused, last, text = uuid4(), uuid4(), uuid4(), uuid4()
    taken_in = told.ingested(recording=first, tenant=tenant)
    again = taken_in.model_copy(update={"id": uuid4(), "time": taken_in.time + 9 * DAY})
    await publish(system, taken_in, taken_in, again, told.rejected(recording=refused, tenant=tenant))
    await publish(
        system,
        told.ingested(recording=last, tenant=tenant),
        told.received(recording=text, tenant=tenant),
    )
    periods = {**PERIODS, Kind.MEDIA: 30}
    expected = {
        (recording, kind): taken_in.time + number * DAY
        for recording in (first, last, text)
        for kind, number in periods.items()
        if (recording, kind) != (text, Kind.MEDIA)
    }
    # Others have kept who announced it.
    expected[refused, Kind.ACCESS_LOG] = taken_in.time + PERIODS[Kind.ACCESS_LOG] * DAY
    await until_due(registers, tenant, expected)


async def test_the_meeting_s_time_is_learned_in_any_order_and_policies_reach_what_was_taken_in(
    system: System, registers: Registers, tenant: str
) -> None:
    began, taken_in = told.START - 3 * DAY, told.START + timedelta(seconds=1)
    recordings = uuid4(), uuid4()
    events: list[AnyEvent] = []
    for recording, direction in zip(recordings, (1, -1), strict=True):
        ref = await keep(system, recording, tenant, began)
        pair: list[AnyEvent] = [
            told.ingested(recording=recording, tenant=tenant),
            told.described(ref, recording=recording, tenant=tenant),
        ]
        events.extend(pair[::direction])
    await publish(system, *events, *events)
    periods = {**PERIODS, Kind.MEDIA: 30}
    by_default = {
        (recording, kind): taken_in + days * DAY for recording in recordings for kind, days in periods.items()
    }
    await until_due(registers, tenant, by_default)
    longer = policy(tenant=tenant, days=700, clock=Clock.MEETING)
    async with registers.of(tenant) as register:
        (version,) = await register.versions(default(tenant).id)
        assert (version.policy, version.set_by) == (default(tenant, media=30), None)
        assert await set_policy(longer, set_by="officer", register=register) == InForce(longer)
    by_policy = {(recording, kind): began + 700 * DAY for recording in recordings for kind in Kind}
    await until_due(registers, tenant, by_policy)
