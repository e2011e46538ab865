"""What ingestion has of a purged recording goes, and nobody who announces it again brings it back."""

import asyncio
import hashlib
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from nats.js import JetStreamContext
from pydantic import SecretStr

from minutier.compose.embedded import System
from minutier.ingestion.domain import Identity
from minutier.ingestion.jobs.domain import own_recording
from minutier.ingestion.sources import bucket_objects, jibri
from minutier.ingestion.sources.bucket_objects import BucketObject
from minutier.ingestion.speech import transcribe as speech
from minutier.ingestion.tenants import Tenant
from minutier.ingestion.uploads.take import SOURCE as UPLOAD
from minutier.schemas.events import (
    RecordingAnnounced,
    RecordingIngested,
    Stage,
    TextReceived,
    recording_id,
)
from minutier.schemas.records import Kind
from minutier.schemas.references import Location
from minutier.shared.objects import ARTEFACTS, RECORDINGS, UPLOADS, client
from tests.support import bucket_events, livekit_events
from tests.support.delivery_service import until
from tests.support.ingestion_fakes import announced, track
from tests.support.ingestion_fakes import upload as upload_at
from tests.support.ingestion_system import announce, count, keys, put, told, until_forgotten
from tests.support.purging import Purges
from tests.support.systems import running

ROLE = "ingestion"
TENANT, BUCKET, KEY = "acme", "visio", "a-key-of-acme-meetings"
BEARER = {"Authorization": f"Bearer {KEY}"}
MEETING = (Path(__file__).parent.parent / "data" / "visio-ios.m4a").read_bytes()


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    tenant = {
        "api_key": KEY,
        "livekit_api_key": livekit_events.KEY,
        "livekit_api_secret": livekit_events.SECRET,
        "buckets": [BUCKET],
    }
    environment = {
        "MINUTIER_INGESTION_TENANTS": json.dumps({TENANT: tenant}),
        "MINUTIER_INGESTION_RECONCILE_GRACE_SECONDS": "0",
        "MINUTIER_INGESTION_RECONCILE_SECONDS": "86400",
    }
    async with running(services=["ingestion"], environment=environment) as system:
        await asyncio.to_thread(client(system.objects).make_bucket, BUCKET)
        yield system


@pytest.fixture
async def http(system: System) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=system.url(ROLE), timeout=30, headers=BEARER) as http:
        yield http


@pytest.fixture
def purges(system: System, js: JetStreamContext) -> Purges:
    return Purges(system, js, TENANT)


async def notify(http: httpx.AsyncClient, key: str, etag: str) -> dict[str, int]:
    record = bucket_events.minio_record(BUCKET, key, eTag=etag)
    answer = await http.post("/webhooks/s3", content=bucket_events.notification(record))
    return dict(answer.raise_for_status().json())


async def reconcile(system: System, http: httpx.AsyncClient) -> list[str]:
    """The recordings that it has announced."""
    operator = {"Authorization": f"Bearer {system.credentials.operator_key}"}
    answer = await http.post("/reconcile", headers=operator)
    announced: list[str] = answer.raise_for_status().json()["announced"]
    return announced


async def end_egress(http: httpx.AsyncClient, key: str, id: str) -> None:
    ended = livekit_events.webhook(livekit_events.recorded(key, id=id, bucket=BUCKET))
    answer = await http.post("/webhooks/livekit", content=ended.body, headers=ended.headers)
    answer.raise_for_status()


def of_object(key: str, etag: str) -> UUID:
    """The recording that an object is which nobody has told more about."""
    found = BucketObject(Location(bucket=BUCKET, key=key), etag=etag)
    announcement = found.announced_for(Tenant(api_key=SecretStr(KEY)))
    return recording_id(TENANT, bucket_objects.SOURCE, announcement.external_id)


async def put_meeting(system: System, key: str, body: bytes = MEETING) -> str:
    """Its etag."""
    result = await asyncio.to_thread(
        client(system.objects).put_object, BUCKET, key, io.BytesIO(body), len(body)
    )
    return str(result.etag)


async def test_an_object_of_a_bucket_is_not_taken_in_again_whoever_tells_of_it(
    system: System, http: httpx.AsyncClient, js: JetStreamContext, purges: Purges
) -> None:
    key = "rooms/secret-plans.m4a"
    etag = await put_meeting(system, key)
    assert (await notify(http, key, etag))["announced"] == 1
    recording = of_object(key, etag)
    await told(js, RecordingIngested, recording)
    assert await purges.left(RECORDINGS, recording) == 2
    gone = await purges.purge(recording, ROLE)
    assert gone["object_versions"] == 3
    assert purges.remains(ROLE, recording) == {}
    assert await purges.left(RECORDINGS, recording) + await purges.left(ARTEFACTS, recording) == 0
    assert await reconcile(system, http) == []
    assert await notify(http, key, etag) == {"announced": 0, "ignored": 1}
    await end_egress(http, key, "EG_late")
    assert await count(js, f"{RecordingAnnounced.TYPE}.>") == 0
    assert purges.remains(ROLE, recording) == {}
    assert "secret" not in await written(system)
    # Another meeting in its place is another one.
    assert await reconcile(system, http) == []
    other = await put_meeting(system, key, MEETING + b"\0")
    assert await reconcile(system, http) == [str(of_object(key, other))]
    await purges.purge(of_object(key, other), ROLE)


async def written(system: System) -> str:
    """All rows that ingestion has."""
    with psycopg.connect(system.database_url(ROLE).replace("+psycopg", "")) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'ingestion'"
        ).fetchall()
        return "".join(
            str(connection.execute(f'select * from "{table}"'.encode()).fetchall()) for (table,) in tables
        )


async def test_an_egress_of_the_same_room_is_another_meeting(
    system: System, http: httpx.AsyncClient, js: JetStreamContext, purges: Purges
) -> None:
    key = "rooms/standup.m4a"
    await put_meeting(system, key)
    await end_egress(http, key, "EG_monday")
    monday = recording_id(TENANT, "livekit", "EG_monday")
    await told(js, RecordingIngested, monday)
    await purges.purge(monday, ROLE)
    await end_egress(http, key, "EG_monday")
    begun = livekit_events.webhook(livekit_events.recorded(key, id="EG_monday"), "egress_started")
    answer = await http.post("/webhooks/livekit", content=begun.body, headers=begun.headers)
    assert answer.status_code == 204
    assert purges.remains(ROLE, monday) == {}
    await end_egress(http, key, "EG_tuesday")
    await told(js, RecordingIngested, recording_id(TENANT, "livekit", "EG_tuesday"))


async def upload(http: httpx.AsyncClient, id: str) -> httpx.Response:
    return await http.post("/uploads", json={"external_id": id, "title": "Secret plans"})


async def test_who_hands_it_in_again_is_told_that_it_was_purged(
    http: httpx.AsyncClient, js: JetStreamContext, purges: Purges, system: System
) -> None:
    promised = (await upload(http, "one")).json()
    recording = UUID(promised["recording_id"])
    assert recording == Identity(TENANT, UPLOAD, "one").recording_id
    assert (await purges.purge(recording, ROLE))["rows"] == 2
    assert "Secret" not in await written(system)
    before = await keys(system, UPLOADS)
    path = promised["upload_url"].removeprefix(str(http.base_url).rstrip("/"))
    refused = [
        await upload(http, "one"),
        await http.put(path, content=MEETING),
    ]
    for answer in refused:
        assert (answer.status_code, answer.json()["reason"]) == (410, "purged")
    assert await keys(system, UPLOADS) == before
    assert (await upload(http, "two")).status_code == 201


async def test_of_a_session_the_films_that_are_not_purged_are_taken_in(
    http: httpx.AsyncClient, purges: Purges
) -> None:
    async def send() -> httpx.Response:
        films = [("recording", (f"{number}.mp4", MEETING)) for number in range(2)]
        return await http.post("/webhooks/jibri", data={"session": "s1"}, files=films)

    await purges.purge(recording_id(TENANT, jibri.SOURCE, "s1"), ROLE)
    second = recording_id(TENANT, jibri.SOURCE, "s1/2")
    assert (await send()).json() == {"recordings": [str(second)], "purged": 1}
    await purges.purge(second, ROLE)
    answer = await send()
    assert (answer.status_code, answer.json()["reason"]) == (410, "purged")


async def test_openais_clients_are_told_so_too(http: httpx.AsyncClient, purges: Purges) -> None:
    heard = f"{hashlib.sha256(MEETING).hexdigest()}\n"
    named = hashlib.sha256(heard.encode()).hexdigest()
    await purges.purge(recording_id(TENANT, speech.SOURCE, named), ROLE)
    answer = await http.post("/v1/audio/transcriptions", files={"file": ("a.m4a", MEETING)})
    assert (answer.status_code, answer.json()["reason"]) == (410, "purged")
    assert answer.json()["error"]["message"] == answer.json()["detail"]


async def test_what_waits_to_be_taken_in_goes_with_what_was_uploaded_for_it(
    system: System, js: JetStreamContext, purges: Purges
) -> None:
    there = await put(system, MEETING, "waiting/track")
    event = announced("waits", mix=upload_at("waiting/missing"), tracks=(track("Ada", there.key),))
    await announce(js, event)
    await until(lambda: claimed(purges, event.subject))
    gone = await purges.purge(event.subject, ROLE)
    assert gone["stream_messages"] == 1
    assert await count(js, event.nats_subject) == 0
    assert there.key not in await keys(system, UPLOADS)
    assert purges.remains(ROLE, event.subject) == {}


async def claimed(purges: Purges, recording: UUID) -> bool:
    return "inbox" in purges.remains(ROLE, recording)


async def test_what_is_announced_late_is_not_even_kept_in_the_stream(
    system: System, js: JetStreamContext, purges: Purges
) -> None:
    there = await put(system, MEETING, "late/media")
    event = announced("late", mix=there)
    await purges.purge(event.subject, ROLE)
    await announce(js, event)
    await until_forgotten(js, event)
    assert there.key not in await keys(system, UPLOADS)
    assert await purges.left(RECORDINGS, event.subject) == 0
    assert purges.remains(ROLE, event.subject) == {}


async def test_of_the_media_alone_the_rest_stays(
    system: System, js: JetStreamContext, purges: Purges
) -> None:
    there = await put(system, MEETING, "part/media")
    event = announced("part", mix=there)
    await announce(js, event)
    await told(js, RecordingIngested, event.subject)
    assert (await purges.purge(event.subject, ROLE, Kind.MEDIA))["object_versions"] == 2
    assert await purges.left(RECORDINGS, event.subject) == 0
    assert await purges.left(ARTEFACTS, event.subject) == 1
    assert purges.remains(ROLE, event.subject)["recordings"] == 1
    # Whoever announces it again brings no media back.
    await announce(js, event.model_copy(update={"id": uuid4()}))
    await until_forgotten(js, event)
    assert await purges.left(RECORDINGS, event.subject) == 0


async def test_a_job_of_a_purged_recording_is_not_there(
    http: httpx.AsyncClient, js: JetStreamContext, purges: Purges, system: System
) -> None:
    text = {"user_sub": "sub", "email": "ada@example.org", "content": "Ada: Good morning.", "language": "en"}
    asked = await http.post("/api/v2/async-jobs/summarize", json=text)
    job = asked.raise_for_status().json()["job_id"]
    recording = own_recording(TENANT, UUID(job))
    received = await told(js, TextReceived, recording)
    assert received.data.transcript.key.split("/")[2] == Stage.ATTRIBUTION
    await purges.purge(recording, ROLE)
    assert (await http.get(f"/api/v2/async-jobs/summarize/{job}")).status_code == 404
    assert purges.remains(ROLE, recording) == {}
