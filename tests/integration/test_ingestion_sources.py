"""What meeting servers and stores tell, through the running service, on the real servers."""

import asyncio
import io
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import UUID

import httpx
import psycopg
import pytest
from livekit.protocol.egress import EGRESS_ACTIVE, EGRESS_FAILED
from nats.js import JetStreamContext

from minutier.compose.embedded import System
from minutier.schemas.codec import decode
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import (
    AnyEvent,
    RecordingDescribed,
    RecordingIngested,
    RecordingRejected,
    recording_id,
)
from minutier.schemas.rejections import RejectionReason
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects, client
from minutier.shared.topology import BUCKET_CONSUMER, BUCKET_STREAM, EVENT_STREAM
from tests.support import bucket_events, livekit_events
from tests.support.delivery_service import until
from tests.support.ingestion_system import log_of
from tests.support.systems import running

E = TypeVar("E", bound=AnyEvent)

BUCKET, OTHERS_BUCKET = "visio", "globex-meetings"
API_KEY, OTHERS_KEY = "a-key-of-acme-meetings", "a-key-of-globex-meetings"
OWNER = "clerk@example.org"
MEETING = Path(__file__).parent.parent / "data" / "visio-ios.m4a"
SUBJECT = "bucket.notifications.minio"


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    tenants = {
        "acme": {
            "api_key": API_KEY,
            "livekit_api_key": livekit_events.KEY,
            "livekit_api_secret": livekit_events.SECRET,
            "buckets": [BUCKET],
            "owner": OWNER.upper(),
        },
        "globex": {"api_key": OTHERS_KEY, "buckets": [OTHERS_BUCKET, "never-made"]},
    }
    environment = {
        "MINUTIER_INGESTION_TENANTS": json.dumps(tenants),
        "MINUTIER_INGESTION_RECONCILE_GRACE_SECONDS": "0",
        "MINUTIER_INGESTION_RECONCILE_SECONDS": "86400",
    }
    async with running(services=["ingestion", "query"], environment=environment) as system:
        for bucket in (BUCKET, OTHERS_BUCKET):
            await asyncio.to_thread(client(system.objects).make_bucket, bucket)
        yield system


def database_of(system: System) -> str:
    return system.database_url("ingestion").replace("+psycopg", "")


@pytest.fixture
async def http(system: System) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=system.url("ingestion"), timeout=30) as http:
        yield http


class Put(Protocol):
    def __call__(self, key: str, bucket: str = BUCKET, *, body: bytes | None = None) -> str: ...


@pytest.fixture
def put(system: System) -> Put:
    """Puts an object into a bucket, a meeting unless told otherwise, and tells its etag."""

    def put(key: str, bucket: str = BUCKET, *, body: bytes | None = None) -> str:
        body = MEETING.read_bytes() if body is None else body
        result = client(system.objects).put_object(bucket, key, io.BytesIO(body), len(body))
        assert result.etag is not None
        return str(result.etag)

    return put


@pytest.fixture
async def events(system: System, js: JetStreamContext) -> "Events":
    return Events(js, database_of(system))


class Events:
    """What was told of recordings."""

    def __init__(self, js: JetStreamContext, database: str) -> None:
        self._js = js
        self._database = database

    async def count(self, kind: type[AnyEvent], id: UUID | None = None) -> int:
        subject = f"{kind.TYPE}.{id or '>'}"
        info = await self._js.stream_info(EVENT_STREAM, subjects_filter=subject)
        return sum((info.state.subjects or {}).values())

    async def told(self, kind: type[E], id: UUID) -> E:
        """The newest of this kind, once there is one."""

        async def there() -> bool:
            return bool(await self.count(kind, id))

        await until(there)
        message = await self._js.get_last_msg(EVENT_STREAM, f"{kind.TYPE}.{id}")
        event = decode(message.data or b"")
        assert isinstance(event, kind)
        return event

    async def rejected(self, id: UUID) -> RejectionReason:
        return (await self.told(RecordingRejected, id)).data.reason

    async def settled(self) -> None:
        """Until ingestion has nothing left to take in, and what it has told is on the stream."""

        async def idle() -> bool:
            info = await self._js.consumer_info(EVENT_STREAM, "ingestion-recording-announced")
            return not info.num_pending and not info.num_ack_pending

        async def nothing_waits() -> bool:
            with psycopg.connect(self._database) as connection:
                return connection.execute("select 1 from outbox").fetchone() is None

        await until(nothing_waits)
        await until(idle)
        await until(nothing_waits)


async def send(http: httpx.AsyncClient, webhook: livekit_events.Webhook) -> None:
    response = await http.post("/webhooks/livekit", content=webhook.body, headers=webhook.headers)
    assert response.status_code == 204, response.text


async def notify(http: httpx.AsyncClient, *records: dict[str, object], key: str = API_KEY) -> dict[str, int]:
    response = await http.post(
        "/webhooks/s3",
        content=bucket_events.notification(*records),
        headers={"Authorization": f"Bearer {key}"},
    )
    assert response.status_code == 200, response.text
    return dict(response.json())


async def reconcile(system: System, http: httpx.AsyncClient, *, dry_run: bool = False) -> dict[str, Any]:
    response = await http.post(
        "/reconcile",
        params={"dry_run": dry_run},
        headers={"Authorization": f"Bearer {system.credentials.operator_key}"},
    )
    assert response.status_code == 200, response.text
    return dict(response.json())


def make_due(system: System) -> None:
    """As if the time had come at which all that is expected should be there."""
    with psycopg.connect(database_of(system)) as connection:
        connection.execute("update expectations set due_at = now() where due_at is not null")


async def shown(system: System, id: str, state: str) -> dict[str, Any]:
    """What the query service answers about an egress, once it has come to ``state``."""
    answers: list[dict[str, Any]] = []
    bearer = {"Authorization": f"Bearer {system.token(tenant='acme', operator=True)}"}
    async with httpx.AsyncClient(base_url=f"{system.url('query')}/api/v1", headers=bearer) as query:

        async def there() -> bool:
            answers.append((await query.get(f"/recordings/{of_egress(id)}")).json())
            return answers[-1].get("state") == state

        await until(there)
    return answers[-1]


def of_egress(id: str) -> UUID:
    return recording_id("acme", "livekit", id)


async def test_a_recording_is_taken_in_once_whoever_tells_of_it_and_however_often(
    http: httpx.AsyncClient, events: Events, put: Put
) -> None:
    before = await events.count(RecordingIngested)
    etag = put("rec/twice.m4a")
    ended = livekit_events.webhook(livekit_events.recorded("rec/twice.m4a", id="EG_twice", bucket=BUCKET))
    record = bucket_events.minio_record(BUCKET, "rec/twice.m4a", eTag=etag)
    await asyncio.gather(*(send(http, ended) for _ in range(4)), notify(http, record), notify(http, record))
    await events.settled()
    assert await notify(http, record) == {"announced": 0, "ignored": 1}
    await send(http, ended)
    await events.settled()
    assert await events.count(RecordingIngested) == before + 1


async def test_an_egress_that_fails_is_shown_once_and_what_it_makes_after_all_is_taken_in(
    system: System, http: httpx.AsyncClient, events: Events, put: Put
) -> None:
    failed = livekit_events.webhook(livekit_events.egress("EG_failed", status=EGRESS_FAILED))
    await asyncio.gather(*(send(http, failed) for _ in range(3)))
    assert await events.rejected(of_egress("EG_failed")) is RejectionReason.NOT_RECORDED
    await events.settled()
    assert await events.count(RecordingRejected, of_egress("EG_failed")) == 1
    assert (await shown(system, "EG_failed", "rejected"))["reason"] == "not_recorded"
    put("rec/failed.m4a")
    made = livekit_events.recorded("rec/failed.m4a", id="EG_failed", bucket=BUCKET)
    await send(http, livekit_events.webhook(made))
    await events.told(RecordingIngested, of_egress("EG_failed"))
    await shown(system, "EG_failed", "processing")
    await send(http, failed)
    await events.settled()
    assert await events.count(RecordingRejected, of_egress("EG_failed")) == 1


async def test_what_lies_in_a_bucket_of_somebody_elses_is_told_to_be_forbidden(
    http: httpx.AsyncClient, events: Events, put: Put
) -> None:
    put("rec/theirs.m4a", OTHERS_BUCKET)
    theirs = livekit_events.recorded("rec/theirs.m4a", id="EG_theirs", bucket=OTHERS_BUCKET)
    await send(http, livekit_events.webhook(theirs))
    assert await events.rejected(of_egress("EG_theirs")) is RejectionReason.FORBIDDEN_LOCATION
    record = bucket_events.minio_record(OTHERS_BUCKET, "rec/theirs.m4a")
    assert await notify(http, record) == {"announced": 0, "ignored": 1}
    assert await notify(http, record, key=OTHERS_KEY) == {"announced": 1, "ignored": 0}


async def test_an_end_that_was_never_told_is_flagged_and_one_told_too_late_still_counts(
    system: System, http: httpx.AsyncClient, events: Events, put: Put
) -> None:
    started = {
        name: livekit_events.webhook(livekit_events.egress(name, status=EGRESS_ACTIVE), event)
        for name, event in (("EG_lost", "egress_started"), ("EG_over", "egress_updated"))
    }
    put("rec/over.m4a")
    over = livekit_events.recorded("rec/over.m4a", id="EG_over", bucket=BUCKET)
    await send(http, livekit_events.webhook(over))
    for webhook in (*started.values(), *started.values()):
        await send(http, webhook)
    make_due(system)
    dry = await reconcile(system, http, dry_run=True)
    assert dry["missing"] == [str(of_egress("EG_lost"))]
    assert (await reconcile(system, http))["missing"] == dry["missing"]
    assert await events.rejected(of_egress("EG_lost")) is RejectionReason.NOT_FOUND
    await send(http, started["EG_lost"])
    make_due(system)
    assert (await reconcile(system, http))["missing"] == []
    put("rec/lost.m4a")
    found = livekit_events.recorded("rec/lost.m4a", id="EG_lost", bucket=BUCKET)
    await send(http, livekit_events.webhook(found))
    await events.told(RecordingIngested, of_egress("EG_lost"))


async def test_an_end_that_the_store_tells_of_first_is_an_end(
    system: System, http: httpx.AsyncClient, put: Put
) -> None:
    record = bucket_events.minio_record(BUCKET, "rec/first.m4a", eTag=put("rec/first.m4a"))
    assert await notify(http, record) == {"announced": 1, "ignored": 0}
    told = livekit_events.recorded("rec/first.m4a", id="EG_first", bucket=BUCKET)
    await send(http, livekit_events.webhook(told))
    started = livekit_events.egress("EG_first", status=EGRESS_ACTIVE)
    await send(http, livekit_events.webhook(started, "egress_started"))
    make_due(system)
    assert (await reconcile(system, http))["missing"] == []


async def test_a_lost_webhook_is_made_up_for_and_a_late_one_makes_no_second_recording(
    system: System, http: httpx.AsyncClient, events: Events, put: Put
) -> None:
    # What earlier tests have left is done with first.
    await reconcile(system, http)
    put("rec/unheard.m4a")
    dry = await reconcile(system, http, dry_run=True)
    assert len(dry["announced"]) == 1
    assert (await reconcile(system, http))["announced"] == dry["announced"]
    ingested = await events.told(RecordingIngested, UUID(dry["announced"][0]))
    document = await Artefacts(Objects(system.objects)).load(RecordingDocument, ingested.data.recording)
    assert (document.title, document.people, document.default_owner) == (None, (), OWNER.upper())
    late = livekit_events.recorded("rec/unheard.m4a", id="EG_unheard", bucket=BUCKET)
    await send(http, livekit_events.webhook(late))
    await events.settled()
    assert await events.count(RecordingIngested, of_egress("EG_unheard")) == 0
    described = await events.told(RecordingDescribed, ingested.subject)
    document = await Artefacts(Objects(system.objects)).load(RecordingDocument, described.data.recording)
    assert (document.title, document.people, document.default_owner) == ("sprint-review", (), None)
    again = await reconcile(system, http)
    assert (again["announced"], again["unreadable"]) == ([], ["never-made"])


async def test_what_was_rejected_is_announced_again_by_who_knows_of_it_and_not_by_the_reconciler(
    system: System, http: httpx.AsyncClient, events: Events, put: Put
) -> None:
    etag = put("rec/broken.m4a", body=b"no recording")
    broken = livekit_events.webhook(livekit_events.recorded("rec/broken.m4a", id="EG_broken", bucket=BUCKET))
    await send(http, broken)
    assert await events.rejected(of_egress("EG_broken")) is RejectionReason.UNSUPPORTED
    assert (await reconcile(system, http))["announced"] == []
    record = bucket_events.minio_record(BUCKET, "rec/broken.m4a", eTag=etag)
    assert await notify(http, record) == {"announced": 1, "ignored": 0}
    await events.settled()
    # As the recording that it was, and not as a second one.
    assert await events.count(RecordingRejected, of_egress("EG_broken")) == 2


async def test_a_file_that_is_written_anew_under_its_old_name_is_another_recording(
    http: httpx.AsyncClient, events: Events, put: Put
) -> None:
    record = bucket_events.minio_record
    for name in ("EG_monday", "EG_tuesday"):
        etag = put("rec/room.m4a", body=MEETING.read_bytes() + name.encode())
        ended = livekit_events.recorded("rec/room.m4a", id=name, bucket=BUCKET)
        await send(http, livekit_events.webhook(ended))
        await events.told(RecordingIngested, of_egress(name))
        assert (await notify(http, record(BUCKET, "rec/room.m4a", eTag=etag)))["announced"] == 0


async def test_a_store_that_publishes_on_nats_is_heard_and_nonsense_is_set_aside(
    js: JetStreamContext, events: Events, put: Put
) -> None:
    before = await events.count(RecordingIngested)
    etag = put("rec/published.m4a")
    record = bucket_events.minio_record(BUCKET, "rec/published.m4a", eTag=etag)
    for body in (b"nonsense", bucket_events.notification(record), bucket_events.notification(record)):
        await js.publish(SUBJECT, body, stream=BUCKET_STREAM)

    async def read() -> bool:
        info = await js.consumer_info(BUCKET_STREAM, BUCKET_CONSUMER)
        return not info.num_pending and not info.num_ack_pending

    await until(read)
    await events.settled()
    assert await events.count(RecordingIngested) == before + 1


async def test_the_command_has_the_service_compare(system: System, http: httpx.AsyncClient, put: Put) -> None:
    def minutier(*arguments: str) -> str:
        command = [sys.executable, "-m", "minutier.compose", "reconcile", *arguments]
        environment = os.environ | {
            "MINUTIER_INGESTION_URL": system.url("ingestion"),
            "MINUTIER_INGESTION_OPERATOR_KEY": system.credentials.operator_key,
        }
        run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environment)
        return run.stdout

    await reconcile(system, http)
    put("rec/commanded.m4a")
    found = json.loads(await asyncio.to_thread(minutier, "--dry-run", "--json"))
    assert (len(found["announced"]), found["dry_run"]) == (1, True)
    assert await asyncio.to_thread(minutier) == f"{found['announced'][0]} announced\n"
    assert await asyncio.to_thread(minutier) == ""


async def test_only_the_operator_may_reconcile(http: httpx.AsyncClient) -> None:
    for headers in ({}, {"Authorization": f"Bearer {API_KEY}"}):
        assert (await http.post("/reconcile", headers=headers)).status_code == 401


async def test_nobody_is_named_in_what_the_service_writes(system: System) -> None:
    log = await log_of(system)
    assert "reconciled" in log
    assert "not readable" in log
    for secret in ("rec/", ".m4a", "sprint-review", livekit_events.SECRET, API_KEY, OWNER):
        assert secret not in log
