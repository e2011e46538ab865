"""Cancelling and reprocessing over HTTP."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from minutier.query.settings import QuerySettings
from minutier.schemas.events import RecordingCancelled, ReprocessingRequested, Stage
from minutier.shared.identity.domain import Person
from tests.support import query_events as told
from tests.support.query_events import RECORDING, REF, Documents
from tests.support.query_fakes import Media, Outbox, Table, application
from tests.support.query_people import COMPLIANCE, OPERATOR, OUTSIDER, OWNER, PARTICIPANT, STRANGER, showing

HERE = f"/api/v1/recordings/{RECORDING}"


@pytest.fixture
def table() -> Table:
    return Table(Documents())


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def media() -> Media:
    return Media()


@pytest.fixture
async def client(table: Table, outbox: Outbox, media: Media) -> AsyncIterator[httpx.AsyncClient]:
    settings = QuerySettings(models={"transcription": ["large-v3"], "summarisation": ["small"]})
    app = application(table, transactions=outbox, media=media, settings=settings)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test", headers=showing(OWNER)
    ) as client:
        yield client


async def heard(table: Table, count: int = 6) -> None:
    for event in told.pipeline(table.documents)[:count]:
        await table.add(event)


def again(stage: str, model: str | None = None) -> dict[str, Any]:
    return {"stage": stage, "model": model}


@pytest.mark.parametrize("person", [OWNER, OPERATOR])
async def test_an_owner_and_an_operator_cancel(
    client: httpx.AsyncClient, table: Table, outbox: Outbox, person: Person
) -> None:
    await heard(table, 3)
    answer = await client.post(f"{HERE}/cancel", headers=showing(person))
    assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")
    (event,) = outbox.sent
    assert isinstance(event, RecordingCancelled)
    assert event.time > max(fact.at for fact in table.entry(RECORDING).facts.values())
    await table.add(event)
    assert (await client.get(HERE)).json()["state"] == "cancelled"


async def test_of_a_double_click_one_counts(client: httpx.AsyncClient, table: Table, outbox: Outbox) -> None:
    await heard(table, 3)
    for _ in range(2):
        assert (await client.post(f"{HERE}/cancel")).status_code == 202
    assert len({event.id for event in outbox.sent}) == 1
    await table.add(outbox.sent[0])
    assert (await client.post(f"{HERE}/cancel")).status_code == 202
    assert len(outbox.sent) == 2
    outbox.sent.clear()
    for _ in range(2):
        await client.post(f"{HERE}/reprocess", json=again("diarization"))
    assert [(event.data.stage, event.id) for event in outbox.sent[:2]] == [
        (event.data.stage, event.id) for event in outbox.sent[2:]
    ]


@pytest.mark.parametrize("path", ["cancel", "reprocess"])
@pytest.mark.parametrize(
    ("person", "status"), [(PARTICIPANT, 403), (COMPLIANCE, 403), (OUTSIDER, 404), (STRANGER, 404)]
)
async def test_nobody_else_steers(
    client: httpx.AsyncClient, table: Table, outbox: Outbox, path: str, person: Person, status: int
) -> None:
    await heard(table, 3)
    answer = await client.post(f"{HERE}/{path}", headers=showing(person), json=again("summarisation"))
    assert (answer.status_code, outbox.sent) == (status, [])


async def test_what_is_done_cannot_be_cancelled(
    client: httpx.AsyncClient, table: Table, outbox: Outbox
) -> None:
    await heard(table)
    answer = await client.post(f"{HERE}/cancel")
    assert (answer.status_code, outbox.sent) == (409, [])
    assert (await client.post(f"/api/v1/recordings/{uuid4()}/cancel")).status_code == 404


@pytest.mark.parametrize(
    ("stage", "model"),
    [
        ("diarization", None),
        ("transcription", "large-v3"),
        ("attribution", None),
        ("summarisation", "default"),
    ],
)
async def test_a_stage_is_asked_for_with_what_it_starts_from(
    client: httpx.AsyncClient, table: Table, outbox: Outbox, stage: str, model: str | None
) -> None:
    await heard(table)
    answer = await client.post(f"{HERE}/reprocess", json=again(stage, model))
    assert answer.status_code == 202, answer.text
    assert (answer.json()["state"], answer.json()["stages"][stage]["state"]) == ("processing", "running")
    (event,) = outbox.sent
    assert isinstance(event, ReprocessingRequested)
    assert (event.data.stage, event.data.model) == (Stage(stage), model)
    assert (event.data.ingested is not None) == (stage in ("diarization", "transcription"))
    transcript = table.entry(RECORDING).transcript
    assert transcript is not None
    assert (event.data.transcript and event.data.transcript.model_dump(mode="json")) == (
        transcript.document if stage == "summarisation" else None
    )
    await table.add(event)
    assert (await client.get(f"{HERE}/transcript")).status_code == 200
    assert (await client.post(f"{HERE}/reprocess", json=again(stage))).status_code == 409


async def test_what_was_never_done_is_asked_for_too(
    client: httpx.AsyncClient, table: Table, outbox: Outbox
) -> None:
    await heard(table, 2)
    await table.add(told.cancelled(2))
    answer = await client.post(f"{HERE}/reprocess", json=again("transcription", "large-v3"))
    assert answer.json()["state"] == "processing"
    other, chosen = outbox.sent
    assert (other.data.stage, other.data.model) == (Stage.DIARIZATION, None)
    assert (chosen.data.stage, chosen.data.model) == (Stage.TRANSCRIPTION, "large-v3")
    assert other.time < chosen.time
    assert REF in (chosen.data.ingested.audio, chosen.data.ingested.recording)


async def test_a_model_that_is_not_offered_is_refused_with_those_that_are(
    client: httpx.AsyncClient, table: Table, outbox: Outbox
) -> None:
    await heard(table)
    answer = await client.post(f"{HERE}/reprocess", json=again("transcription", "tiny"))
    assert (answer.status_code, outbox.sent) == (422, [])
    assert "default, large-v3" in answer.json()["detail"]
    assert (await client.post(f"{HERE}/reprocess", json=again("ingestion"))).status_code == 422
    assert (await client.get("/api/v1/models")).json() == {
        "diarization": ["default"],
        "transcription": ["default", "large-v3"],
        "attribution": ["default"],
        "summarisation": ["default", "small"],
    }


async def test_what_was_deleted_cannot_be_done_again(
    client: httpx.AsyncClient, table: Table, outbox: Outbox, media: Media
) -> None:
    await heard(table)
    media.deleted = True
    answer = await client.post(f"{HERE}/reprocess", json=again("diarization"))
    assert (answer.status_code, outbox.sent) == (409, [])
    assert "media has been deleted" in answer.json()["detail"]
    table.documents.kept.clear()
    answer = await client.post(f"{HERE}/reprocess", json=again("summarisation"))
    assert (answer.status_code, outbox.sent) == (409, [])
