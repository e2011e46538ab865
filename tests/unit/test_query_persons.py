"""What is answered and shown of a recording while one person is erased from it, and afterwards."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from minutier.schemas.documents import Participant, RecordingDocument
from minutier.schemas.events import Instead
from tests.support import query_events as told
from tests.support.query_erasures import plan_of, without
from tests.support.query_events import RECORDING, START, Documents
from tests.support.query_fakes import Desk, Table, application
from tests.support.query_people import OWNER, PEOPLE, showing

HERE = f"/api/v1/recordings/{RECORDING}"
RENAME = {"kind": "rename", "speaker": "speaker-1", "name": "Ada"}
SAID = told.transcript(
    ("speaker-1", "We begin."), ("speaker-2", "I object."), labels={"speaker-1": "Ann", "speaker-2": "Zoe"}
)


class Meeting:
    def __init__(self) -> None:
        self.documents = Documents()
        self.table = Table(self.documents)
        self.desk = Desk(self.table)
        self.purge_id = uuid4()

    async def begin(self) -> None:
        keep = self.documents.keep
        names = tuple(Participant(id=f"p{n}", name=name) for n, name in enumerate(("Ann", "Zoe"), 1))
        document = RecordingDocument(
            recording_id=RECORDING, title="Zoe objects", people=PEOPLE, participants=names
        )
        for event in (
            told.announced(),
            told.ingested(keep(document)),
            told.diarized(),
            told.transcribed(),
            told.attributed(keep(SAID)),
            told.written(keep(told.minutes())),
        ):
            await self.table.add(event)

    def order(self) -> None:
        keep = self.documents.keep
        left = RecordingDocument(
            recording_id=RECORDING, people=PEOPLE, participants=(Participant(id="p1", name="Ann"),)
        )
        instead = Instead(
            plan=keep(plan_of(SAID, {"speaker-2"})),
            transcript=keep(without(SAID, {"speaker-2"})),
            recording=keep(left),
        )
        self.table.erase_person(RECORDING, self.purge_id, instead, left)

    def complete(self) -> None:
        self.table.complete(RECORDING, self.purge_id)


@pytest.fixture
async def meeting() -> Meeting:
    meeting = Meeting()
    await meeting.begin()
    return meeting


@pytest.fixture
async def client(meeting: Meeting) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(meeting.table, desk=meeting.desk))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers=showing(OWNER)
    ) as client:
        yield client


async def test_what_is_in_memory_is_not_given_any_more(client: httpx.AsyncClient, meeting: Meeting) -> None:
    paths = ("", "/transcript?format=text", "/transcript", "/exports/markdown", "/exports/csv")
    before = {path: await client.get(f"{HERE}{path}") for path in paths}
    meeting.order()
    for path, earlier in before.items():
        now = await client.get(f"{HERE}{path}")
        assert now.status_code == 200
        assert "Zoe" in earlier.text
        assert "Zoe" not in now.text
        assert "object" not in now.text
        assert path == "" or now.headers["etag"] != earlier.headers["etag"]


@pytest.mark.parametrize("stage", ["diarization", "transcription", "attribution"])
async def test_nobody_listens_to_what_is_left_once_more(
    client: httpx.AsyncClient, meeting: Meeting, stage: str
) -> None:
    meeting.order()
    refused = await client.post(f"{HERE}/reprocess", json={"stage": stage})
    assert (refused.status_code, refused.json()["reason"]) == (409, "person_being_erased")
    meeting.complete()
    refused = await client.post(f"{HERE}/reprocess", json={"stage": stage})
    assert (refused.status_code, refused.json()["reason"]) == (409, "person_erased")
    assert "summarisation" in refused.json()["detail"]
    assert (await client.post(f"{HERE}/reprocess", json={"stage": "summarisation"})).status_code == 202


async def test_what_is_asked_for_when_the_order_comes_is_refused(meeting: Meeting) -> None:
    """Who asks has seen the recording as it was before."""
    seen = meeting.table

    class Late(Desk):
        def __call__(self, tenant: str, id: object):  # type: ignore[no-untyped-def]
            meeting.order()
            return super().__call__(tenant, RECORDING)

    desk = Late(seen)
    transport = httpx.ASGITransport(application(seen, desk=desk))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers=showing(OWNER)
    ) as client:
        again = await client.post(f"{HERE}/reprocess", json={"stage": "summarisation"})
        edit = await client.post(f"{HERE}/edits", json=RENAME)
    assert [(each.status_code, each.json()["reason"]) for each in (again, edit)] == [
        (409, "person_being_erased")
    ] * 2
    assert desk.sent == []


async def test_nothing_is_edited_before_it_is_done(client: httpx.AsyncClient, meeting: Meeting) -> None:
    meeting.order()
    refused = await client.post(f"{HERE}/edits", json=RENAME)
    assert (refused.status_code, refused.json()["reason"]) == (409, "person_being_erased")
    meeting.complete()
    assert (await client.post(f"{HERE}/edits", json=RENAME)).status_code == 201


@pytest.mark.parametrize("path", ["/audio", "/audio/tracks", "/minutes"])
async def test_what_is_made_anew_is_not_there_before(
    client: httpx.AsyncClient, meeting: Meeting, path: str
) -> None:
    meeting.order()
    answer = await client.get(f"{HERE}{path}")
    assert (answer.status_code, answer.json()["reason"]) == (404, "person_being_erased")
    meeting.complete()
    answer = await client.get(f"{HERE}{path}")
    assert answer.status_code == (404 if path == "/minutes" else 410)


async def test_that_somebody_was_erased_is_said_and_not_who(
    client: httpx.AsyncClient, meeting: Meeting
) -> None:
    english, french = ({"Accept": "text/html", "Accept-Language": each} for each in ("en", "fr"))
    page = f"/recordings/{RECORDING}"
    assert 'id="erased"' not in (await client.get(page, headers=english)).text
    meeting.order()
    assert "is being erased from this meeting" in (await client.get(page, headers=english)).text
    meeting.complete()
    said = (await client.get(page, headers=english)).text
    assert "was erased from this meeting on" in said
    assert "Une personne a été effacée" in (await client.get(page, headers=french)).text
    assert "Zoe" not in said
    assert '<option value="diarization">' not in said
    shown = (await client.get(HERE)).json()
    assert (shown["being_erased"], shown["erased_at"][:10]) == (False, START.date().isoformat())
