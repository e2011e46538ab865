import asyncio
import threading
from collections.abc import AsyncIterator
from email.message import Message

import httpx
import pytest

from minutier.query.access.log import Action
from minutier.query.exports import formats
from minutier.query.exports.domain import Exported
from minutier.query.exports.formats import FORMATS, Export
from minutier.schemas.documents import RecordingDocument
from minutier.shared.documents.pdf import Unrenderable
from minutier.shared.documents.render import Busy, Renderer
from tests.support import query_events as told
from tests.support.exports import meeting
from tests.support.query_events import RECORDING, REF, Documents
from tests.support.query_fakes import Log, Table, application
from tests.support.query_people import COMPLIANCE, OUTSIDER, OWNER, PEOPLE, STRANGER, showing

HERE = f"/api/v1/recordings/{RECORDING}/exports"
# Those that take no time; the others are read by their own tests.
PLAIN = ("txt", "markdown", "json", "vtt", "srt", "rttm", "csv", "podcast", "ebu-tt-d")


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
async def table() -> Table:
    table = Table(Documents())
    for event in told.pipeline(table.documents):
        await table.add(event)
    return table


@pytest.fixture
async def client(table: Table, log: Log) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(table, log=log))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=showing(OWNER)
    ) as client:
        yield client


async def test_every_format_is_listed(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/api/v1/exports")).json()
    assert [each["name"] for each in listed] == [*FORMATS]
    assert {"name": "pdf", "media_type": "application/pdf", "suffix": "pdf"} in listed
    assert (await client.get("/api/v1/exports", headers={"Authorization": ""})).status_code == 401


@pytest.mark.parametrize("name", PLAIN)
async def test_a_file_has_its_type_and_a_name(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"{HERE}/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == FORMATS[name].media_type
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.content
    message = Message()
    message["Content-Disposition"] = answer.headers["content-disposition"]
    assert message.get_filename() == f"2026-01-01 Weekly.{FORMATS[name].suffix}"


async def test_an_export_is_written_to_the_log_before_it_is_given(
    client: httpx.AsyncClient, log: Log
) -> None:
    await client.get(f"{HERE}/vtt")
    ((who, access),) = log.kept
    assert (who, access.action, access.detail) == (OWNER, Action.EXPORT, {"format": "vtt"})
    log.broken = True
    refused = await client.get(f"{HERE}/vtt")
    assert (refused.status_code, "WEBVTT" in refused.text) == (500, False)


@pytest.mark.parametrize(
    ("query", "header", "word"),
    [
        ({}, "fr-CA, en;q=0.5", "Transcription"),
        ({}, "en, fr;q=0.9", "Transcript"),
        ({}, "de", "Transcript"),
        ({"language": "fr"}, "en", "Transcription"),
        ({"language": "en"}, "fr", "Transcript"),
    ],
)
async def test_headings_are_in_the_language_of_who_asks(
    client: httpx.AsyncClient, query: dict[str, str], header: str, word: str
) -> None:
    answer = await client.get(f"{HERE}/markdown", params=query, headers={"Accept-Language": header})
    assert f"## {word}\n" in answer.text
    assert "Accept-Language" in answer.headers["vary"]


async def test_what_a_client_has_is_not_made_again(
    client: httpx.AsyncClient, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = (await client.get(f"{HERE}/txt")).headers["etag"]
    made: list[Exported] = []

    def make(exported: Exported) -> bytes:
        made.append(exported)
        return b"new"

    monkeypatch.setitem(formats.FORMATS, "txt", Export("txt", "text/plain", "txt", make))
    again = await client.get(f"{HERE}/txt", headers={"If-None-Match": tag})
    assert (again.status_code, made) == (304, [])
    for changes in ({"Cookie": "minutier_language=fr"}, {"Cookie": "minutier_zone=Europe/Paris"}):
        other = await client.get(f"{HERE}/txt", headers={"If-None-Match": tag, **changes})
        assert other.content == b"new"
    assert made[-1].happened_at is not None
    assert made[-1].happened_at.hour == 10


async def test_a_transcript_without_minutes_is_exported_without(log: Log) -> None:
    table = Table(Documents())
    for event in told.pipeline(table.documents)[:-1]:
        await table.add(event)
    transport = httpx.ASGITransport(application(table))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=showing(OWNER)
    ) as client:
        before = await client.get(f"{HERE}/markdown")
        await table.add(told.written(REF))
        purged = await client.get(f"{HERE}/markdown")
    assert (before.status_code, purged.status_code) == (200, 200)
    assert before.text == purged.text


async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{HERE}/odt")
    assert (answer.status_code, "ebu-tt-d" in answer.json()["detail"]) == (404, True)
    bare = Table(Documents())
    document = bare.documents.keep(RecordingDocument(recording_id=RECORDING, people=PEOPLE))
    await bare.add(told.ingested(document))
    transport = httpx.ASGITransport(application(bare))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=showing(OWNER)
    ) as client:
        answer = await client.get(f"{HERE}/txt")
    assert (answer.status_code, "no transcript yet" in answer.json()["detail"]) == (404, True)


async def test_only_those_who_may_read_may_export(client: httpx.AsyncClient, log: Log) -> None:
    for other, status in ((OUTSIDER, 404), (STRANGER, 404), (COMPLIANCE, 404)):
        assert (await client.get(f"{HERE}/txt", headers=showing(other))).status_code == status
    assert log.kept == []


async def test_what_cannot_be_made_is_said_without_what_was_said(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(exported: Exported) -> bytes:
        raise Unrenderable

    monkeypatch.setitem(formats.FORMATS, "txt", Export("txt", "text/plain", "txt", fail))
    answer = await client.get(f"{HERE}/txt")
    assert (answer.status_code, "Choose another" in answer.json()["detail"]) == (500, True)


async def test_so_many_are_made_at_a_time_and_so_many_wait_few_of_them_one_persons() -> None:
    let_go, running, most = threading.Event(), [0], [0]
    lock = threading.Lock()

    def slow(exported: Exported) -> bytes:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        let_go.wait(10)
        with lock:
            running[0] -= 1
        return b"made"

    renderer, exported = Renderer(at_once=2, waiting=3, each=4), meeting()
    asked = [asyncio.create_task(renderer.render(OWNER, slow, exported)) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await renderer.render(OWNER, slow, exported)
    asked.append(asyncio.create_task(renderer.render(OUTSIDER, slow, exported)))
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await renderer.render(OUTSIDER, slow, exported)
    # Whoever gives up while theirs is made frees nothing.
    asked[0].cancel()
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await renderer.render(OWNER, slow, exported)
    let_go.set()
    assert await asyncio.gather(*asked[1:]) == [b"made"] * 4
    assert most[0] <= 2
    assert await renderer.render(OWNER, lambda _: b"again", exported) == b"again"


async def test_a_client_is_asked_to_come_back(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: object) -> bytes:
        raise Busy

    monkeypatch.setattr(Renderer, "render", busy)
    answer = await client.get(f"{HERE}/txt")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
