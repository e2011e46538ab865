"""One person is erased from a meeting: what query shows, finds and lets people do, before and after."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from nats.js import JetStreamContext

from minutier.compose.embedded import System, running
from minutier.compose.people import PARTICIPANT
from minutier.schemas.clock import now
from minutier.schemas.codec import decode, encode
from minutier.schemas.documents import (
    Document,
    Part,
    Participant,
    Person,
    RecordingDocument,
)
from minutier.schemas.events import (
    AnyEvent,
    Ingested,
    Instead,
    Made,
    PurgeCompleted,
    Purged,
    PurgeOrdered,
    RecordingIngested,
    Stage,
    TranscriptEdited,
)
from minutier.schemas.records import Kind
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import ARTEFACTS, RECORDINGS, Objects
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told
from tests.support.delivery_service import until
from tests.support.purging import Purges
from tests.support.query_erasures import plan_of, without

ROLE = "query"
TENANT = "acme"
KINDS = (Kind.MEDIA, Kind.TRANSCRIPT, Kind.MINUTES)
OWNED = (Person(part=Part.OWNER, email=PARTICIPANT.email),)
THEIRS = {"speaker-2"}
NAMED, NAMED_BY_HAND = "Zoelinde", "Zoekina"
REMAINS = "select query.remains_of_person(%s, %s, %s)"


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=["query"]) as system:
        yield system


@pytest.fixture
async def http(system: System) -> AsyncIterator[httpx.AsyncClient]:
    bearer = {"Authorization": f"Bearer {system.token(tenant=TENANT, operator=True)}"}
    async with httpx.AsyncClient(base_url=system.url("query"), timeout=30, headers=bearer) as http:
        yield http


class Meeting:
    """Of Ann and Zoë, whose name, words and minutes nothing else has."""

    def __init__(self, system: System, js: JetStreamContext, http: httpx.AsyncClient) -> None:
        self.id = uuid4()
        self.said, self.noted = f"zo{self.id.hex[:12]}", f"mi{self.id.hex[:12]}"
        self.purges = Purges(system, js, TENANT)
        self.machine = told.transcript(
            ("speaker-1", "We begin now."),
            ("speaker-2", f"I want {self.said} instead."),
            ("speaker-1", "Then we vote."),
            labels={"speaker-1": "Speaker 1", "speaker-2": NAMED},
            recording=self.id,
        )
        self.plan = plan_of(self.machine, THEIRS)
        self._objects = Objects(system.objects)
        self._artefacts = Artefacts(self._objects)
        self._js = js
        self._http = http

    async def store(self, stage: Stage, document: Document, version: str) -> ObjectRef:
        return await self._artefacts.store(document, tenant=TENANT, stage=stage, version=version)

    async def record(self, name: str, sound: bytes) -> ObjectRef:
        key = f"{TENANT}/{self.id}/{name}.flac"
        return await self._objects.write(RECORDINGS, key, sound, "audio/flac")

    async def events(self) -> list[AnyEvent]:
        document = RecordingDocument(
            recording_id=self.id,
            title=f"Budget of {NAMED}",
            people=OWNED,
            participants=(Participant(id="p1", name="Ann"), Participant(id="p2", name=NAMED)),
        )
        minutes = told.minutes(self.id)
        (statement,) = minutes.summary
        noted = statement.model_copy(update={"text": f"They want {self.noted}."})
        refs = [
            await self.store(Stage.INGESTION, document, "1"),
            await self.store(Stage.ATTRIBUTION, self.machine, "1"),
            await self.store(Stage.SUMMARISATION, minutes.model_copy(update={"summary": (noted,)}), "1"),
        ]
        where: dict[str, Any] = {"recording": self.id}
        ingested: RecordingIngested = told.ingested(refs[0], **where)
        heard = Ingested(**dict(ingested.data) | {"audio": await self.record("old", b"old sound")})
        return [
            told.announced(**where),
            ingested.model_copy(update={"data": heard}),
            told.diarized(**where),
            told.transcribed(**where),
            told.attributed(refs[1], **where),
            told.written(refs[2], **where),
        ]

    async def tell(self, *events: AnyEvent) -> None:
        for event in events:
            await self._js.publish(event.nats_subject, encode(event), stream=EVENT_STREAM)

    async def order(self) -> PurgeOrdered:
        """As retention does, once it has written what is instead."""
        left = RecordingDocument(
            recording_id=self.id, people=OWNED, participants=(Participant(id="p1", name="Ann"),)
        )
        instead = Instead(
            plan=await self.store(Stage.ATTRIBUTION, self.plan, "plan"),
            transcript=await self.store(Stage.ATTRIBUTION, without(self.machine, THEIRS), "left"),
            recording=await self.store(Stage.INGESTION, left, "left"),
        )
        return await self.purges.order(self.id, *KINDS, instead=instead)

    async def complete(self, order: PurgeOrdered, old: bytes, new: ObjectRef) -> None:
        data = Purged(**dict(order.data), made=(Made(ref=new, of=old),))
        await self.tell(PurgeCompleted.of(self.id, tenant=TENANT, source="minutier/retention", data=data))

    async def get(self, path: str = "", **asked: Any) -> httpx.Response:
        return await self._http.get(f"/api/v1/recordings/{self.id}{path}", **asked)

    async def post(self, path: str, **content: Any) -> httpx.Response:
        return await self._http.post(f"/api/v1/recordings/{self.id}{path}", json=content)

    async def is_in(self, state: str) -> bool:
        return bool((await self.get()).json().get("state") == state)

    async def finds(self, word: str) -> bool:
        found = await self._http.get("/api/v1/search", params={"q": word})
        return str(self.id) in found.raise_for_status().text

    async def page(self) -> str:
        return (await self._http.get(f"/recordings/{self.id}", headers={"Accept": "text/html"})).text

    async def edited(self) -> list[TranscriptEdited]:
        """All that was told of edits."""
        subject = f"{TranscriptEdited.TYPE}.{self.id}"
        info = await self._js.stream_info(EVENT_STREAM, subjects_filter=subject)
        found, after = [], 0
        for _ in range((info.state.subjects or {}).get(subject, 0)):
            message = await self._js.get_msg(EVENT_STREAM, seq=after + 1, subject=subject, next=True)
            after = message.seq or 0
            event = decode(message.data or b"")
            assert isinstance(event, TranscriptEdited)
            found.append(event)
        return found


@pytest.fixture
async def meeting(system: System, js: JetStreamContext, http: httpx.AsyncClient) -> Meeting:
    """One that is done, and in which somebody has named both and corrected what both say."""
    meeting = Meeting(system, js, http)
    await meeting.tell(*await meeting.events())
    await until(lambda: meeting.is_in("completed"))
    for asked in (
        {"kind": "rename", "speaker": "speaker-1", "name": "Ann"},
        {"kind": "rename", "speaker": "speaker-2", "name": NAMED_BY_HAND},
        {"kind": "correct", "segment": "s1", "first": 2, "last": 2, "text": "later."},
        {"kind": "correct", "segment": "s2", "first": 1, "last": 1, "text": "would like"},
    ):
        assert (await meeting.post("/edits", **asked)).status_code == 201
    return meeting


def inside(system: System, statement: str, *given: object) -> list[Any]:
    """As who sees every row of the tenant."""
    address = psycopg.conninfo.make_conninfo(system.administrator_url, dbname="minutier")
    with psycopg.connect(address, options=f"-c minutier.tenants={TENANT}") as connection:
        return connection.execute(statement.encode(), given).fetchall()


def remains(system: System, meeting: Meeting) -> int:
    ((count,),) = inside(system, REMAINS, meeting.id, list(meeting.plan.segments), sorted(THEIRS))
    return int(count)


def rows(system: System, id: UUID) -> str:
    """All that query has of a recording, but for who has read and looked for what."""
    tables = {
        "recordings": "id",
        "passages": "recording_id",
        "layers": "recording_id",
        "searched": "recording_id",
    }
    tables |= {"grants": "recording_id", "webhook_deliveries": "recording_id", "outbox": "recording_id"}
    return "".join(
        str(inside(system, f"select to_jsonb(t) from query.{table} as t where {column} = %s", id))
        for table, column in tables.items()
    )


async def test_one_person_is_erased_and_the_rest_reads_as_before(system: System, meeting: Meeting) -> None:
    before = (await meeting.get("/transcript")).json()
    etags = {path: (await meeting.get(path)).headers["etag"] for path in ("/transcript", "/exports/markdown")}
    words = (NAMED, NAMED_BY_HAND, meeting.said, meeting.noted)
    assert [await meeting.finds(word) for word in words] == [True] * 4
    assert remains(system, meeting) > 0
    old = (await meeting.get("/audio")).headers["etag"].strip('"')
    assert old
    told_before = len(await meeting.edited())

    order = await meeting.order()
    answer = await meeting.purges.answer(order, ROLE)
    assert {each.place for each in answer.erased} >= {"index_entries", "rows", "object_versions"}
    assert remains(system, meeting) == 0
    left = rows(system, meeting.id)
    for word in words:
        assert not await meeting.finds(word)
        assert word not in left
    assert await meeting.finds("vote")
    assert await meeting.purges.left(ARTEFACTS, meeting.id, f"{Stage.ATTRIBUTION}/") == 2
    shown = (await meeting.get()).json()
    assert (shown["state"], shown["participants"], shown["title"]) == ("completed", ["Ann"], None)
    assert shown["being_erased"]
    after = (await meeting.get("/transcript")).json()
    others = [segment for segment in before["segments"] if segment["speaker"] not in THEIRS]
    assert after["segments"] == others
    assert [speaker["label"] for speaker in after["speakers"]] == ["Ann"]
    for path, etag in etags.items():
        read = await meeting.get(path)
        assert read.headers["etag"] != etag
        assert meeting.said not in read.text
    edits = (await meeting.get("/edits")).json()["items"]
    assert [(edit["kind"], edit["state"]) for edit in edits] == [
        ("rename", "applied"),
        ("correct", "applied"),
    ]
    for path in ("/audio", "/audio/tracks", "/minutes"):
        gone = await meeting.get(path)
        assert (gone.status_code, gone.json()["reason"]) == (404, "person_being_erased"), path
    refused = [
        await meeting.post("/edits", kind="rename", speaker="speaker-1", name="Bo"),
        await meeting.post("/reprocess", stage="summarisation"),
    ]
    for each in refused:
        assert (each.status_code, each.json()["reason"]) == (409, "person_being_erased")
    assert "being erased" in await meeting.page()
    assert len(await meeting.edited()) == told_before

    minutes = await meeting.store(Stage.SUMMARISATION, told.minutes(meeting.id), "2")
    asked = (order.time - told.START).total_seconds()
    await meeting.tell(told.written(minutes, asked + 1, asked=asked, recording=meeting.id))
    await until(lambda: _is(meeting, "/minutes", 200))
    new = await meeting.record("new", b"new sound")
    of = await _old(system, meeting)
    await meeting.complete(order, of, new)
    await until(lambda: _is(meeting, "/audio", 200))
    assert (await meeting.get("/audio")).content == b"new sound"
    shown = (await meeting.get()).json()
    assert (shown["being_erased"], shown["erased_at"] is not None) == (False, True)
    assert "was erased" in await meeting.page()
    assert len(await meeting.edited()) == told_before + 1
    refusal = await meeting.post("/reprocess", stage="attribution")
    assert (refusal.status_code, refusal.json()["reason"]) == (409, "person_erased")
    assert (await meeting.post("/reprocess", stage="summarisation")).status_code == 202
    assert (await meeting.post("/edits", kind="rename", speaker="speaker-1", name="Bo")).status_code == 201

    late = [event.model_copy(update={"id": uuid4()}) for event in await meeting.events()]
    await meeting.tell(*late, order.model_copy(update={"id": uuid4()}))
    await meeting.purges.answer(order, ROLE)
    await until(lambda: _settled(meeting, late[-1].id, system))
    left = rows(system, meeting.id)
    assert not [word for word in words if word in left]
    assert (await meeting.get("/audio")).content == b"new sound"


async def _is(meeting: Meeting, path: str, status: int) -> bool:
    return (await meeting.get(path)).status_code == status


async def _old(system: System, meeting: Meeting) -> Any:
    query = "select facts from query.recordings where id = %s"
    ((facts,),) = inside(system, query, meeting.id)
    (found,) = [fact["ingested"]["audio"]["sha256"] for fact in facts.values() if "ingested" in fact]
    return found


async def _settled(meeting: Meeting, event: UUID, system: System) -> bool:
    return bool(inside(system, "select from query.inbox where event_id = %s", event))


async def test_minutes_that_are_told_before_the_order_is_heard_are_found(
    system: System, meeting: Meeting
) -> None:
    """Summarisation may have been faster."""
    written = told.minutes(meeting.id)
    (statement,) = written.summary
    word = f"ne{meeting.id.hex[:12]}"
    new = written.model_copy(update={"summary": (statement.model_copy(update={"text": f"A {word}."}),)})
    ref = await meeting.store(Stage.SUMMARISATION, new, "2")
    asked = (now() - told.START).total_seconds() + 60
    await meeting.tell(told.written(ref, asked, asked=asked, recording=meeting.id))
    await until(lambda: meeting.finds(word))
    await meeting.purges.answer(await meeting.order(), ROLE)
    assert [await meeting.finds(each) for each in (word, meeting.noted)] == [True, False]
    assert remains(system, meeting) == 0
    assert (await meeting.get("/minutes")).status_code == 200


async def test_while_a_hold_stands_nobody_is_erased(system: System, meeting: Meeting) -> None:
    before = rows(system, meeting.id)
    meeting.purges.hold(meeting.id)
    order = await meeting.order()
    assert (await meeting.purges.answer(order, ROLE)).outcome == "held"
    assert rows(system, meeting.id) == before
    assert not (await meeting.get()).json()["being_erased"]
