"""The read model and its API on the real servers."""

import asyncio
import json
import os
import random
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import httpx_sse
import pytest
from nats.aio.client import Client
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.compose.embedded import System
from minutier.compose.people import PARTICIPANT
from minutier.query.domain import Entry, recording
from minutier.query.project import project
from minutier.query.repository import Recordings, add
from minutier.schemas.codec import encode
from minutier.schemas.documents import (
    MinutesDocument,
    Part,
    Person,
    RecordingDocument,
    TranscriptDocument,
)
from minutier.schemas.events import AnyEvent, Progress, Stage, TranscriptAttributed
from minutier.shared import database
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.settings import DatabaseSettings
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told
from tests.support.query_events import Documents
from tests.support.query_people import OPERATOR
from tests.support.systems import running

SECONDS = 30
OWNED = (Person(part=Part.OWNER, email=PARTICIPANT.email),)


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=["query"]) as system:
        yield system


@pytest.fixture
async def http(system: System) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=system.url("query"), timeout=SECONDS, headers=showing(system, "acme")
    ) as http:
        yield http


def showing(system: System, tenant: str) -> dict[str, str]:
    """The local participant, who owns the recordings of these tests, and is an operator."""
    return {"Authorization": f"Bearer {system.token(tenant=tenant, operator=True)}"}


async def publish(connection: Client, events: Sequence[AnyEvent]) -> None:
    for event in events:
        await connection.jetstream().publish(event.nats_subject, encode(event), stream=EVENT_STREAM)


async def pipeline(system: System, recording_id: UUID) -> list[AnyEvent]:
    """A recording's events, whose documents lie in the store."""
    artefacts = Artefacts(Objects(system.objects))
    documents: dict[Stage, RecordingDocument | TranscriptDocument | MinutesDocument] = {
        Stage.INGESTION: RecordingDocument(recording_id=recording_id, title="Weekly", people=OWNED),
        Stage.ATTRIBUTION: told.transcript(recording=recording_id),
        Stage.SUMMARISATION: told.minutes(recording_id),
    }
    refs = {
        stage: await artefacts.store(document, tenant="acme", stage=stage, version="1")
        for stage, document in documents.items()
    }
    return [
        told.announced(recording=recording_id),
        told.ingested(refs[Stage.INGESTION], recording=recording_id),
        told.diarized(recording=recording_id),
        told.transcribed(recording=recording_id),
        told.attributed(refs[Stage.ATTRIBUTION], recording=recording_id),
        told.written(refs[Stage.SUMMARISATION], recording=recording_id),
    ]


async def when(http: httpx.AsyncClient, recording_id: UUID, state: str) -> dict[str, Any]:
    async with asyncio.timeout(SECONDS):
        while True:
            found: dict[str, Any] = (await http.get(f"/api/v1/recordings/{recording_id}")).json()
            if found.get("state") == state:
                return found
            await asyncio.sleep(0.05)


async def test_events_in_any_order_and_twice_come_to_the_same(
    system: System, connection: Client, http: httpx.AsyncClient
) -> None:
    shown = []
    for seed in range(4):
        recording_id = uuid4()
        events = await pipeline(system, recording_id)
        random.Random(seed).shuffle(events)
        # A second delivery under the same event id, as after a lost acknowledgement.
        await publish(connection, [*events, *events])
        found = await when(http, recording_id, "completed")
        assert found.pop("id") == str(recording_id)
        shown.append(found)
    assert all(found == shown[0] for found in shown)
    assert shown[0]["title"] == "Weekly"


async def test_every_format_and_the_minutes_are_read_from_the_store(
    system: System, connection: Client, http: httpx.AsyncClient
) -> None:
    recording_id = uuid4()
    await publish(connection, await pipeline(system, recording_id))
    await when(http, recording_id, "completed")
    for name in ("text", "json", "vtt", "srt", "rttm"):
        response = await http.get(f"/api/v1/recordings/{recording_id}/transcript", params={"format": name})
        assert response.status_code == 200
        assert response.text
    minutes = (await http.get(f"/api/v1/recordings/{recording_id}/minutes")).json()
    assert minutes["summary"][0]["cites"] == ["s1"]
    assert minutes["segments"]["s1"]["start"] == 0.0


async def test_a_text_is_completed_by_its_minutes(
    system: System, connection: Client, http: httpx.AsyncClient
) -> None:
    recording_id = uuid4()
    *_, attributed, written = await pipeline(system, recording_id)
    assert isinstance(attributed, TranscriptAttributed)
    document = (await pipeline(system, recording_id))[1].data.recording
    await publish(
        connection, [told.received(attributed.data.transcript, document, recording=recording_id), written]
    )
    found = await when(http, recording_id, "completed")
    assert found["stages"]["transcription"]["state"] == "skipped"
    minutes = (await http.get(f"/api/v1/recordings/{recording_id}/minutes")).json()
    assert minutes["segments"]["s1"]["start"] == 0.0


async def test_a_message_nobody_can_read_stops_nothing(
    system: System, connection: Client, http: httpx.AsyncClient
) -> None:
    recording_id = uuid4()
    for body in (b"not json", b"[]", b'{"type": "minutier.recording.ingested.v1"}'):
        await connection.jetstream().publish(
            f"minutier.recording.ingested.v1.{recording_id}", body, stream=EVENT_STREAM
        )
    await publish(connection, await pipeline(system, recording_id))
    assert (await when(http, recording_id, "completed"))["tenant"] == "acme"
    assert (await http.get("/healthz")).status_code == 200


async def follow(
    system: System, base_url: str, recording_id: UUID, begun: asyncio.Event
) -> list[tuple[str, dict[str, Any]]]:
    updates = []
    async with (
        httpx.AsyncClient(base_url=base_url, timeout=SECONDS, headers=showing(system, "acme")) as http,
        httpx_sse.aconnect_sse(http, "GET", f"/api/v1/recordings/{recording_id}/progress") as source,
    ):
        async for event in source.aiter_sse():
            updates.append((event.event, json.loads(event.data)))
            begun.set()
    return updates


async def test_watchers_of_every_replica_are_told(
    system: System, connection: Client, http: httpx.AsyncClient
) -> None:
    recording_id = uuid4()
    events = await pipeline(system, recording_id)
    await publish(connection, events[:2])
    async with replica(system) as other:
        begun = [asyncio.Event(), asyncio.Event()]
        async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
            await when(http, recording_id, "processing")
            watching = [
                group.create_task(follow(system, url, recording_id, event))
                for url, event in zip((system.url("query"), other), begun, strict=True)
            ]
            for event in begun:
                await event.wait()
            progress = Progress(recording_id=recording_id, stage=Stage.TRANSCRIPTION, fraction=0.5)
            await connection.publish(progress.nats_subject, progress.model_dump_json().encode())
            await connection.flush()
            await publish(connection, events[2:])
    for task in watching:
        updates = task.result()
        assert updates[0][0] == "state"
        (progress_told,) = [data for kind, data in updates if kind == "progress"]
        assert progress_told.keys() == {"stage", "fraction", "position", "seconds_left"}
        assert [progress_told[key] for key in ("stage", "fraction", "position")] == ["transcription", 0.5, 0]
        assert [data["state"] for kind, data in updates if kind == "state"][-1] == "completed"


async def test_clients_that_leave_leave_nothing(
    system: System, connection: Client, http: httpx.AsyncClient
) -> None:
    recording_id = uuid4()
    await publish(connection, (await pipeline(system, recording_id))[:2])
    await when(http, recording_id, "processing")
    before = await subscriptions(system)
    watching = [
        asyncio.create_task(follow(system, system.url("query"), recording_id, asyncio.Event()))
        for _ in range(20)
    ]
    await until(system, before + 2 * len(watching))
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    await until(system, before)


async def subscriptions(system: System) -> int:
    monitor = system.supervisor["nats"].ports["monitor"]
    async with httpx.AsyncClient() as http:
        return int((await http.get(f"http://127.0.0.1:{monitor}/subsz")).json()["num_subscriptions"])


async def until(system: System, expected: int) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            if await subscriptions(system) == expected:
                return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def replica(system: System) -> AsyncIterator[str]:
    """A second process of the query service."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "minutier.query",
        env={
            **os.environ,
            **system.environment("query"),
            "MINUTIER_HTTP_PORT": str(port),
            # Long enough that only a signal can have brought a change.
            "MINUTIER_QUERY_POLL_SECONDS": "600",
        },
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=url) as http, asyncio.timeout(60):
            while True:
                if await _healthy(http):
                    break
                await asyncio.sleep(0.1)
        yield url
    finally:
        process.terminate()
        await process.wait()


async def _healthy(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/healthz")).is_success
    except httpx.HTTPError:
        return False


HISTORY: list[AnyEvent] = [
    told.failed("ingestion", "invalid", tenant="unknown"),
    *told.pipeline(Documents()),
    told.failed("transcription", seconds=2),
]


@pytest.mark.parametrize("seed", range(10))
async def test_the_statement_depends_on_neither_order_nor_repetition(system: System, seed: int) -> None:
    expected = await kept(system, HISTORY)
    chance = random.Random(seed)
    events = [*HISTORY, *chance.choices(HISTORY, k=3)]
    chance.shuffle(events)
    found = await kept(system, events)
    assert found == expected
    assert recording(found) == recording(expected)
    assert found.tenant == "acme"
    assert found.announced_at == told.START


async def kept(system: System, events: Sequence[AnyEvent]) -> Entry:
    """What one recording's row holds after ``events``; nothing stays."""
    engine = database.connect(DatabaseSettings(url=system.database_url("query")))
    try:
        recording_id = uuid4()
        for event in events:
            fact = await project(event, documents=Documents())
            assert fact is not None
            async with AsyncSession(engine) as session, session.begin():
                await add(session, event.model_copy(update={"subject": recording_id}), fact)
        seen = await Recordings(engine).find(OPERATOR, recording_id)
        assert seen is not None
        found = seen.entry
        return Entry(told.RECORDING, found.tenant, found.announced_at, found.facts)
    finally:
        await engine.dispose()


async def test_pages_are_cut_by_the_database(
    system: System, http: httpx.AsyncClient, connection: Client
) -> None:
    http.headers.update(showing(system, "pages"))
    ids = [uuid4() for _ in range(5)]
    # All at the same moment: the id settles the order.
    await publish(
        connection, [told.announced(recording=recording_id, tenant="pages") for recording_id in ids]
    )
    async with asyncio.timeout(SECONDS):
        while True:
            if len(await listed(http, 200)) == len(ids):
                break
            await asyncio.sleep(0.05)
    assert await listed(http, 2) == sorted(map(str, ids), reverse=True)


async def listed(http: httpx.AsyncClient, limit: int) -> list[str]:
    found: list[str] = []
    parameters = {"limit": str(limit)}
    while True:
        page = (await http.get("/api/v1/recordings", params=parameters)).json()
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            return found
        parameters["after"] = page["next"]
