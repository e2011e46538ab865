"""Editing over HTTP: who may, what is refused, and what others then read and hear."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from minutier.query.edits import asked
from minutier.query.edits.edit import carry_over
from minutier.query.transcripts.read import Transcripts
from minutier.schemas.documents import RecordingDocument, TranscriptDocument
from minutier.schemas.events import TranscriptEdited
from tests.support import query_events as told
from tests.support.query_events import RECORDING, Documents
from tests.support.query_fakes import Desk, Editing, Log, Table, application
from tests.support.query_people import OUTSIDER, OWNER, PARTICIPANT, PEOPLE, showing

HERE = f"/api/v1/recordings/{RECORDING}"
SAID = told.transcript(
    ("speaker-1", "Good whether today."),
    ("speaker-2", "Yes indeed."),
    labels={"speaker-1": "Speaker 1", "speaker-2": "Speaker 2"},
)
HANDED_IN = UUID(int=7)
CORRECTION = {"kind": "correct", "segment": "s1", "first": 1, "last": 1, "text": "weather"}


@pytest.fixture
async def desk() -> Desk:
    table = Table(Documents())
    for event in told.pipeline(table.documents):
        await table.add(event)
    await table.add(told.attributed(table.documents.keep(SAID), seconds=6))
    return Desk(table)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
async def client(desk: Desk, log: Log) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(desk.table, desk=desk, log=log))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=showing(PARTICIPANT)
    ) as client:
        yield client


async def lay(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    response = await client.post(f"{HERE}/edits", json=body)
    assert response.status_code == 201, response.text
    edit: dict[str, Any] = response.json()
    return edit


async def text(client: httpx.AsyncClient) -> str:
    return (await client.get(f"{HERE}/transcript?format=text")).text


async def test_a_correction_is_read_by_all_and_found_at_once(client: httpx.AsyncClient, desk: Desk) -> None:
    before = (await client.get(f"{HERE}/transcript")).headers["etag"]
    response = await client.post(f"{HERE}/edits", json=CORRECTION)
    read = await client.get(f"{HERE}/transcript", headers=showing(OWNER))
    assert before != response.headers["etag"] == read.headers["etag"]
    shown = TranscriptDocument.model_validate_json(read.content)
    assert shown.segments[0].text == "Good weather today."
    assert desk.indexed == [shown]
    # Minutes name nobody otherwise for it, so they stay.
    assert desk.sent == []


async def test_names_and_merges_are_told_with_the_whole_transcript(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    await lay(client, **CORRECTION)
    named = await client.put(f"{HERE}/speakers/speaker-1", json={"name": " Anna "})
    assert (named.status_code, named.json()["id"]) == (202, str(RECORDING))
    merged = await client.post(f"{HERE}/speakers/speaker-2/merge", json={"into": "speaker-1"})
    read = await client.get(f"{HERE}/transcript")
    assert merged.headers["etag"] == read.headers["etag"] != named.headers["etag"]
    first, second = desk.sent
    assert isinstance(first, TranscriptEdited)
    assert isinstance(second, TranscriptEdited)
    assert (first.subject, first.tenant, first.data.layers) == (RECORDING, "acme", 2)
    kept = await desk.table.documents.load(TranscriptDocument, second.data.transcript)
    assert kept == TranscriptDocument.model_validate_json(read.content)
    assert [speaker.label for speaker in kept.speakers] == ["Anna"]
    assert await text(client) == "[0:00:00] Anna: Good weather today.\n[0:00:00] Anna: Yes indeed.\n"


async def test_what_undoes_a_name_is_told_and_what_undoes_a_correction_is_not(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    correction = await lay(client, **CORRECTION)
    name = await lay(client, kind="rename", speaker="speaker-1", name="Anna")
    undone = await lay(client, kind="undo", edit=name["id"])
    await lay(client, kind="undo", edit=undone["id"])
    assert [event.data.layers for event in desk.sent] == [2, 2, 3]
    await lay(client, kind="undo", edit=correction["id"])
    assert len(desk.sent) == 3
    assert await text(client) == "[0:00:00] Anna: Good whether today.\n[0:00:00] Speaker 2: Yes indeed.\n"


async def test_edits_are_listed_with_who_laid_them_and_what_became_of_them(
    client: httpx.AsyncClient, desk: Desk, log: Log
) -> None:
    correction = await lay(client, **CORRECTION)
    name = await lay(client, kind="rename", speaker="speaker-2", name="Bo")
    undo = await lay(client, kind="undo", edit=name["id"])
    merge = await lay(client, kind="merge", speaker="speaker-2", into="speaker-1")
    assert correction | {"id": "", "at": ""} == {
        "id": "",
        "kind": "correct",
        "at": "",
        "author": "Participant",
        "state": "applied",
        "segment": "s1",
        "start": 0.3,
        "end": 0.6,
        "before": "whether",
        "text": "weather",
    }
    anew = told.transcript(("speaker-1", "Good wetter today."), ("speaker-1", "Yes indeed."))
    await desk.table.add(told.attributed(desk.table.documents.keep(anew), seconds=60))
    listed = (await client.get(f"{HERE}/edits")).json()["items"]
    assert [(edit["id"], edit["state"]) for edit in listed] == [
        (correction["id"], "unaligned"),
        (name["id"], "undone"),
        (undo["id"], "applied"),
        (merge["id"], "applied"),
    ]
    assert listed[0]["reason"] == "other_words"
    assert "Other words stand there now" in listed[0]["explanation"]
    assert listed[2]["edit"] == name["id"]
    assert (listed[3]["label"], listed[3]["into_label"]) == ("Speaker 2", "Speaker 1")
    assert log.kept[-1][1].action.value == "edits"


async def test_layers_are_carried_over_to_what_the_machine_makes_anew(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    transcripts = Transcripts(documents=desk.table.documents, layers=desk, cache_bytes=0)
    editing = Editing(desk.table.entry(RECORDING), ())
    await carry_over(editing, transcripts=transcripts)
    assert editing.events == []
    await lay(client, kind="rename", speaker="speaker-1", name="Anna")
    anew = told.transcript(("speaker-2", "Good weather today."), labels={"speaker-2": "Speaker 1"})
    await desk.table.add(told.attributed(desk.table.documents.keep(anew), seconds=60))
    editing = Editing(desk.table.entry(RECORDING), desk.layers[RECORDING])
    await carry_over(editing, transcripts=transcripts)
    (event,) = editing.events
    kept = await desk.table.documents.load(TranscriptDocument, event.data.transcript)
    assert [(speaker.id, speaker.label) for speaker in kept.speakers] == [("speaker-2", "Anna")]
    assert editing.indexed == [kept]
    desk.table.documents.kept.clear()
    gone = Editing(desk.table.entry(RECORDING), desk.layers[RECORDING])
    await carry_over(gone, transcripts=transcripts)
    assert gone.events == []


async def test_an_edit_of_what_somebody_else_has_changed_is_refused(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    seen = (await client.get(f"{HERE}/transcript")).headers["etag"]
    await lay(client, **CORRECTION)
    for path, body in (
        ("edits", CORRECTION),
        ("speakers/speaker-1/merge", {"into": "speaker-2"}),
    ):
        response = await client.post(f"{HERE}/{path}", json=body, headers={"If-Match": seen})
        assert response.status_code == 412
    assert len(desk.layers[RECORDING]) == 1
    now = (await client.get(f"{HERE}/edits")).headers["etag"]
    response = await client.post(f"{HERE}/edits", json=CORRECTION | {"text": "w"}, headers={"If-Match": now})
    assert response.status_code == 201


async def test_of_edits_at_once_none_is_lost(client: httpx.AsyncClient, desk: Desk) -> None:
    words = ["Fine", "wetter", "tomorrow."]
    await asyncio.gather(
        *(
            lay(client, **(CORRECTION | {"first": number, "last": number, "text": word}))
            for number, word in enumerate(words)
        )
    )
    assert (await text(client)).startswith("[0:00:00] Speaker 1: Fine wetter tomorrow.\n")


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"segment": "s9"}, 404, "no segment"),
        ({"last": 3}, 404, "no such words"),
        ({"first": 2}, 404, "no such words"),
        ({"first": -1}, 422, "first"),
        ({"segment": "anna"}, 422, "segment"),
        ({"text": "two\nlines"}, 422, "on one line"),
        ({"text": "nul\x00"}, 422, "on one line"),
        ({"text": "x" * 2001}, 422, "2000"),
        ({"text": None}, 422, "text"),
        ({"kind": "rename", "speaker": "speaker-9", "name": "Anna"}, 404, "no speaker"),
        ({"kind": "rename", "speaker": "unknown", "name": "Anna"}, 404, "no speaker"),
        ({"kind": "rename", "speaker": "speaker-1", "name": " "}, 422, "1 to 200"),
        ({"kind": "rename", "speaker": "speaker-1"}, 422, "name"),
        ({"kind": "merge", "speaker": "speaker-1", "into": "speaker-9"}, 404, "no speaker"),
        ({"kind": "merge", "speaker": "speaker-1", "into": "speaker-1"}, 409, "into itself"),
        ({"kind": "undo", "edit": str(UUID(int=1))}, 404, "no edit"),
        ({"kind": "remove"}, 422, "kind"),
    ],
)
async def test_what_cannot_be_is_refused_and_says_what_to_do(
    client: httpx.AsyncClient, desk: Desk, change: dict[str, Any], status: int, says: str
) -> None:
    response = await client.post(f"{HERE}/edits", json=CORRECTION | change)
    assert response.status_code == status
    assert says in response.json()["detail"]
    assert desk.layers.get(RECORDING, ()) == ()


@pytest.mark.parametrize("name", ["", "  ", "Anna\n2", "Anna\x00", "A\u2028B", "x" * 201, 7, ["Anna"]])
async def test_what_is_no_name_is_refused(client: httpx.AsyncClient, desk: Desk, name: Any) -> None:
    response = await client.put(f"{HERE}/speakers/speaker-1", json={"name": name})
    assert response.status_code == 422
    assert "'name'" in response.json()["detail"]
    assert (await client.put(f"{HERE}/speakers/speaker-1", json={})).status_code == 422
    assert (await client.put(f"{HERE}/speakers/Anna", json={"name": "Anna"})).status_code == 422
    assert desk.layers == {}


async def test_what_is_undone_cannot_be_undone_again(client: httpx.AsyncClient) -> None:
    edit = await lay(client, **CORRECTION)
    undo = await lay(client, kind="undo", edit=edit["id"])
    refused = await client.post(f"{HERE}/edits", json={"kind": "undo", "edit": edit["id"]})
    assert refused.status_code == 409
    assert "Undo its undo" in refused.json()["detail"]
    await lay(client, kind="undo", edit=undo["id"])
    assert "weather" in await text(client)


async def test_a_recording_has_no_end_of_edits(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "MOST_LAYERS", 1)
    await lay(client, **CORRECTION)
    refused = await client.post(f"{HERE}/edits", json=CORRECTION)
    assert refused.status_code == 409
    assert "as many as one may have" in refused.json()["detail"]


async def test_corrections_have_so_much_text_and_no_more(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "MOST_WRITTEN", 2 * len("weather"))
    first = await lay(client, **CORRECTION)
    await lay(client, **CORRECTION)
    refused = await client.post(f"{HERE}/edits", json=CORRECTION)
    assert (refused.status_code, refused.json()["reason"]) == (409, "too_many")
    # What is taken back makes room, and does not come back where there is none.
    undo = await lay(client, kind="undo", edit=first["id"])
    await lay(client, **CORRECTION)
    again = await client.post(f"{HERE}/edits", json={"kind": "undo", "edit": undo["id"]})
    assert again.status_code == 409
    await lay(client, kind="rename", speaker="speaker-1", name="Anna")


async def test_only_those_who_may_edit_do(client: httpx.AsyncClient, desk: Desk) -> None:
    async def tried() -> list[int]:
        return [
            (await client.post(f"{HERE}/edits", json=CORRECTION)).status_code,
            (await client.put(f"{HERE}/speakers/speaker-1", json={"name": "Anna"})).status_code,
            (await client.post(f"{HERE}/speakers/speaker-2/merge", json={"into": "speaker-1"})).status_code,
            (await client.get(f"{HERE}/edits")).status_code,
        ]

    client.headers.update(showing(OUTSIDER))
    assert await tried() == [404] * 4
    client.headers.update(showing(OWNER))
    share = f"{HERE}/shares/person/{OUTSIDER.email}"
    assert (await client.put(share, json={"level": "read"})).status_code == 204
    client.headers.update(showing(OUTSIDER))
    assert await tried() == [403, 403, 403, 200]
    client.headers.update(showing(OWNER))
    assert (await client.put(share, json={"level": "edit"})).status_code == 204
    client.headers.update(showing(OUTSIDER))
    assert await tried() == [201, 202, 202, 200]


async def test_a_text_that_was_handed_in_is_edited_likewise(client: httpx.AsyncClient, desk: Desk) -> None:
    timeless = {"start": 0.0, "end": 0.0, "words": ()}
    segments = tuple(segment.model_copy(update=timeless) for segment in SAID.segments)
    documents = desk.table.documents
    about = documents.keep(RecordingDocument(recording_id=HANDED_IN, people=PEOPLE))
    text = documents.keep(SAID.model_copy(update={"recording_id": HANDED_IN, "segments": segments}))
    await desk.table.add(told.received(text, about, recording=HANDED_IN))
    here = f"/api/v1/recordings/{HANDED_IN}"
    assert (await client.post(f"{here}/edits", json=CORRECTION)).status_code == 201
    assert (await client.put(f"{here}/speakers/speaker-1", json={"name": "Anna"})).status_code == 202
    read = (await client.get(f"{here}/transcript?format=text")).text
    assert read.startswith("[0:00:00] Anna: Good weather today.\n")
    assert [event.subject for event in desk.sent] == [HANDED_IN]


async def test_there_is_nothing_to_edit_before_there_is_a_transcript() -> None:
    table = Table(Documents())
    await table.add(told.announced())
    desk = Desk(table)
    transport = httpx.ASGITransport(application(table, desk=desk))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=showing(OWNER)
    ) as client:
        for response in (
            await client.post(f"{HERE}/edits", json=CORRECTION),
            await client.put(f"{HERE}/speakers/speaker-1", json={"name": "Anna"}),
            await client.get(f"{HERE}/edits"),
        ):
            assert response.status_code == 404
            assert "no transcript yet" in response.json()["detail"]
    assert desk.layers == {}
