"""The summary service of La Suite Meet on the real servers; only what models do is made up."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from minio import Minio
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from pydantic import PostgresDsn

from minutier.compose.embedded import System
from minutier.ingestion.announce import announce
from minutier.schemas.documents import Part, RecordingDocument
from minutier.schemas.events import (
    AnnouncedMetadata,
    Announcement,
    Cancelled,
    Failed,
    JobCompleted,
    MetadataKind,
    RecordingAnnounced,
    RecordingCancelled,
    RecordingIngested,
    StageFailed,
    TextReceived,
)
from minutier.schemas.references import Location, ObjectRef
from minutier.shared import database
from minutier.shared.artefacts import Artefacts
from minutier.shared.delivery import begin
from minutier.shared.objects import Objects, client
from minutier.shared.settings import DatabaseSettings
from minutier.shared.topology import EVENT_STREAM
from tests.support.ingestion_system import log_of
from tests.support.ingestion_system import told as told_of
from tests.support.media import Sound, write
from tests.support.receiver import DOCS_PATH, WEBHOOK_PATH, Receiver, receiving
from tests.support.summarisation_fakes import WEEKLY
from tests.support.summary_jobs import (
    EMAIL,
    OWNER,
    TITLE,
    ask,
    bearer,
    completed,
    docs,
    events,
    hear,
    publish,
    recording_of,
    until,
)
from tests.support.systems import running
from tests.support.wholeness import inside

DATA = Path(__file__).parent.parent / "data"
LONGEST_SECONDS = 10
BUCKET = "meet-media-storage"
KEY, OTHER_KEY = "key-of-acme-for-the-tests", "key-of-other-for-the-tests"
WEBHOOK_KEY, DOCS_KEY = "key-for-the-webhook", "key-for-docs"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
async def system(receiver: Receiver) -> AsyncIterator[System]:
    acme = {
        "api_key": KEY,
        "buckets": [BUCKET],
        "webhook_url": f"{receiver.url}{WEBHOOK_PATH}",
        "webhook_api_key": WEBHOOK_KEY,
        "docs_url": receiver.url,
        "docs_api_key": DOCS_KEY,
    }
    environment = {
        "MINUTIER_INGESTION_TENANTS": json.dumps({"acme": acme, "other": {"api_key": OTHER_KEY}}),
        "MINUTIER_INGESTION_MAX_HOURS": str(LONGEST_SECONDS / 3600),
        "MINUTIER_DELIVERY_RETRY_SECONDS": "0.05",
        "MINUTIER_DELIVERY_RETRY_LIMIT_SECONDS": "0.2",
    }
    async with running(services=["ingestion", "summarisation"], environment=environment) as system:
        await asyncio.to_thread(client(system.objects).make_bucket, BUCKET)
        yield system


@pytest.fixture
def store(system: System) -> Minio:
    return client(system.objects)


@pytest.fixture
async def http(system: System) -> AsyncIterator[httpx.AsyncClient]:
    url = system.url("ingestion")
    async with httpx.AsyncClient(base_url=url, headers=bearer(KEY), timeout=30) as http:
        yield http


def put(store: Minio, body: bytes) -> str:
    """The presigned address of a recording in the meeting server's bucket."""
    key = f"recordings/{uuid4()}.ogg"
    store.put_object(BUCKET, key, io.BytesIO(body), len(body))
    return store.presigned_get_object(BUCKET, key, expires=timedelta(hours=1))


async def owners(system: System, ref: ObjectRef | None) -> list[tuple[str | None, str | None]]:
    """Whom a recording document names, all of whom own it."""
    assert ref is not None
    document = await Artefacts(Objects(system.objects)).load(RecordingDocument, ref)
    assert {each.part for each in document.people} == {Part.OWNER}
    return [(each.subject, each.email) for each in document.people]


async def test_a_transcript_is_told_and_pushed_to_docs_with_its_summary_whatever_fails_at_first(
    system: System, js: JetStreamContext, http: httpx.AsyncClient, store: Minio, receiver: Receiver
) -> None:
    url = put(store, (DATA / "visio-ios.m4a").read_bytes())
    receiver.failing = {DOCS_PATH: 2, WEBHOOK_PATH: 1}
    job = await ask(
        http,
        url,
        context_language="fr-fr",
        push_to_docs_config=docs(auto_create_summary=True),
        metadata={
            "cloud_storage_url": url,
            "start_at": "2026-11-24T10:00:00Z",
            "end_at": "2026-11-24T10:00:02+00:00",
        },
    )
    pending = (await http.get(f"/api/v2/async-jobs/transcribe/{job}/")).json()
    assert pending == {"job_id": job, "type": "transcript", "status": "pending"}
    await hear(system, js, recording_of(job))
    ingested = await told_of(js, RecordingIngested, recording_of(job))
    assert await owners(system, ingested.data.recording) == [(OWNER, EMAIL)]
    await until(lambda: receiver.results(job) and len(receiver.documents(OWNER)) == 2)

    (told,) = receiver.results(job)
    assert told.authorization == f"Bearer {WEBHOOK_KEY}"
    assert told.body.keys() == {"job_id", "type", "status", "transcription_data_url"}
    assert (told.body["type"], told.body["status"]) == ("transcript", "success")
    async with httpx.AsyncClient() as anybody:
        result = await anybody.get(told.body["transcription_data_url"])
        forged = await anybody.get(told.body["transcription_data_url"][:-1] + "x")
    assert result.headers["cache-control"] == "no-store"
    assert [(s["speaker"], s["text"]) for s in result.json()["segments"]] == list(WEEKLY)
    assert result.json()["segments"][0]["words"] == result.json()["word_segments"][:1]
    assert forged.status_code == 403
    told_later = (await http.get(f"/api/v2/async-jobs/transcribe/{job}")).json()
    assert (told_later["status"], told_later.keys()) == ("success", told.body.keys())

    spoken, summed_up = receiver.documents(OWNER)
    assert spoken.authorization == f"Bearer {DOCS_KEY}"
    assert (spoken.body["title"], spoken.body["email"]) == (TITLE, EMAIL)
    content = spoken.body["content"]
    assert content.startswith("[Télécharger l’enregistrement](<https://meet.example.org/r>)\n\n**Anna**: ")
    assert summed_up.body["title"] == f"Résumé de {TITLE}"
    assert "## Résumé\n" in summed_up.body["content"]
    # The summary that was only for Docs is nobody else's business.
    assert len(receiver.accepted[WEBHOOK_PATH]) == 1

    (completed,) = [
        event
        for event in await events(js, JobCompleted, recording_of(job))
        if isinstance(event, JobCompleted) and str(event.data.job_id) == job
    ]
    await publish(js, completed.model_copy(update={"id": uuid4()}))
    second = await ask(http, url)
    await until(lambda: receiver.results(second))
    assert len(receiver.results(job)) == 1
    assert len(receiver.documents(OWNER)) == 2


async def test_a_recording_that_is_no_good_is_told_with_meet_s_own_codes(
    http: httpx.AsyncClient, store: Minio, receiver: Receiver, tmp_path: Path
) -> None:
    film = write(tmp_path / "film.mp4", video_seconds=2.0)
    long = write(tmp_path / "long.ogg", Sound(LONGEST_SECONDS + 5.0, frequency=None))
    text = put(store, b"Dear all, there was no meeting.")
    jobs = {
        await ask(http, put(store, film.read_bytes())): "no_audio_in_file",
        await ask(http, put(store, long.read_bytes())): "media_duration_too_long",
        await ask(http, text): "corrupted_audio_file",
        await ask(http, "http://169.254.169.254/latest/meta-data"): "unknown_error",
    }
    for job, code in jobs.items():
        await until(partial(receiver.results, job))
        (told,) = receiver.results(job)
        expected = {"job_id": job, "type": "transcript", "status": "failure", "error_code": code}
        assert told.body == expected
        assert (await http.get(f"/api/v2/async-jobs/transcribe/{job}")).json() == expected
    # It may have been uploaded whole by now, and is looked at again.
    again = await ask(http, text)
    await until(lambda: receiver.results(again))
    assert receiver.results(again)[0].body["error_code"] == "corrupted_audio_file"


async def test_a_stage_that_gives_up_ends_the_job(
    js: JetStreamContext, http: httpx.AsyncClient, store: Minio, receiver: Receiver
) -> None:
    job = await ask(http, put(store, (DATA / "visio-ios.m4a").read_bytes()))
    for stage in ("summarisation", "ingestion", "diarization"):
        failed = Failed(stage=stage, reason="worker_died", attempts=10)
        await publish(
            js, StageFailed.of(recording_of(job), tenant="acme", source="minutier/tests", data=failed)
        )
    await until(lambda: receiver.results(job))
    assert receiver.results(job)[0].body["error_code"] == "unknown_error"


async def test_a_job_of_what_was_cancelled_ends_once_whatever_is_made_of_it_again(
    system: System, js: JetStreamContext, http: httpx.AsyncClient, store: Minio, receiver: Receiver
) -> None:
    job = await ask(http, put(store, (DATA / "visio-ios.m4a").read_bytes()))
    recording = recording_of(job)
    await told_of(js, RecordingIngested, recording)
    cancelled = RecordingCancelled.of(recording, tenant="acme", source="minutier/query", data=Cancelled())
    await publish(js, cancelled)
    await until(lambda: receiver.results(job))
    assert receiver.results(job)[0].body["error_code"] == "unknown_error"
    # Somebody has it done again, twice; a job that ends after that shows that it was heard.
    for _ in range(2):
        await hear(system, js, recording)
    other = await ask(http, put(store, (DATA / "visio-ios.m4a").read_bytes()))
    await hear(system, js, recording_of(other))
    await until(lambda: receiver.results(other))
    assert len(receiver.results(job)) == 1
    assert len(await events(js, JobCompleted, recording)) == 1


async def test_a_job_for_a_recording_that_was_announced_before_is_of_that_recording(
    system: System, js: JetStreamContext, http: httpx.AsyncClient, store: Minio, receiver: Receiver
) -> None:
    url = put(store, (DATA / "visio-ios.m4a").read_bytes())
    key = httpx.URL(url).path.removeprefix(f"/{BUCKET}/")
    known = Location(bucket=BUCKET, key=key)
    announcement = Announcement(
        source="livekit",
        external_id=key,
        mix=known,
        metadata=AnnouncedMetadata(kind=MetadataKind.LASUITE_MEET, location=known),
    )
    engine = database.connect(DatabaseSettings(url=PostgresDsn(system.database_url("ingestion"))))
    async with begin(engine, lambda: None) as transaction:
        recording = (await announce(transaction, "acme", announcement)).recording_id
    await engine.dispose()
    early = await ask(http, url)
    await hear(system, js, recording)
    await until(lambda: receiver.results(early))
    # Its transcript is there: no event will come any more.
    late = await ask(http, url, metadata={"cloud_storage_url": url})
    await until(lambda: receiver.results(late))
    # It was announced without a language: English it is, and Dutch would have to be heard once more.
    english = await ask(http, url, language="en-GB")
    await until(lambda: receiver.results(english))
    dutch = await ask(http, url, language="nl")
    await hear(system, js, recording_of(dutch))
    await until(lambda: receiver.results(dutch))
    assert await completed(js, recording) == {early, late, english}
    assert await completed(js, recording_of(dutch)) == {dutch}


async def test_of_a_recording_that_is_held_no_job_is_made_another_s(
    system: System, js: JetStreamContext, http: httpx.AsyncClient, store: Minio, receiver: Receiver
) -> None:
    url = put(store, (DATA / "visio-ios.m4a").read_bytes())
    key = httpx.URL(url).path.removeprefix(f"/{BUCKET}/")
    known = Announcement(source="livekit", external_id=key, mix=Location(bucket=BUCKET, key=key))
    engine = database.connect(DatabaseSettings(url=PostgresDsn(system.database_url("ingestion"))))
    async with begin(engine, lambda: None) as transaction:
        recording = (await announce(transaction, "acme", known)).recording_id
    await engine.dispose()
    early = await ask(http, url)
    await hear(system, js, recording)
    await until(lambda: receiver.results(early))
    with psycopg.connect(inside(system)) as connection:
        connection.execute(
            """
            with placed as (
                insert into retention.holds (id, tenant, matter, reason, placed_by, placed_at)
                values (gen_random_uuid(), 'acme', 'a matter', 'a reason', 'an officer', now()) returning id
            )
            insert into retention.held (hold_id, recording_id, tenant) select id, %s, 'acme' from placed
            """,
            [recording],
        )
    dutch = await ask(http, url, language="nl")
    await until(lambda: receiver.results(dutch))
    assert await completed(js, recording) == {early, dutch}
    assert receiver.results(dutch)[0].body["error_code"] == "unknown_error"


async def test_a_text_is_summarised_and_given_as_markdown(
    system: System, js: JetStreamContext, http: httpx.AsyncClient, receiver: Receiver
) -> None:
    content = "\n\n".join(f"**{name}**: {words}" for name, words in WEEKLY)
    body = {"user_sub": OWNER, "user_email": EMAIL.title(), "content": content, "language": "en"}
    answer = (await http.post("/api/v2/async-jobs/summarize", json=body)).raise_for_status().json()
    job = answer["job_id"]
    assert answer == {"job_id": job, "type": "summary", "status": "pending"}
    received = await told_of(js, TextReceived, recording_of(job))
    assert await owners(system, received.data.recording) == [(OWNER, EMAIL)]
    await until(lambda: receiver.results(job))
    (told,) = receiver.results(job)
    assert told.body.keys() == {"job_id", "type", "status", "summary_data_url"}
    async with httpx.AsyncClient() as anybody:
        result = await anybody.get(told.body["summary_data_url"])
    assert result.headers["content-type"].startswith("text/markdown")
    assert "## Decisions\n\n- We decided to keep the library open on Sundays.\n" in result.text
    assert (await http.get(f"/api/v2/async-jobs/summarize/{job}")).json()["status"] == "success"
    assert (await http.get(f"/api/v2/async-jobs/transcribe/{job}")).status_code == 404


async def test_who_may_not_ask_is_told_why_and_nothing_more(system: System, http: httpx.AsyncClient) -> None:
    transcribe, summarise = "/api/v2/async-jobs/transcribe", "/api/v2/async-jobs/summarize"
    body = {"user_sub": OWNER, "content": "We met."}
    job = (await http.post(summarise, json=body)).json()["job_id"]
    bad_email = {**body, "user_email": "Anneliese Quarterly"}
    to_docs = {"user_sub": OWNER, "cloud_storage_url": "https://example.org/a", "push_to_docs_config": docs()}
    link = {"user_sub": OWNER, "cloud_storage_url": "file:///etc/passwd"}
    answers = {
        401: await http.post(summarise, json=body, headers=bearer("wrong key of nobody")),
        403: await http.get(f"{summarise}/{job}", headers=bearer(OTHER_KEY)),
        413: await http.post(summarise, json={**body, "content": "x" * 5_000_000}),
    }
    assert {status: answer.status_code for status, answer in answers.items()} == {
        status: status for status in answers
    }
    for unknown in (uuid4(), "not-an-id", f"{job}x"):
        assert (await http.get(f"{summarise}/{unknown}")).status_code == 404
    for path, wrong in (
        (summarise, bad_email),
        (summarise, {**body, "content": " \n"}),
        (transcribe, link),
        (transcribe, {**to_docs, "language": "Anneliese's own"}),
    ):
        refused = await http.post(path, json=wrong)
        assert refused.status_code == 422
        assert refused.headers["content-type"] == "application/problem+json"
        assert "Anneliese" not in refused.text
        assert "passwd" not in refused.text


@pytest.mark.parametrize("path", ["/__heartbeat__", "/__lbheartbeat__", "/__heartbeat__/"])
async def test_a_heartbeat_needs_no_key(system: System, path: str) -> None:
    async with httpx.AsyncClient(base_url=system.url("ingestion")) as anybody:
        assert (await anybody.get(path)).status_code == 200


async def test_nothing_of_it_is_in_a_log_or_an_event(system: System, js: JetStreamContext) -> None:
    log = await log_of(system)
    assert "attempt failed" in log
    bodies = []
    with suppress(NotFoundError):
        sequence = 1
        while True:
            message = await js.get_msg(EVENT_STREAM, seq=sequence, subject="minutier.>", next=True)
            if not (message.subject or "").startswith(RecordingAnnounced.TYPE):
                bodies.append((message.data or b"").decode())
            sequence = (message.seq or 0) + 1
    assert bodies
    for secret in (OWNER, EMAIL, TITLE, "library", KEY, WEBHOOK_KEY, DOCS_KEY, "signature="):
        assert secret not in log
        assert not any(secret in body for body in bodies)
