"""Edits on the real servers: kept apart by tenant, none lost, told of, and carried over."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from nats.aio.client import Client
from nats.js.client import JetStreamContext
from sqlmodel import col, select

from minutier.compose.embedded import System
from minutier.compose.people import PARTICIPANT
from minutier.query.edits.models import LayerRow
from minutier.schemas.codec import decode, encode
from minutier.schemas.documents import (
    Document,
    Part,
    Person,
    RecordingDocument,
    TranscriptDocument,
)
from minutier.schemas.events import AnyEvent, Stage, TranscriptEdited
from minutier.schemas.references import ObjectRef
from minutier.shared import database
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.settings import DatabaseSettings
from minutier.shared.tenants import within
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told
from tests.support.systems import running

SECONDS = 30
OWNED = (Person(part=Part.OWNER, email=PARTICIPANT.email),)
LABELS = {"speaker-1": "Speaker 1", "speaker-2": "Speaker 2"}
WORDS = [f"word{number}" for number in range(12)]


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=["query"]) as system:
        yield system


@pytest.fixture
async def http(system: System) -> AsyncIterator[httpx.AsyncClient]:
    token = await asyncio.to_thread(system.token, tenant="acme")
    async with httpx.AsyncClient(
        base_url=f"{system.url('query')}/api/v1/recordings/",
        timeout=SECONDS,
        headers={"Authorization": f"Bearer {token}"},
    ) as http:
        yield http


async def stored(system: System, document: Document, stage: Stage) -> ObjectRef:
    return await Artefacts(Objects(system.objects)).store(
        document, tenant="acme", stage=stage, version=uuid4().hex
    )


async def publish(connection: Client, event: AnyEvent) -> None:
    await connection.jetstream().publish(event.nats_subject, encode(event), stream=EVENT_STREAM)


async def attribute(
    system: System, connection: Client, recording: UUID, *said: tuple[str, str], seconds: float = 5
) -> None:
    """The machine makes a transcript of the recording."""
    document = told.transcript(*said, labels=LABELS, recording=recording)
    ref = await stored(system, document, Stage.ATTRIBUTION)
    await publish(connection, told.attributed(ref, seconds, recording=recording))


async def recorded(system: System, connection: Client, http: httpx.AsyncClient) -> UUID:
    """A recording in which somebody says `WORDS`, and another agrees."""
    recording = uuid4()
    about = await stored(system, RecordingDocument(recording_id=recording, people=OWNED), Stage.INGESTION)
    await publish(connection, told.ingested(about, recording=recording))
    await attribute(system, connection, recording, ("speaker-1", " ".join(WORDS)), ("speaker-2", "Yes."))
    await reads(http, recording, " ".join(WORDS))
    return recording


async def reads(http: httpx.AsyncClient, recording: UUID, text: str) -> TranscriptDocument:
    async with asyncio.timeout(SECONDS):
        while True:
            response = await http.get(f"{recording}/transcript")
            if response.is_success:
                shown = TranscriptDocument.model_validate_json(response.content)
                if shown.segments[0].text == text:
                    return shown
            await asyncio.sleep(0.05)


async def hears(connection: Client, recording: UUID) -> JetStreamContext.PushSubscription:
    return await connection.jetstream().subscribe(f"{TranscriptEdited.TYPE}.{recording}", stream=EVENT_STREAM)


async def next_edited(
    system: System, told_of: JetStreamContext.PushSubscription
) -> tuple[TranscriptDocument, bytes]:
    message = await told_of.next_msg(timeout=SECONDS)
    event = decode(message.data)
    assert isinstance(event, TranscriptEdited)
    document = await Artefacts(Objects(system.objects)).load(TranscriptDocument, event.data.transcript)
    return document, message.data


def correction(number: int, text: str) -> dict[str, Any]:
    return {"kind": "correct", "segment": "s1", "first": number, "last": number, "text": text}


async def test_a_name_is_told_without_being_in_the_event(
    system: System, connection: Client, http: httpx.AsyncClient
) -> None:
    recording = await recorded(system, connection, http)
    told_of = await hears(connection, recording)
    path = f"{recording}/speakers/speaker-1"
    assert (await http.put(path, json={"name": "Zoë Lefèvre"})).status_code == 202
    named, event = await next_edited(system, told_of)
    assert named.speakers[0].label == "Zoë Lefèvre"
    assert b"Lef" not in event
    assert (await http.put(path, json={"name": None})).status_code == 202
    taken_back, _ = await next_edited(system, told_of)
    assert taken_back.speakers[0].label == "Speaker 1"


async def test_of_edits_at_once_none_is_lost(
    system: System, connection: Client, http: httpx.AsyncClient
) -> None:
    recording = await recorded(system, connection, http)
    answers = await asyncio.gather(
        *(
            http.post(f"{recording}/edits", json=correction(number, f"new{number}"))
            for number in range(len(WORDS))
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    await reads(http, recording, " ".join(f"new{number}" for number in range(len(WORDS))))
    listed = (await http.get(f"{recording}/edits")).json()["items"]
    assert len({edit["at"] for edit in listed}) == len(WORDS)
    assert {edit["state"] for edit in listed} == {"applied"}


async def test_of_edits_at_once_of_what_was_seen_one_is_laid(
    system: System, connection: Client, http: httpx.AsyncClient
) -> None:
    recording = await recorded(system, connection, http)
    seen = {"If-Match": (await http.get(f"{recording}/transcript")).headers["etag"]}
    answers = await asyncio.gather(
        *(
            http.post(f"{recording}/edits", json=correction(0, f"new{number}"), headers=seen)
            for number in range(5)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 412, 412, 412, 412]
    assert len((await http.get(f"{recording}/edits")).json()["items"]) == 1


async def test_edits_are_carried_over_to_what_the_machine_makes_anew(
    system: System, connection: Client, http: httpx.AsyncClient
) -> None:
    recording = await recorded(system, connection, http)
    told_of = await hears(connection, recording)
    for edit in (
        correction(0, "first"),
        correction(5, "middle"),
        {"kind": "rename", "speaker": "speaker-1", "name": "Anna"},
    ):
        assert (await http.post(f"{recording}/edits", json=edit)).status_code == 201
    await next_edited(system, told_of)
    heard = " ".join([*WORDS[:5], "something", *WORDS[6:]])
    await attribute(system, connection, recording, ("speaker-2", heard), ("speaker-1", "Yes."), seconds=60)
    carried, _ = await next_edited(system, told_of)
    expected = heard.replace("word0", "first")
    assert carried == await reads(http, recording, expected)
    assert {speaker.id: speaker.label for speaker in carried.speakers} == {
        "speaker-1": "Speaker 1",
        "speaker-2": "Anna",
    }
    listed = (await http.get(f"{recording}/edits")).json()["items"]
    assert [edit["state"] for edit in listed] == ["applied", "unaligned", "applied"]


async def test_layers_are_kept_from_other_tenants(
    system: System, connection: Client, http: httpx.AsyncClient
) -> None:
    recording = await recorded(system, connection, http)
    assert (await http.post(f"{recording}/edits", json=correction(0, "new"))).status_code == 201
    engine = database.connect(DatabaseSettings(url=system.database_url("query")))
    try:
        seen = []
        for tenant in ("acme", "other"):
            async with within(engine, tenant) as session:
                statement = select(LayerRow).where(col(LayerRow.recording_id) == recording)
                seen.append(len(list(await session.exec(statement))))
    finally:
        await engine.dispose()
    assert seen == [1, 0]
