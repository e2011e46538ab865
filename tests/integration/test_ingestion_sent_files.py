"""Files that come in a request, on the real servers: speech to text, and uploads."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import openai
import psycopg
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError
from openai import AsyncOpenAI
from openai.types.audio import TranscriptionDiarized, TranscriptionVerbose

from minutier.compose.embedded import System
from minutier.ingestion.signing import sign
from minutier.ingestion.speech import nats as nats_outcomes
from minutier.ingestion.speech.nats import StreamOutcomes
from minutier.schemas.clock import now
from minutier.schemas.codec import decode, encode
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import (
    AnyEvent,
    RecordingIngested,
    RecordingRejected,
    Stage,
    TranscriptAttributed,
    recording_id,
)
from minutier.schemas.rejections import RejectionReason
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import UPLOADS, Objects, client
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told
from tests.support.media import Sound, write
from tests.support.systems import running

DATA = Path(__file__).parent.parent / "data"
KEY = "a key that nobody else has"
OTHER_KEY = "another key, of the other tenant"
OPERATOR_KEY = "the key of the operator"
LARGEST_BYTES = 300_000
SECONDS = 60
TITLE = "Quarterly with Anneliese"


@pytest.fixture(scope="module")
async def system(workspace: Path) -> AsyncIterator[System]:
    environment = {
        "MINUTIER_INGESTION_TENANTS": json.dumps({"acme": {"api_key": KEY}, "other": {"api_key": OTHER_KEY}}),
        "MINUTIER_INGESTION_OPERATOR_KEY": OPERATOR_KEY,
        "MINUTIER_INGESTION_MAX_BYTES": str(LARGEST_BYTES),
        "MINUTIER_INGESTION_WORKSPACE": str(workspace),
    }
    async with running(services=["ingestion"], environment=environment) as system:
        yield system


@pytest.fixture
async def http(system: System) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=system.url("ingestion"), headers=headers, timeout=SECONDS) as http:
        yield http


@pytest.fixture
async def speech(system: System) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(api_key=KEY, base_url=f"{system.url('ingestion')}/v1", max_retries=0) as speech:
        yield speech


@asynccontextmanager
async def answering(system: System, connection: Client, *, fail: bool = False) -> AsyncIterator[None]:
    """Every recording that is taken in is transcribed at once, or the attempt is given up."""
    artefacts = Artefacts(Objects(system.objects))

    async def end(message: Msg) -> None:
        ingested = decode(message.data)
        event: AnyEvent = told.failed("transcription", recording=ingested.subject, tenant=ingested.tenant)
        if not fail:
            transcript = told.transcript(
                ("speaker-1", "Good morning."),
                ("speaker-2", "Hello."),
                labels={"speaker-1": "Speaker 1", "speaker-2": "Speaker 2"},
                recording=ingested.subject,
            )
            ref = await artefacts.store(
                transcript, tenant=ingested.tenant, stage=Stage.ATTRIBUTION, version="v1"
            )
            event = told.attributed(ref, recording=ingested.subject, tenant=ingested.tenant)
        await publish(connection, event)

    subscription = await connection.subscribe(f"{RecordingIngested.TYPE}.*", cb=end)
    yield
    await subscription.unsubscribe()


async def publish(connection: Client, event: AnyEvent) -> None:
    await connection.jetstream().publish(event.nats_subject, encode(event), stream=EVENT_STREAM)


async def last(connection: Client, kind: type[AnyEvent], recording: UUID) -> AnyEvent:
    """The newest such event of a recording, once there is one."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                message = await connection.jetstream().get_last_msg(EVENT_STREAM, f"{kind.TYPE}.{recording}")
                return decode(message.data or b"")
            except NotFoundError:
                await asyncio.sleep(0.05)


async def taken_in(connection: Client) -> int:
    """How many recordings were."""
    info = await connection.jetstream().stream_info(
        EVENT_STREAM, subjects_filter=f"{RecordingIngested.TYPE}.*"
    )
    return len(info.state.subjects or {})


async def none_left(workspace: Path, system: System) -> None:
    """Nothing of what was sent lies about, on disk or in the bucket."""
    s3 = client(system.objects)
    async with asyncio.timeout(SECONDS):
        while True:
            uploads = await asyncio.to_thread(lambda: list(s3.list_objects(UPLOADS, recursive=True)))
            if not uploads and not any(path.is_file() for path in workspace.rglob("*")):
                return
            await asyncio.sleep(0.05)


async def row(system: System, query: str, *values: object) -> Any:
    url = system.database_url("ingestion").replace("+psycopg", "")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as database:
        cursor = await database.execute(query, values)
        return await cursor.fetchone() if cursor.description else None


async def test_the_official_client_reads_every_format_of_a_real_file(
    system: System, connection: Client, speech: AsyncOpenAI, workspace: Path
) -> None:
    file = DATA / "visio-firefox.ogg"
    create = speech.audio.transcriptions.create
    before = await taken_in(connection)
    async with answering(system, connection):
        assert (await create(model="any", file=file)).text == "Good morning. Hello."
        assert await create(model="any", file=file, response_format="text") == "Good morning. Hello.\n"
        assert "Speaker 1: Good morning." in await create(model="any", file=file, response_format="srt")
        assert (await create(model="any", file=file, response_format="vtt")).startswith("WEBVTT\n")
        verbose = await create(
            model="any",
            file=file,
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
        words = TranscriptionVerbose.model_validate(verbose.model_dump()).words
        assert words is not None
        assert [word.word for word in words] == ["Good", "morning.", "Hello."]
        diarized = await create(model="any", file=file, response_format="diarized_json")
        segments = TranscriptionDiarized.model_validate(diarized.model_dump()).segments
        assert [segment.speaker for segment in segments] == ["Speaker 1", "Speaker 2"]
    # The same file is the same recording.
    assert await taken_in(connection) == before + 1
    await none_left(workspace, system)


class Deaf:
    """A connection on which nothing is heard."""

    async def subscribe(self, subject: str, cb: object) -> "Deaf":
        return self

    async def unsubscribe(self) -> None:
        pass


async def test_an_outcome_is_found_although_nobody_was_heard_to_tell_it(
    connection: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nats_outcomes, "_POLL_SECONDS", 0.05)
    outcomes = StreamOutcomes(lambda: cast(Client, Deaf()), connection.jetstream)
    recording = uuid4()
    waiting = asyncio.create_task(outcomes.wait(recording, since=now()))
    await publish(connection, told.failed("summarisation", recording=recording))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await publish(connection, told.attributed(recording=recording))
    assert isinstance(await asyncio.wait_for(waiting, SECONDS), TranscriptAttributed)


async def test_a_file_that_is_no_recording_is_refused_with_what_to_do(speech: AsyncOpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        await speech.audio.transcriptions.create(model="any", file=("a.mp3", b"Dear all,\n" * 200))
    problem = refused.value.response.json()
    assert problem["detail"] == RejectionReason.UNSUPPORTED.explanation
    assert (problem["status"], problem["title"]) == (422, "Unprocessable Entity")


async def test_a_stage_that_gave_up_ends_the_wait(
    system: System, connection: Client, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    sound = write(tmp_path / "a.wav", Sound(2.0)).read_bytes()
    async with answering(system, connection, fail=True):
        answer = await http.post("/audio/transcriptions", files={"file": ("a.wav", sound)})
    assert answer.status_code == 500
    assert "transcription gave up (worker_died)" in answer.json()["detail"]


@pytest.mark.parametrize("way", ["speech", "upload"])
async def test_a_body_that_is_too_large_is_refused_and_leaves_nothing(
    way: str, system: System, http: httpx.AsyncClient, workspace: Path
) -> None:
    async def content() -> AsyncIterator[bytes]:
        if way == "speech":
            yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        for _ in range(50):
            yield bytes(LARGEST_BYTES)

    if way == "speech":
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = await http.post("/v1/audio/transcriptions", content=content(), headers=headers)
    else:
        address = (await http.post("/uploads")).json()["upload_url"]
        answer = await http.put(address, content=content())
    assert answer.status_code == 413
    await none_left(workspace, system)


async def test_an_upload_is_taken_in_once_with_what_was_said_of_it(
    system: System, connection: Client, http: httpx.AsyncClient, workspace: Path
) -> None:
    asked = await http.post(
        "/uploads/",
        json={
            "external_id": "1",
            "title": TITLE,
            "language": "fr",
            "participants": ["Anneliese"],
            "owner": "Anneliese@example.org",
            "participant_emails": ["bo@example.org", "anneliese@example.org"],
            "started_at": "2026-01-01T09:00:00Z",
        },
    )
    assert asked.status_code == 201
    promised = asked.json()
    recording = UUID(promised["recording_id"])
    assert recording == recording_id("acme", "upload", "1")
    assert "Anneliese" not in promised["upload_url"]
    left = datetime.fromisoformat(promised["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)

    media = (DATA / "visio-ios.m4a").read_bytes()
    async with httpx.AsyncClient() as anybody:
        first = await anybody.put(promised["upload_url"], content=media)
        again = await anybody.put(promised["upload_url"], content=media)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == {"recording_id": str(recording)}
    assert await row(system, "select 1 from promised_uploads where recording_id = %s", recording) is None

    event = await last(connection, RecordingIngested, recording)
    assert isinstance(event, RecordingIngested)
    assert (event.tenant, event.data.source, event.data.language) == ("acme", "upload", "fr")
    document = await Artefacts(Objects(system.objects)).load(RecordingDocument, event.data.recording)
    assert (document.title, document.started_at) == (TITLE, datetime(2026, 1, 1, 9, tzinfo=UTC))
    assert [(each.part, each.email) for each in document.people] == [
        ("owner", "anneliese@example.org"),
        ("participant", "bo@example.org"),
    ]
    assert (await http.post("/uploads", json={"external_id": "1"})).status_code == 409
    await none_left(workspace, system)


async def test_an_address_lets_nobody_in_for_anything_else(system: System, http: httpx.AsyncClient) -> None:
    url = (await http.post("/uploads", json={"external_id": "signed"})).json()["upload_url"]
    path = urlsplit(url).path
    expired = sign(path, key=KEY, expires=now() - timedelta(seconds=1), method="PUT")
    by_another = sign(path, key=OTHER_KEY, expires=now() + timedelta(hours=1), method="PUT")
    to_read = sign(path, key=KEY, expires=now() + timedelta(hours=1))
    for address in (
        f"{url}0",
        url.replace("/acme/", "/other/"),
        url.replace("/acme/", "/nobody/"),
        url.replace(str(recording_id("acme", "upload", "signed")), str(recording_id("acme", "upload", "x"))),
        f"{path}?{expired}",
        f"{path}?{by_another}",
        f"{path}?{to_read}",
    ):
        answer = await http.put(address, content=b"x")
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"


async def test_what_cannot_be_an_upload_is_refused(http: httpx.AsyncClient) -> None:
    assert (await http.post("/uploads", headers={"Authorization": "Bearer x"})).status_code == 401
    bodies: list[Any] = [
        {"language": "French"},
        {"speakers": 0},
        {"title": "x" * 301},
        [],
        {"external_id": ""},
        {"owner": "Anneliese"},
        {"participant_emails": ["anneliese@example.org", "Bo"]},
    ]
    for body in bodies:
        assert (await http.post("/uploads", json=body)).status_code == 422
    assert (await http.post("/uploads", content=b"{")).status_code == 422
    url = (await http.post("/uploads")).json()["upload_url"]
    assert (await http.put(url, content=b"")).status_code == 422
    assert (await http.put(url, content=b"x")).status_code == 201


async def test_an_upload_that_never_came_is_told_of(
    system: System, connection: Client, http: httpx.AsyncClient
) -> None:
    recording = UUID((await http.post("/uploads", json={"title": TITLE})).json()["recording_id"])
    due_at, expires_at = await row(
        system,
        "select due_at, expires_at from expectations join promised_uploads using (recording_id) "
        "where recording_id = %s",
        recording,
    )
    assert due_at > expires_at
    await row(system, "update expectations set due_at = now() where recording_id = %s", recording)
    operator = {"Authorization": f"Bearer {OPERATOR_KEY}"}
    assert str(recording) in (await http.post("/reconcile", headers=operator)).json()["missing"]
    event = await last(connection, RecordingRejected, recording)
    assert isinstance(event, RecordingRejected)
    assert event.data.reason == RejectionReason.NOT_FOUND
