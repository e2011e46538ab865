"""A whole meeting of a simulated Visio: its webhooks, its bucket, its summary service and its Docs."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from typing import Any

import httpx
import nats
import pytest
from livekit.protocol.egress import EGRESS_ACTIVE, EGRESS_FAILED, EgressInfo
from minio import Minio

from minutier.compose.embedded import System
from minutier.shared.objects import client
from minutier.shared.topology import EVENT_STREAM
from tests.support.delivery_service import until
from tests.support.livekit_events import egress, recorded, webhook
from tests.support.receiver import DOCS_PATH, WEBHOOK_PATH
from tests.support.scoring import concatenated_word_error_rate, sample
from tests.support.sources import asking, completed, transcript_of
from tests.support.visio import (
    API_KEY,
    BUCKET,
    OWNER,
    SPEAKERS,
    TENANT,
    Visio,
    collect,
    record,
    speech_of_the_sample,
)

SECONDS = 240
CLOCK_LATE = 3.2
FIRST_WORD = 6.69


@pytest.fixture
def store(system: System) -> Minio:
    return client(system.objects)


@pytest.fixture
async def http(system: System) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=system.url("ingestion"), timeout=30) as http:
        yield http


async def test_a_meeting_is_named_pushed_and_told_of_once_whatever_webhooks_do(
    simulated: Visio, system: System, store: Minio, http: httpx.AsyncClient
) -> None:
    before = {shown["id"] for shown in await recordings(system)}
    meeting = record(store, sample("wav").read_bytes(), room="Point hebdo", seconds=30.0)
    collect(store, meeting, speech_of_the_sample(), late=CLOCK_LATE)
    await tell(http, "egress_started", egress(meeting.egress_id, status=EGRESS_ACTIVE))

    # The webhook that says that it has ended is lost.
    dry = await reconcile(system, "--dry-run")
    found = await reconcile(system)
    assert dry["announced"] == found["announced"]
    assert len(found["announced"]) == 1
    for _ in range(2):
        await tell(http, "egress_ended", recorded(meeting.key, id=meeting.egress_id, bucket=BUCKET))
    assert (await reconcile(system))["announced"] == []

    simulated.receiver.failing[DOCS_PATH] = 2
    job = await simulated.ask_for_transcript(http, meeting, store)
    result = await told(simulated, job)
    assert (result["type"], result["status"]) == ("transcript", "success")
    segments = json.loads(await simulated.fetch(result))["segments"]
    assert {segment["speaker"] for segment in segments} == set(SPEAKERS.values())
    assert concatenated_word_error_rate(sample("stm"), segments) <= 0.25
    (recording,) = found["announced"]
    assert {shown["id"] for shown in await recordings(system)} - before == {recording}
    # Nobody was named when it was announced: what its jobs tell of their owner came later.
    await completed(system, recording, TENANT)
    transcript = await transcript_of(system, recording, TENANT)
    # Nobody told when it began, so that the first talk of the account was taken for the beginning.
    assert transcript["clock_offset"] == pytest.approx(FIRST_WORD, abs=0.5)
    assert {speaker["evidence"] for speaker in transcript["speakers"]} == {"activity"}
    assert all(speaker["confidence"] > 0.5 for speaker in transcript["speakers"])

    async def pushed() -> bool:
        return len(simulated.documents()) == 2

    await until(pushed, SECONDS)
    spoken, summed_up = simulated.documents()
    assert (spoken["email"], spoken["sub"]) == (OWNER["email"], OWNER["sub"])
    assert spoken["title"] == 'Réunion "Point hebdo"'
    assert "**Diane**" in spoken["content"]
    assert f"/recordings/{meeting.id}" in spoken["content"]
    assert summed_up["title"] != spoken["title"]

    result = await told(simulated, await simulated.ask_for_summary(http, spoken["content"]))
    assert (result["type"], result["status"]) == ("summary", "success")
    assert len(await simulated.fetch(result)) > 40
    assert len(simulated.documents()) == 2


async def test_a_meeting_that_could_not_be_recorded_is_shown(system: System, http: httpx.AsyncClient) -> None:
    await tell(http, "egress_ended", egress("EG_failed", status=EGRESS_FAILED))

    async def shown() -> bool:
        return any(found["reason"] == "not_recorded" for found in await recordings(system))

    await until(shown, SECONDS)


async def test_what_is_no_recording_ends_with_the_reason_it_knows(
    simulated: Visio, http: httpx.AsyncClient, store: Minio
) -> None:
    meeting = record(store, b"not a recording at all" * 50, room="Bruit", seconds=1.0)
    collect(store, meeting, {}, late=0.0)
    simulated.receiver.failing[WEBHOOK_PATH] = 2
    job = await simulated.ask_for_transcript(http, meeting, store)
    assert await told(simulated, job) == {
        "job_id": job,
        "type": "transcript",
        "status": "failure",
        "error_code": "corrupted_audio_file",
    }


async def tell(http: httpx.AsyncClient, event: str, about: EgressInfo) -> None:
    """As LiveKit's webhook does."""
    sent = webhook(about, event)
    response = await http.post("/webhooks/livekit", content=sent.body, headers=sent.headers)
    assert response.is_success, response.text


async def reconcile(system: System, *options: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "minutier.compose", "reconcile", "--json", *options),
        *("--data-dir", str(system.directory.path)),
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    result: dict[str, Any] = json.loads(out)
    return result


async def told(simulated: Visio, job_id: str) -> dict[str, Any]:
    """What the backend is told of a job, once it is."""
    results: list[dict[str, Any]] = []

    async def known() -> bool:
        results.extend(filter(None, [simulated.result_of(job_id)]))
        return bool(results)

    await until(known, SECONDS)
    return results[0]


async def recordings(system: System) -> list[dict[str, Any]]:
    """All of the tenant's."""
    async with asking(system, TENANT) as query:
        response = await query.get("/api/v1/recordings")
    items: list[dict[str, Any]] = response.json()["items"]
    return [item for item in items if item["source"] is not None]


async def test_no_log_and_no_event_tells_who_met_or_what_was_said(
    simulated: Visio, system: System, http: httpx.AsyncClient
) -> None:
    """After all of the above; what is announced is gone from the stream by then."""
    told = await everything_told(system)
    assert b"minutier.transcript.attributed.v1" in told
    for path in sorted(system.directory.logs.iterdir()):
        told += path.read_bytes()
    for secret in (*SPEAKERS.values(), *OWNER.values(), "Point hebdo", "New Jersey", "X-Amz-", API_KEY):
        assert secret.encode() not in told, secret


async def everything_told(system: System) -> bytes:
    """Every message that the stream of events holds, with its subject."""
    connection = await nats.connect(system.nats.url, token=system.credentials.nats_token)
    try:
        js = connection.jetstream()
        held = (await js.stream_info(EVENT_STREAM)).state.messages
        subscription = await js.subscribe("", stream=EVENT_STREAM, ordered_consumer=True)
        told = b""
        for _ in range(held):
            message = await subscription.next_msg(timeout=10)
            told += message.subject.encode() + message.data
        return told
    finally:
        await connection.close()
