import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs

from minutier.query.paging import Position
from minutier.query.settings import QuerySettings
from minutier.schemas.documents import (
    MinutesDocument,
    RecordingDocument,
    TranscriptDocument,
)
from tests.support import query_events as told
from tests.support.query_events import RECORDING, START, Documents
from tests.support.query_fakes import Signals, Table, application
from tests.support.query_people import OWNER, PEOPLE, STRANGER, showing

HERE = f"/api/v1/recordings/{RECORDING}"


@pytest.fixture
def documents() -> Documents:
    return Documents()


@pytest.fixture
def table(documents: Documents) -> Table:
    return Table(documents)


@pytest.fixture
async def client(table: Table, documents: Documents) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(table))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", headers=showing(OWNER)
    ) as client:
        yield client


async def completed(table: Table, documents: Documents) -> None:
    for event in told.pipeline(documents):
        await table.add(event)


async def test_pages_hold_every_recording_once_newest_first(client: httpx.AsyncClient, table: Table) -> None:
    ids = [UUID(int=number) for number in range(1, 8)]
    for number, recording in enumerate(ids):
        await table.add(told.announced(number // 2, recording=recording))
    found, cursor = [], None
    for _ in range(4):
        parameters = {"limit": "2"} | ({"after": cursor} if cursor else {})
        page = (await client.get("/api/v1/recordings", params=parameters)).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert cursor is None
    assert found == [str(recording) for recording in reversed(ids)]


async def test_a_tenant_sees_its_own(client: httpx.AsyncClient, table: Table) -> None:
    await table.add(told.announced(recording=UUID(int=1)))
    await table.add(told.announced(recording=UUID(int=2), tenant="other"))
    page = (await client.get("/api/v1/recordings", headers=showing(STRANGER))).json()
    assert [item["id"] for item in page["items"]] == [str(UUID(int=2))]


async def test_a_recording_has_what_the_command_line_shows(
    client: httpx.AsyncClient, table: Table, documents: Documents
) -> None:
    await completed(table, documents)
    found = (await client.get(HERE)).json()
    assert found.pop("stages")["summarisation"] == {"state": "done", "seconds": 0.25, "reason": None}
    assert found == {
        "id": str(RECORDING),
        "tenant": "acme",
        "title": "Weekly",
        "participants": [],
        "source": "livekit",
        "state": "completed",
        "duration": 30.0,
        "language": "en",
        "announced_at": START.isoformat().replace("+00:00", "Z"),
        "happened_at": START.isoformat().replace("+00:00", "Z"),
        "reason": None,
        "explanation": None,
        "total_seconds": 6.0,
        "destroyed": [],
        "erased_at": None,
        "being_erased": False,
        "access": "own",
        "restricted": [],
    }


@pytest.mark.parametrize(
    ("format", "media_type", "beginning"),
    [
        ("text", "text/plain; charset=utf-8", "[0:00:00] Speaker 1"),
        ("vtt", "text/vtt; charset=utf-8", "WEBVTT\n"),
        ("srt", "application/x-subrip; charset=utf-8", "1\n"),
        ("rttm", "text/plain; charset=utf-8", "SPEAKER "),
        ("json", "application/json", "{"),
    ],
)
async def test_a_transcript_has_the_type_of_its_format(
    client: httpx.AsyncClient,
    table: Table,
    documents: Documents,
    format: str,
    media_type: str,
    beginning: str,
) -> None:
    await completed(table, documents)
    response = await client.get(f"{HERE}/transcript", params={"format": format})
    assert response.headers["content-type"] == media_type
    assert response.headers["cache-control"] == "private, no-cache"
    assert response.text.startswith(beginning)
    if format == "json":
        assert TranscriptDocument.model_validate_json(response.content) == told.transcript()


async def test_minutes_are_the_document_and_the_times_it_cites(
    client: httpx.AsyncClient, table: Table, documents: Documents
) -> None:
    await completed(table, documents)
    response = await client.get(f"{HERE}/minutes")
    assert MinutesDocument.model_validate_json(response.content) == told.minutes()
    assert response.json()["segments"] == {"s1": {"start": 0.0, "end": 0.6, "speaker": "speaker-1"}}


async def test_a_body_that_is_larger_than_any_name_is_not_kept(client: httpx.AsyncClient) -> None:
    sent = 0

    async def name() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 1000:
            sent += 1
            yield b" " * 10_000

    response = await client.put(f"{HERE}/speakers/speaker-1", content=name())
    assert (response.status_code, response.headers["content-type"]) == (413, "application/problem+json")
    assert sent < 10


async def test_a_text_is_read_as_it_was_handed_in(
    client: httpx.AsyncClient, table: Table, documents: Documents
) -> None:
    about = documents.keep(RecordingDocument(recording_id=RECORDING, people=PEOPLE))
    await table.add(told.received(documents.keep(told.transcript()), about))
    assert "no minutes yet" in (await client.get(f"{HERE}/minutes")).json()["detail"]
    await table.add(told.written(documents.keep(told.minutes())))
    assert (await client.get(f"{HERE}/transcript?format=text")).text == "[0:00:00] Speaker 1: Good morning.\n"
    assert (await client.get(f"{HERE}/minutes")).json()["segments"]["s1"]["start"] == 0.0


async def test_the_newest_transcript_and_minutes_are_shown(
    client: httpx.AsyncClient, table: Table, documents: Documents
) -> None:
    await completed(table, documents)
    named = told.transcript(labels={"speaker-1": "Anna"})
    await table.add(told.attributed(documents.keep(named), seconds=60))
    assert (await client.get(HERE)).json()["state"] == "completed"
    assert "Anna: Good morning." in (await client.get(f"{HERE}/transcript?format=text")).text
    anew = told.minutes().model_copy(update={"dropped_claims": 3})
    await table.add(told.written(documents.keep(anew), seconds=61))
    assert (await client.get(f"{HERE}/minutes")).json()["dropped_claims"] == 3


@pytest.mark.parametrize("name", ["transcript", "minutes"])
async def test_what_is_not_there_yet_says_how_far_the_recording_is(
    client: httpx.AsyncClient, table: Table, name: str
) -> None:
    await table.add(told.announced())
    response = await client.get(f"{HERE}/{name}")
    assert response.status_code == 404
    assert response.json()["detail"] == f"This recording has no {name} yet: its state is 'announced'."


async def test_a_document_that_was_removed_is_no_error_of_the_server(
    client: httpx.AsyncClient, table: Table, documents: Documents
) -> None:
    await completed(table, documents)
    documents.kept.clear()
    response = await client.get(f"{HERE}/transcript")
    assert response.status_code == 404
    assert "object_missing" in response.json()["detail"]


async def test_why_there_will_be_no_transcript_is_told(client: httpx.AsyncClient, table: Table) -> None:
    await table.add(told.announced())
    await table.add(told.rejected())
    response = await client.get(f"{HERE}/transcript")
    assert response.status_code == 404
    assert "rejected (no_audio). The file has no audio track." in response.json()["detail"]


async def test_what_nobody_foresaw_is_an_answer_and_goes_no_further(
    client: httpx.AsyncClient, table: Table, documents: Documents
) -> None:
    await completed(table, documents)
    for digest in documents.kept:
        documents.kept[digest] = b'{"segments": "What was said."}'
    with capture_logs() as logged:
        # Had the exception gone on, the server would log its text, and this client raise it.
        response = await client.get(f"{HERE}/transcript")
    assert [entry["event"] for entry in logged] == ["request failed"]
    assert response.status_code == 500
    assert response.headers["Content-Type"] == "application/problem+json"
    assert "What was said." not in response.text


async def test_a_client_too_many_is_asked_to_come_back(table: Table, documents: Documents) -> None:
    await table.add(told.announced())
    signals = Signals()
    app = application(table, signals=signals, settings=QuerySettings(watchers=1))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", headers=showing(OWNER)
    ) as client:
        first = asyncio.create_task(client.get(f"{HERE}/progress"))
        await asyncio.wait_for(signals.listening.wait(), 5)
        refused = await client.get(f"{HERE}/progress")
        assert refused.status_code == 503
        assert refused.headers["Retry-After"]
        for event in told.pipeline(documents)[1:]:
            await table.add(event)
        await signals.tell(RECORDING)
        assert "completed" in (await asyncio.wait_for(first, 5)).text
        assert (await client.get(f"{HERE}/progress")).status_code == 200


@pytest.mark.parametrize(
    ("target", "status", "names"),
    [
        (HERE, 404, "recording"),
        (f"{HERE}/progress", 404, "recording"),
        ("/nowhere", 404, ""),
        ("/api/v1/recordings/one", 422, "'id'"),
        ("/api/v1/recordings?limit=0", 422, "'limit'"),
        ("/api/v1/recordings?limit=201", 422, "'limit'"),
        ("/api/v1/recordings?state=gone", 422, "'state'"),
        ("/api/v1/recordings?since=yesterday", 422, "'since'"),
        ("/api/v1/recordings?after=garbage", 422, "'after'"),
        ("/api/v1/recordings?after=MjAyNi0wMS0wMSAx", 422, "'after'"),
        (f"{HERE}/transcript?format=docx", 422, "'format'"),
    ],
)
async def test_a_bad_request_is_a_problem_that_says_what_to_change(
    client: httpx.AsyncClient, target: str, status: int, names: str
) -> None:
    response = await client.get(target)
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, problem["status"]) == (status, status)
    assert set(problem) == {"type", "title", "status", "detail"}
    assert names in problem["detail"]


async def test_progress_of_a_recording_that_is_done_is_its_state(
    client: httpx.AsyncClient, table: Table, documents: Documents
) -> None:
    await completed(table, documents)
    response = await client.get(f"{HERE}/progress")
    assert response.headers["content-type"].startswith("text/event-stream")
    event, data = response.text.strip().split("\r\n")
    assert event == "event: state"
    found = (await client.get(HERE)).json()
    assert json.loads(data.removeprefix("data: ")) == {**found, "progress": []}


async def test_the_api_describes_itself(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    paths = {path.removeprefix("/api/v1/recordings") for path in document["paths"]}
    assert paths >= {
        "",
        "/{id}",
        "/{id}/transcript",
        "/{id}/minutes",
        "/{id}/speakers/{speaker}",
        "/{id}/progress",
        "/{id}/shares",
        "/{id}/accesses",
    }
    responses = document["paths"]["/api/v1/recordings/{id}"]["get"]["responses"]
    assert set(responses) == {"200", "401", "403", "404", "422", "429", "503"}


@pytest.mark.parametrize("moment", [START, START + timedelta(microseconds=1)])
def test_a_cursor_is_read_back(moment: datetime) -> None:
    position = Position(moment, RECORDING)
    assert Position.decode(position.encode()) == position
