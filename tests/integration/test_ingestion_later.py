"""Whoever an announcement names may read the recording, whichever way it was announced first."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from nats.js import JetStreamContext

from minutier.compose.embedded import System
from minutier.compose.people import OUTSIDER, PARTICIPANT
from minutier.ingestion.sources.bucket_objects import SOURCE
from minutier.schemas.documents import Part, Person
from minutier.schemas.events import RecordingAnnounced, RecordingIngested, recording_id
from minutier.schemas.references import Location
from minutier.shared.objects import client
from tests.support import bucket_events
from tests.support.delivery_service import until
from tests.support.ingestion_fakes import announced
from tests.support.ingestion_system import announce, count, log_of, told
from tests.support.summary_jobs import ask, bearer, docs, recording_of
from tests.support.systems import running

KEY, BUCKET = "a-key-of-acme-meetings", "visio"
MEETING = Path(__file__).parent.parent / "data" / "visio-ios.m4a"
TITLE = "Bibliothèque de quartier"


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    tenants = {"acme": {"api_key": KEY, "buckets": [BUCKET], "owner": OUTSIDER.email}}
    environment = {
        "MINUTIER_INGESTION_TENANTS": json.dumps(tenants),
        "MINUTIER_INGESTION_RECONCILE_SECONDS": "86400",
    }
    async with running(services=["ingestion", "query"], environment=environment) as system:
        await asyncio.to_thread(client(system.objects).make_bucket, BUCKET)
        yield system


@pytest.fixture
async def http(system: System) -> AsyncIterator[httpx.AsyncClient]:
    url = system.url("ingestion")
    async with httpx.AsyncClient(base_url=url, headers=bearer(KEY), timeout=30) as http:
        yield http


def put(system: System, key: str) -> str:
    """Its etag."""
    body = MEETING.read_bytes()
    result = client(system.objects).put_object(BUCKET, key, io.BytesIO(body), len(body))
    return str(result.etag)


async def notify(http: httpx.AsyncClient, key: str, etag: str) -> UUID:
    """Tell of an object as its store does; the recording that it is if nobody else has told of it."""
    body = bucket_events.notification(bucket_events.minio_record(BUCKET, key, eTag=etag))
    (await http.post("/webhooks/s3", content=body)).raise_for_status()
    return recording_id("acme", SOURCE, sha256(f"{BUCKET}\n{key}\n{etag}".encode()).hexdigest())


async def ask_for(http: httpx.AsyncClient, system: System, key: str) -> str:
    """Ask for a transcript as the participant does; the job's id."""
    return await ask(
        http,
        f"http://{system.objects.endpoint}/{BUCKET}/{key}",
        user_sub="sub-of-camille",
        push_to_docs_config=docs(user_email=PARTICIPANT.email, title=TITLE),
    )


async def shown(system: System, id: UUID, person: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {system.token(person, tenant='acme')}"}
    async with httpx.AsyncClient(base_url=system.url("query"), headers=headers, timeout=30) as query:
        response = await query.get(f"/api/v1/recordings/{id}")
    return dict(response.json()) if response.status_code == 200 else {}


async def test_who_is_named_after_it_was_taken_in_may_read_it_and_no_announcement_is_left(
    system: System, http: httpx.AsyncClient, js: JetStreamContext
) -> None:
    recording = await notify(http, "later.m4a", put(system, "later.m4a"))
    await told(js, RecordingIngested, recording)

    async def has(person: str, access: str | None) -> bool:
        return (await shown(system, recording, person)).get("access") == access

    # As long as nobody says whose it is.
    await until(lambda: has(OUTSIDER.subject, "own"))
    assert await has(PARTICIPANT.subject, None)
    for _ in range(3):
        await ask_for(http, system, "later.m4a")
    await until(lambda: has(PARTICIPANT.subject, "own"))
    assert (await shown(system, recording, PARTICIPANT.subject))["title"] == TITLE
    assert await has(OUTSIDER.subject, None)

    async def forgotten() -> bool:
        return not await count(js, f"{RecordingAnnounced.TYPE}.{recording}")

    await until(forgotten)
    assert await count(js, f"minutier.recording.described.v1.{recording}") == 1
    assert await count(js, f"{RecordingIngested.TYPE}.{recording}") == 1


async def test_who_is_named_first_may_read_it_too(
    system: System, http: httpx.AsyncClient, js: JetStreamContext
) -> None:
    etag = put(system, "first.m4a")
    recording = recording_of(await ask_for(http, system, "first.m4a"), "acme")
    await notify(http, "first.m4a", etag)
    await told(js, RecordingIngested, recording)

    async def reads() -> bool:
        found = await shown(system, recording, PARTICIPANT.subject)
        return (found.get("access"), found.get("title")) == ("own", TITLE)

    await until(reads)
    assert await shown(system, recording, OUTSIDER.subject) == {}


async def test_whoever_publishes_announcements_may_name_people_later_but_not_by_anothers_media(
    system: System, js: JetStreamContext
) -> None:
    put(system, "published.m4a")
    mix = Location(bucket=BUCKET, key="published.m4a")
    first = announced("published", mix=mix)
    await announce(js, first)
    await told(js, RecordingIngested, first.subject)
    forged = announced(
        "published",
        mix=Location(bucket="somebody-elses", key="a"),
        people=(Person(part=Part.OWNER, subject=OUTSIDER.subject),),
    )
    later = announced("published", mix=mix, people=(Person(part=Part.OWNER, subject=PARTICIPANT.subject),))
    await announce(js, forged, later, later)

    async def reads() -> bool:
        return (await shown(system, first.subject, PARTICIPANT.subject)).get("access") == "own"

    await until(reads)

    async def forgotten() -> bool:
        return not await count(js, first.nats_subject)

    await until(forgotten)
    assert await shown(system, first.subject, OUTSIDER.subject) == {}


async def test_nobody_is_named_in_what_the_service_writes(system: System) -> None:
    log = await log_of(system)
    for secret in (PARTICIPANT.email, OUTSIDER.email, "sub-of-camille", TITLE):
        assert secret not in log
