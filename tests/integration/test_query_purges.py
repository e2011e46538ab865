"""What query has of a purged recording goes, from all that it shows, finds and tells."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import httpx
import httpx_sse
import psycopg
import pytest
from nats.js import JetStreamContext
from psycopg.types.json import Jsonb

from minutier.compose.embedded import System, running
from minutier.compose.people import PARTICIPANT
from minutier.schemas.codec import encode
from minutier.schemas.documents import (
    MinutesDocument,
    Part,
    Person,
    RecordingDocument,
    TranscriptDocument,
)
from minutier.schemas.events import AnyEvent, PurgeCompleted, Purged, Stage
from minutier.schemas.records import Kind
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import ARTEFACTS, Objects
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told
from tests.support.delivery_service import until
from tests.support.purging import Purges

ROLE = "query"
TENANT = "acme"
READ = ("", "/transcript", "/minutes", "/audio", "/audio/tracks", "/exports/markdown", "/edits", "/shares")
OWNED = (Person(part=Part.OWNER, email=PARTICIPANT.email),)
RENAME = {"kind": "rename", "speaker": "speaker-1", "name": "Adamantine"}


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=["query"]) as system:
        yield system


@pytest.fixture
async def http(system: System) -> AsyncIterator[httpx.AsyncClient]:
    bearer = {"Authorization": f"Bearer {system.token(tenant=TENANT, operator=True)}"}
    async with httpx.AsyncClient(base_url=system.url("query"), timeout=30, headers=bearer) as http:
        yield http


@pytest.fixture
def purges(system: System, js: JetStreamContext) -> Purges:
    return Purges(system, js, TENANT)


class Meeting:
    """A recording with documents of its own, each of which has a word that nothing else has."""

    def __init__(self, system: System, js: JetStreamContext, http: httpx.AsyncClient) -> None:
        self.id = uuid4()
        self.title, self.said, self.noted = (f"{each}{self.id.hex[:12]}" for each in ("ti", "wo", "mi"))
        self._artefacts = Artefacts(Objects(system.objects))
        self._js = js
        self._http = http

    async def events(self) -> Sequence[AnyEvent]:
        transcript = told.transcript(("speaker-1", f"Good {self.said}."), recording=self.id)
        minutes = told.minutes(self.id)
        (statement,) = minutes.summary
        noted = statement.model_copy(update={"text": f"They said {self.noted}."})
        documents: dict[Stage, RecordingDocument | TranscriptDocument | MinutesDocument] = {
            Stage.INGESTION: RecordingDocument(recording_id=self.id, title=self.title, people=OWNED),
            Stage.ATTRIBUTION: transcript,
            Stage.SUMMARISATION: minutes.model_copy(update={"summary": (noted,)}),
        }
        refs = {
            stage: await self._artefacts.store(document, tenant=TENANT, stage=stage, version="1")
            for stage, document in documents.items()
        }
        where: dict[str, Any] = {"recording": self.id}
        return [
            told.announced(**where),
            told.ingested(refs[Stage.INGESTION], **where),
            told.diarized(**where),
            told.transcribed(**where),
            told.attributed(refs[Stage.ATTRIBUTION], **where),
            told.written(refs[Stage.SUMMARISATION], **where),
        ]

    async def tell(self, *events: AnyEvent) -> None:
        for event in events:
            await self._js.publish(event.nats_subject, encode(event), stream=EVENT_STREAM)

    async def get(self, path: str = "", **asked: Any) -> httpx.Response:
        return await self._http.get(f"/api/v1/recordings/{self.id}{path}", **asked)

    async def is_in(self, state: str) -> bool:
        return bool((await self.get()).json().get("state") == state)

    async def finds(self, word: str) -> bool:
        found = await self._http.get("/api/v1/search", params={"q": word})
        return str(self.id) in found.raise_for_status().text

    async def settled(self) -> None:
        """Until query has heard all that was told."""

        async def idle() -> bool:
            names = ("transcript-attributed", "minutes-written", "purge-completed", "recording-ingested")
            infos = [await self._js.consumer_info(EVENT_STREAM, f"query-{name}") for name in names]
            return not any(info.num_pending or info.num_ack_pending for info in infos)

        await until(idle)


@pytest.fixture
async def meeting(system: System, js: JetStreamContext, http: httpx.AsyncClient) -> Meeting:
    """One that is done, and whose speaker somebody has named."""
    meeting = Meeting(system, js, http)
    await meeting.tell(*await meeting.events())
    await until(lambda: meeting.is_in("completed"))
    answer = await http.post(f"/api/v1/recordings/{meeting.id}/edits", json=RENAME)
    assert answer.status_code == 201, answer.text
    share = await http.put(
        f"/api/v1/recordings/{meeting.id}/shares/person/bo@example.org", json={"level": "read"}
    )
    assert share.status_code == 204
    return meeting


async def test_nothing_is_left_and_nothing_comes_back(
    meeting: Meeting, http: httpx.AsyncClient, purges: Purges
) -> None:
    hook = {"url": "https://hooks.example.org/", "events": ["transcript.edited"], "description": "a"}
    assert (await http.post("/api/v1/webhooks", json=hook)).status_code == 201
    await http.post(f"/api/v1/recordings/{meeting.id}/edits", json=RENAME | {"name": "Bo"})
    for word in (meeting.title, meeting.said, meeting.noted):
        assert await meeting.finds(word)
    events = await meeting.events()
    tables = {"register", "recordings", "grants", "searched", "passages", "layers", "access_log"}
    assert set(purges.remains(ROLE, meeting.id)) >= tables | {"webhook_deliveries"}
    gone = await purges.purge(meeting.id, ROLE)
    assert gone["index_entries"] >= 4
    assert purges.remains(ROLE, meeting.id) == {}
    assert await purges.left(ARTEFACTS, meeting.id, f"{Stage.ATTRIBUTION}/") == 0
    for _ in range(2):
        for path in READ:
            assert (await meeting.get(path)).status_code == 404, path
        page = await http.get(f"/recordings/{meeting.id}", headers={"Accept": "text/html"})
        assert page.status_code == 404
        assert str(meeting.id) not in (await http.get("/api/v1/recordings")).text
        for word in (meeting.title, meeting.said, meeting.noted):
            assert not await meeting.finds(word)
        await meeting.tell(*events)
        await meeting.settled()
        assert purges.remains(ROLE, meeting.id) == {}


async def test_who_watches_is_not_left_waiting(
    system: System, js: JetStreamContext, http: httpx.AsyncClient, purges: Purges
) -> None:
    meeting = Meeting(system, js, http)
    await meeting.tell(*(await meeting.events())[:2])
    await until(lambda: meeting.is_in("processing"))
    address = f"/api/v1/recordings/{meeting.id}/progress"
    async with httpx_sse.aconnect_sse(http, "GET", address) as source:
        updates = source.aiter_sse()
        assert (await anext(updates)).event == "state"
        order = await purges.order(meeting.id)
        await purges.answer(order, ROLE)
        gone = Purged(**dict(order.data))
        completed = PurgeCompleted.of(meeting.id, tenant=TENANT, source="minutier/retention", data=gone)
        await meeting.tell(completed)
        async with asyncio.timeout(30):
            assert [update async for update in updates] == []


GONE = {
    Kind.MEDIA: ("/audio", "/audio/tracks"),
    Kind.TRANSCRIPT: ("/transcript", "/exports/markdown", "/edits"),
    Kind.MINUTES: ("/minutes",),
}


@pytest.mark.parametrize("kind", list(GONE))
async def test_of_what_is_destroyed_nothing_is_shown_found_or_told_late(
    meeting: Meeting, http: httpx.AsyncClient, purges: Purges, kind: Kind
) -> None:
    before = purges.remains(ROLE, meeting.id)
    await purges.purge(meeting.id, ROLE, kind)
    for _ in range(2):
        for path in GONE[kind]:
            answer = await meeting.get(path)
            assert (answer.status_code, answer.json()["reason"]) == (410, f"{kind}_destroyed")
        shown = (await meeting.get()).json()
        assert (shown["state"], shown["title"], shown["destroyed"]) == ("completed", meeting.title, [kind])
        found = [await meeting.finds(word) for word in (meeting.title, meeting.said, meeting.noted)]
        assert found == [True, kind is not Kind.TRANSCRIPT, kind is not Kind.MINUTES]
        # As after a second delivery of what a stage has done once more.
        late = [event.model_copy(update={"id": uuid4()}) for event in await meeting.events()]
        await meeting.tell(*late)
        await meeting.settled()
    after = purges.remains(ROLE, meeting.id)
    assert ("layers" in after) == (kind is not Kind.TRANSCRIPT)
    assert after["access_log"] >= before["access_log"]
    assert after["grants"] == before["grants"]
    refused = await http.post(f"/api/v1/recordings/{meeting.id}/reprocess", json={"stage": "diarization"})
    assert (refused.status_code, refused.json()["reason"]) == (409, f"{kind}_deleted")


async def test_only_the_access_log_goes_and_only_once_that_is_ordered(
    system: System, meeting: Meeting, purges: Purges
) -> None:
    await meeting.get("/transcript")
    as_query = system.database_url(ROLE).replace("+psycopg", "")
    with (
        psycopg.connect(as_query, options=f"-c minutier.tenants={TENANT}") as connection,
        pytest.raises(psycopg.errors.RaiseException, match="ordered"),
    ):
        connection.execute("select query.erase_accesses(%s)", [meeting.id])
    before = purges.remains(ROLE, meeting.id)
    assert (await purges.purge(meeting.id, ROLE, Kind.ACCESS_LOG))["rows"] == before.pop("access_log")
    after = purges.remains(ROLE, meeting.id)
    assert {table: after.get(table) for table in ("recordings", "layers", "passages")} == {
        table: before[table] for table in ("recordings", "layers", "passages")
    }
    assert "access_log" not in after
    assert (await meeting.get("/transcript")).status_code == 200


async def test_of_searches_that_have_shown_it_nothing_names_it(
    system: System, meeting: Meeting, purges: Purges
) -> None:
    """Also where nobody has read it. That somebody was shown others is left."""
    other, nothing = str(uuid4()), str(uuid4())
    with psycopg.connect(purges.inside, autocommit=True) as administrator:
        administrator.execute("delete from query.access_log where recording_id = %s", [meeting.id])
        for shown in ([str(meeting.id)], [other, str(meeting.id)], [other, nothing]):
            administrator.execute(
                "insert into query.access_log (tenant, person_id, person_name, action, detail) "
                "values (%s, 'a', 'a', 'search', %s)",
                [TENANT, Jsonb({"query": "budget", "recordings": shown})],
            )
        await purges.purge(meeting.id, ROLE, Kind.ACCESS_LOG)
        left = administrator.execute(
            "select detail from query.access_log where detail -> 'recordings' ?| %s order by id",
            [[str(meeting.id), other]],
        ).fetchall()
    assert left == [({"query": "budget", "recordings": [other, nothing]},), ({"recordings": [other]},)]


async def test_a_purge_waits_for_who_edits_and_takes_what_they_wrote(
    system: System, meeting: Meeting, purges: Purges
) -> None:
    as_query = system.database_url(ROLE).replace("+psycopg", "")
    with psycopg.connect(as_query, options=f"-c minutier.tenants={TENANT}") as editing:
        # As the use case does.
        editing.execute(
            "insert into inbox (consumer, event_id, recording_id, claim) "
            "select '', %(id)s, %(id)s, %(id)s where false",
            {"id": meeting.id},
        )
        editing.execute("select from recordings where id = %s for update", [meeting.id])
        editing.execute(
            "insert into layers (id, tenant, recording_id, at, kind, content) "
            "values (%s, %s, %s, now(), 'undo', '{}')",
            [uuid4(), TENANT, meeting.id],
        )
        order = await purges.order(meeting.id)
        await asyncio.sleep(0.3)
        assert not await purges.answers(order, ROLE)
        editing.commit()
    await purges.answer(order, ROLE)
    assert purges.remains(ROLE, meeting.id) == {}


async def test_who_begins_when_it_is_purged_leaves_nothing(
    system: System, meeting: Meeting, http: httpx.AsyncClient, purges: Purges
) -> None:
    """The tombstone stands, and the rows are still there."""
    with psycopg.connect(system.database_url(ROLE).replace("+psycopg", "")) as connection:
        connection.execute("insert into tombstones (recording_id) values (%s)", [meeting.id])
    before = purges.remains(ROLE, meeting.id)
    here = f"/api/v1/recordings/{meeting.id}"
    answers = [
        await http.get(f"{here}/transcript"),
        await http.post(f"{here}/edits", json=RENAME | {"name": "Cy"}),
        await http.put(f"{here}/shares/person/cy@example.org", json={"level": "read"}),
        await http.put(f"{here}/owner", json={"email": "cy@example.org"}),
        await http.post(f"{here}/reprocess", json={"stage": "summarisation"}),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert purges.remains(ROLE, meeting.id) == before
