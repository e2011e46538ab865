"""Every way in, as each meeting server takes it, to the finished transcript."""

import asyncio
import io
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import nats
import pytest
from livekit.protocol.egress import EgressInfo
from openai import AsyncOpenAI

from minutier.compose.embedded import System
from minutier.shared.audio import SAMPLE_RATE
from minutier.shared.objects import client
from tests.support.audio import conversation, encode
from tests.support.bigbluebutton import MEETING, document, ends, joins, marks, records, talks
from tests.support.bucket_events import minio_record, notification
from tests.support.livekit_events import STARTED_AT, recorded, webhook
from tests.support.sources import BEARER, KEY, TENANT, asking, completed, text_of, transcript_of
from tests.support.visio import API_KEY, BUCKET, SPEAKERS, Meeting, collect, speech_of_the_sample
from tests.support.visio import TENANT as VISIO

# "I thought, you know, I heard a beep", eleven seconds from the beginning.
SECONDS = 13.0
SPOKEN = "beep"


@pytest.fixture(scope="module")
def ogg() -> bytes:
    return encode(conversation()[: int(SECONDS * SAMPLE_RATE)], "ogg")


@pytest.fixture
async def http(system: System) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=system.url("ingestion"), timeout=60) as http:
        yield http


async def test_livekit_tells_of_an_egress(system: System, http: httpx.AsyncClient) -> None:
    put(system, "recordings/livekit.ogg", encode(conversation(), "ogg"))
    info = recorded("recordings/livekit.ogg", id="EG_livekit", bucket=BUCKET)
    meeting = Meeting.of("livekit", info.egress_id, STARTED_AT / 1e9, 30.0)
    collect(client(system.objects), meeting, speech_of_the_sample(), late=0.2)
    recording = await heard_of(system, http, info)
    transcript = await spoken(system, recording, VISIO)
    assert {speaker["label"] for speaker in transcript["speakers"]} == set(SPEAKERS.values())
    assert transcript["clock_offset"] == pytest.approx(0.0, abs=0.5)


async def test_a_store_tells_over_http(system: System, http: httpx.AsyncClient, ogg: bytes) -> None:
    etag = put(system, "recordings/by http.ogg", ogg)
    response = await http.post(
        "/webhooks/s3",
        content=notification(minio_record(BUCKET, "recordings/by http.ogg", eTag=etag)),
        headers={"Authorization": f"Bearer {API_KEY}"},
    )
    assert response.json() == {"announced": 1, "ignored": 0}
    await spoken(system, await newest(system, "bucket"), VISIO)


async def test_a_store_tells_over_nats(system: System, ogg: bytes) -> None:
    before = await newest(system, "bucket")
    etag = put(system, "recordings/by-nats.ogg", ogg)
    connection = await nats.connect(system.nats.url, token=system.credentials.nats_token)
    try:
        await connection.jetstream().publish(
            "bucket.notifications.minio",
            notification(minio_record(BUCKET, "recordings/by-nats.ogg", eTag=etag)),
            stream="BUCKET_NOTIFICATIONS",
        )
    finally:
        await connection.close()
    async with asyncio.timeout(60):
        while (recording := await newest(system, "bucket")) == before:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    await spoken(system, recording, VISIO)


async def test_a_client_of_openai_asks_for_a_transcript(system: System, ogg: bytes) -> None:
    async with AsyncOpenAI(base_url=f"{system.url('ingestion')}/v1", api_key=KEY, max_retries=0) as client:
        told = await client.audio.transcriptions.create(
            model="whisper-1",
            file=("meeting.ogg", io.BytesIO(ogg)),
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
    assert SPOKEN in told.text
    assert told.duration == pytest.approx(SECONDS, abs=0.1)
    assert told.words
    assert told.segments


async def test_bigbluebuttons_hook_sends_a_meeting(
    system: System, http: httpx.AsyncClient, ogg: bytes
) -> None:
    name = f"{MEETING}-1.opus"
    events = document(
        *(joins(1, "w_diane", "Diane"), joins(1, "w_sheila", "Sheila"), records(name, 5, 5 + SECONDS)),
        talks("w_sheila", 5 + 6.7, 5 + 7.7),
        talks("w_diane", 5 + 7.7, 5 + 13.0),
        # What is said after ten seconds was not to be recorded.
        marks(5, 15),
        ends(30),
    )
    response = await http.post(
        "/webhooks/bigbluebutton",
        data={"meeting_id": MEETING},
        files=[("events", ("events.xml", events)), ("audio", (name, ogg))],
        headers=BEARER,
    )
    (recording,) = response.json()["recordings"]
    await completed(system, recording)
    transcript = await transcript_of(system, recording)
    assert transcript["segments"]
    assert SPOKEN not in text_of(transcript)
    assert max(segment["end"] for segment in transcript["segments"]) < 10.5


async def test_jibris_script_sends_a_film(system: System, http: httpx.AsyncClient) -> None:
    film = encode(conversation()[: int(SECONDS * SAMPLE_RATE)], "mp4")
    metadata = {"meeting_url": "https://meet.example.org/Weekly", "participants": []}
    response = await http.post(
        "/webhooks/jibri",
        data={"session": "e2e"},
        files=[
            ("metadata", ("metadata.json", json.dumps(metadata).encode())),
            ("recording", ("weekly.mp4", film)),
        ],
        headers=BEARER,
    )
    (recording,) = response.json()["recordings"]
    await spoken(system, recording)
    assert (await completed(system, recording))["title"] == "Weekly"


async def test_anything_puts_a_file(system: System, http: httpx.AsyncClient, ogg: bytes) -> None:
    promised = await http.post("/uploads", json={"title": "By hand"}, headers=BEARER)
    assert promised.status_code == 201, promised.text
    async with httpx.AsyncClient() as anybody:
        stored = await anybody.put(promised.json()["upload_url"], content=ogg)
    assert stored.is_success, stored.text
    recording = promised.json()["recording_id"]
    await spoken(system, recording)
    assert (await completed(system, recording))["title"] == "By hand"


async def test_a_folder_is_watched(system: System, ogg: bytes, tmp_path: Path) -> None:
    (tmp_path / "meeting.ogg").write_bytes(ogg)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "minutier.compose", "watch", str(tmp_path), "--once", "--settle", "0.2"),
        *("--json", "--data-dir", str(system.directory.path)),
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    (found,) = json.loads(out)["recordings"]
    await spoken(system, found["recording_id"], "default")


def put(system: System, key: str, body: bytes) -> str:
    """The object's etag."""
    return str(client(system.objects).put_object(BUCKET, key, io.BytesIO(body), len(body)).etag)


async def heard_of(system: System, http: httpx.AsyncClient, info: EgressInfo) -> str:
    sent = webhook(info)
    response = await http.post("/webhooks/livekit", content=sent.body, headers=sent.headers)
    assert response.is_success, response.text
    return await newest(system, "livekit")


async def newest(system: System, source: str) -> str:
    """The newest recording that a source announced; empty where there is none."""
    found: list[dict[str, Any]] = []
    async with asking(system, VISIO) as query:
        for _ in range(100):
            items = (await query.get("/api/v1/recordings")).json()["items"]
            if found := [item for item in items if item["source"] == source]:
                break
            await asyncio.sleep(0.05)
    return str(found[0]["id"]) if found else ""


async def spoken(system: System, recording: str, tenant: str = TENANT) -> dict[str, Any]:
    """The finished transcript, in which what was said is."""
    await completed(system, recording, tenant)
    transcript = await transcript_of(system, recording, tenant)
    assert SPOKEN in text_of(transcript)
    return transcript
