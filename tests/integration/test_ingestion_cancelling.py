"""Recordings that nobody wants any more before they are taken in, on the real servers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from nats.js import JetStreamContext

from minutier.compose.embedded import System
from minutier.schemas.codec import encode
from minutier.schemas.events import Cancelled, RecordingCancelled, RecordingIngested
from minutier.shared.objects import RECORDINGS, UPLOADS
from minutier.shared.topology import EVENT_STREAM
from tests.support.ingestion_fakes import announced
from tests.support.ingestion_system import announce, count, keys, put, told, until_forgotten
from tests.support.systems import running

DATA = Path(__file__).parent.parent / "data"
SECONDS = 30


@pytest.fixture(scope="module")
async def system(workspace: Path) -> AsyncIterator[System]:
    environment = {"MINUTIER_INGESTION_WORKSPACE": str(workspace)}
    async with running(services=["ingestion"], environment=environment) as system:
        yield system


async def cancel(js: JetStreamContext, recording: UUID, at: datetime) -> None:
    event = RecordingCancelled.of(recording, tenant="acme", source="minutier/query", data=Cancelled())
    event = event.model_copy(update={"time": at})
    await js.publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
    await settled(js, "ingestion-recording-cancelled")


async def settled(js: JetStreamContext, consumer: str) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            info = await js.consumer_info(EVENT_STREAM, consumer)
            if not info.num_pending and not info.num_ack_pending:
                return
            await asyncio.sleep(0.05)


async def test_what_was_cancelled_is_not_taken_in_and_forgotten_until_it_is_announced_again(
    system: System, js: JetStreamContext
) -> None:
    body = (DATA / "visio-ios.m4a").read_bytes()
    event = announced("unwanted", mix=await put(system, body, "unwanted"))
    later = event.time + timedelta(seconds=1)
    await cancel(js, event.subject, later)
    await announce(js, event)
    await settled(js, "ingestion-recording-announced")
    await cancel(js, event.subject, later)
    await until_forgotten(js, event)
    assert not await count(js, f"{RecordingIngested.TYPE}.{event.subject}")
    assert not any(str(event.subject) in key for key in await keys(system, RECORDINGS))
    assert "unwanted" not in await keys(system, UPLOADS)
    again = announced("unwanted", mix=await put(system, body, "wanted")).model_copy(
        update={"id": uuid4(), "time": later + timedelta(seconds=1)}
    )
    await announce(js, again)
    assert (await told(js, RecordingIngested, event.subject)).wanted_since == again.time
