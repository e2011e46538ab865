"""Cancelling, doing again and waiting in a queue, on the real servers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.compose.embedded import System
from minutier.query.project import project
from minutier.query.repository import add
from minutier.query.steering.domain import Before
from minutier.query.steering.repository import Paces
from minutier.schemas.clock import now
from minutier.schemas.codec import decode, encode
from minutier.schemas.documents import TranscriptDocument
from minutier.schemas.events import AnyEvent, RecordingCancelled, ReprocessingRequested, Stage
from minutier.shared import database
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.settings import DatabaseSettings
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told
from tests.support.delivery_service import until
from tests.support.query_events import Documents
from tests.support.systems import running

SECONDS = 30


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(
        services=["query"], environment={"MINUTIER_QUERY_MODELS": '{"transcription": ["large"]}'}
    ) as system:
        yield system


@pytest.fixture
async def engine(system: System) -> AsyncIterator[AsyncEngine]:
    engine = database.connect(DatabaseSettings(url=system.database_url("query")))
    yield engine
    await engine.dispose()


@pytest.fixture
async def http(system: System) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {system.token(tenant='acme', operator=True)}"}
    async with httpx.AsyncClient(
        base_url=f"{system.url('query')}/api/v1", timeout=SECONDS, headers=headers
    ) as http:
        yield http


async def hear(engine: AsyncEngine, *events: AnyEvent) -> None:
    for event in events:
        fact = await project(event, documents=Documents())
        assert fact is not None
        async with AsyncSession(engine) as session, session.begin():
            await add(session, event, fact)


def recent(event: AnyEvent, seconds: float = 0) -> AnyEvent:
    """As told just now, or so much later."""
    return event.model_copy(update={"time": now() + timedelta(seconds=seconds)})


async def test_the_queue_of_a_stage_has_those_of_every_tenant_in_order(engine: AsyncEngine) -> None:
    first, second, third = (uuid4() for _ in range(3))
    for seconds, (recording, tenant) in enumerate(((first, "acme"), (second, "other"), (third, "acme"))):
        await hear(engine, recent(told.ingested(recording=recording, tenant=tenant), seconds))
    paces = Paces(engine)
    assert (await paces.of(first)).before == {}
    waiting = (await paces.of(third)).before
    assert waiting == dict.fromkeys(("diarization", "transcription"), Before(2, 60.0))
    await hear(engine, recent(told.diarized(recording=second, tenant="other")))
    await hear(engine, recent(told.cancelled(recording=first), 60))
    assert (await paces.of(third)).before == {"transcription": Before(1, 30.0)}
    assert (await paces.of(uuid4())).before == {}


async def test_what_was_done_lately_tells_how_fast_it_goes(engine: AsyncEngine) -> None:
    recording = uuid4()
    await hear(engine, told.ingested(recording=recording), told.transcribed(recording=recording))
    # Three seconds of work for thirty of sound, however often.
    assert (await Paces(engine).of(recording)).rates["transcription"] == pytest.approx(0.1)


async def test_a_recording_is_cancelled_and_goes_on_from_a_stage_that_is_chosen(
    system: System, connection: Client, http: httpx.AsyncClient
) -> None:
    recording = uuid4()
    objects = Objects(system.objects)
    audio = await objects.write("recordings", f"acme/{recording}/audio.flac", b"fLaC", "audio/flac")
    ingested = told.ingested(recording=recording)
    ingested = ingested.model_copy(update={"data": ingested.data.model_copy(update={"audio": audio})})
    await publish(connection, told.announced(recording=recording), ingested)
    await when(http, recording, "processing")

    answer = await http.post(f"/recordings/{recording}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")
    await when(http, recording, "cancelled")
    cancelled = await newest(connection, RecordingCancelled, recording)
    # What was in hand comes late, and is as old as the announcement.
    late = told.diarized(recording=recording, seconds=3).model_copy(update={"wantedsince": told.START})
    await publish(connection, late)

    again = {"stage": "transcription", "model": "large"}
    await until(lambda: _done(http, recording, "diarization"))
    assert (await http.post(f"/recordings/{recording}/reprocess", json=again)).status_code == 202
    asked = await newest(connection, ReprocessingRequested, recording)
    assert (asked.data.stage, asked.data.model, asked.data.ingested.audio) == (
        Stage.TRANSCRIPTION,
        "large",
        audio,
    )
    assert asked.time > cancelled.time
    await when(http, recording, "processing")
    transcript = await Artefacts(objects).store(
        told.transcript(recording=recording), tenant="acme", stage=Stage.ATTRIBUTION, version="1"
    )
    made: list[AnyEvent] = [
        told.transcribed(recording=recording),
        told.attributed(transcript, recording=recording),
        told.written(recording=recording),
    ]
    await publish(connection, *(event.model_copy(update={"wantedsince": asked.time}) for event in made))
    await when(http, recording, "completed")

    # The minutes are of the transcript as it reads.
    assert (
        await http.post(f"/recordings/{recording}/reprocess", json={"stage": "summarisation"})
    ).status_code == 202
    await until(lambda: _asked_for_minutes(connection, recording))
    asked = await newest(connection, ReprocessingRequested, recording)
    read = await Artefacts(objects).load(TranscriptDocument, asked.data.transcript)
    assert read.recording_id == recording


async def publish(connection: Client, *events: AnyEvent) -> None:
    for event in events:
        await connection.jetstream().publish(event.nats_subject, encode(event), stream=EVENT_STREAM)


async def newest(connection: Client, kind: type[AnyEvent], recording: UUID) -> AnyEvent:
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                message = await connection.jetstream().get_last_msg(EVENT_STREAM, f"{kind.TYPE}.{recording}")
                return decode(message.data or b"")
            except NotFoundError:
                await asyncio.sleep(0.05)


async def when(http: httpx.AsyncClient, recording: UUID, state: str) -> dict[str, Any]:
    async with asyncio.timeout(SECONDS):
        while True:
            found: dict[str, Any] = (await http.get(f"/recordings/{recording}")).json()
            if found.get("state") == state:
                return found
            await asyncio.sleep(0.05)


async def _done(http: httpx.AsyncClient, recording: UUID, stage: str) -> bool:
    found = (await http.get(f"/recordings/{recording}")).json()
    return bool(found["stages"][stage]["state"] == "done")


async def _asked_for_minutes(connection: Client, recording: UUID) -> bool:
    asked = await newest(connection, ReprocessingRequested, recording)
    return bool(asked.data.stage is Stage.SUMMARISATION)
