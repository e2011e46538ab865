"""Nobody learns anything of a recording that is hidden from them, whatever they ask and whoever they are.

Worlds of tenants, people, recordings and shares are drawn at random. What is hidden is decided here anew,
from the words of the specification, and every path that the API describes is asked.
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.compose.embedded import System
from minutier.query.access.domain import Level
from minutier.query.access.repository import AccessLog, Shares
from minutier.query.edits.repository import Layers
from minutier.query.project import project
from minutier.query.repository import Recordings, add
from minutier.query.search.indexing.index import Index, document_of
from minutier.query.search.repository import Archive
from minutier.query.steering.repository import Paces
from minutier.query.transcripts.read import Transcripts
from minutier.query.webhooks.repository import Webhooks
from minutier.schemas.clock import now
from minutier.schemas.documents import Part, Participant, RecordingDocument
from minutier.schemas.documents import Person as MeetingPerson
from minutier.schemas.events import AnyEvent
from minutier.schemas.records import Kind
from minutier.shared.identity.domain import Person, Role
from minutier.shared.identity.gate import SESSION_COOKIE
from minutier.shared.identity.sign_in import Entrance
from tests.support import query_events as told
from tests.support.query_events import Documents
from tests.support.query_fakes import Table, application
from tests.support.query_identity import Sessions, SignIns
from tests.support.systems import running

NAMES = ("ana", "bo", "cy", "di")
GROUPS = ("finance", "law")


@dataclass(frozen=True)
class Given:
    """A share: with a person by e-mail, or with a group."""

    whom: str
    to_group: bool
    edit: bool
    over: bool


@dataclass(frozen=True)
class Meeting:
    """What was said in it is one word that nothing else has, and what was summed up another."""

    tenant: int
    people: dict[str, Part]
    by_subject: bool
    shares: tuple[Given, ...]
    done: bool
    restricted: frozenset[Kind]
    id: UUID = field(default_factory=uuid4)

    @property
    def secret(self) -> str:
        return f"zq{self.id.hex}"

    @property
    def summed_up(self) -> str:
        """What its minutes alone say."""
        return f"zm{self.id.hex}"


@dataclass(frozen=True)
class Asker:
    name: str
    tenant: int
    groups: tuple[str, ...]
    roles: tuple[Role, ...]


given_ = st.builds(Given, st.sampled_from([*NAMES, *GROUPS]), st.booleans(), st.booleans(), st.booleans())
meetings = st.lists(
    st.builds(
        Meeting,
        st.integers(0, 1),
        st.dictionaries(st.sampled_from(NAMES), st.sampled_from(Part), max_size=2),
        st.booleans(),
        st.lists(given_, max_size=2).map(tuple),
        st.booleans(),
        st.just(frozenset()) | st.frozensets(st.sampled_from(Kind)),
        st.builds(uuid4),
    ),
    min_size=2,
    max_size=4,
)
askers = st.lists(
    st.builds(
        Asker,
        st.sampled_from(NAMES),
        st.integers(0, 1),
        st.lists(st.sampled_from(GROUPS), unique=True, max_size=1).map(tuple),
        st.lists(st.sampled_from(Role), unique=True, max_size=2).map(tuple),
    ),
    min_size=2,
    max_size=3,
    unique_by=lambda asker: (asker.name, asker.tenant),
)


def may_read(asker: Asker, meeting: Meeting) -> bool:
    """The specification, in its own words."""
    if asker.tenant != meeting.tenant or Kind.TRANSCRIPT in meeting.restricted:
        return False
    was_there = asker.name in meeting.people
    shared = any(
        not share.over and (share.whom in asker.groups if share.to_group else share.whom == asker.name)
        for share in meeting.shares
    )
    return was_there or shared


def may_know_of(asker: Asker, meeting: Meeting) -> bool:
    staff = {Role.COMPLIANCE} if Kind.TRANSCRIPT in meeting.restricted else set(Role)
    return may_read(asker, meeting) or (asker.tenant == meeting.tenant and bool(staff & set(asker.roles)))


def may_read_minutes(asker: Asker, meeting: Meeting) -> bool:
    return may_read(asker, meeting) and Kind.MINUTES not in meeting.restricted


def may_listen(asker: Asker, meeting: Meeting) -> bool:
    return may_read(asker, meeting) and Kind.MEDIA not in meeting.restricted


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=["query"]) as system:
        yield system


@given(meetings=meetings, askers=askers)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # Each try asks for everything there is: a failure says which request it was without a smaller world.
    phases=[Phase.generate],
)
async def test_nothing_hidden_is_told(
    engine: AsyncEngine, meetings: list[Meeting], askers: list[Asker]
) -> None:
    world = uuid4().hex[:8]
    people = {asker: _person(asker, world) for asker in askers}
    documents = Documents()
    for meeting in meetings:
        await _keep(engine, documents, meeting, world)
    app = _application(engine, documents, people.values())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        for asker, person in people.items():
            browser = {"Cookie": f"{SESSION_COOKIE}-80={person.subject}", "Sec-Fetch-Site": "same-origin"}
            shown: Any = {"headers": browser, "follow_redirects": False}
            hidden = [meeting for meeting in meetings if not may_read(asker, meeting)]
            unknown = [meeting for meeting in hidden if not may_know_of(asker, meeting)]
            for target in _requests(app, meetings):
                response = await http.get(target, **shown)
                for meeting in hidden:
                    # A page says what was looked for, and nothing that was found by it.
                    hint = str(meeting.id) if f"={meeting.secret}" in target else meeting.secret
                    assert hint not in _told(response), target
                for meeting in meetings:
                    if not may_read_minutes(asker, meeting):
                        sought = f"={meeting.summed_up}" in target
                        assert (str(meeting.id) if sought else meeting.summed_up) not in _told(response), (
                            target
                        )
                    if not may_listen(asker, meeting) and f"{meeting.id}/audio" in target:
                        assert response.status_code in {403, 404}, target
                for meeting in unknown:
                    assert str(meeting.id) not in _told(response), target
                    if str(meeting.id) in target:
                        assert response.status_code in {403, 404, 422}, target
            for meeting in unknown:
                for method, target in _changes(app, meeting):
                    response = await http.request(method, target, json=_BODY, **shown)
                    assert response.status_code in {404, 422}, (method, target)
            # The other half: a service that hid everything would pass as well.
            for meeting in meetings:
                if may_read(asker, meeting) and meeting.done:
                    said = await http.get(f"/api/v1/recordings/{meeting.id}/transcript", **shown)
                    assert meeting.secret in said.text
                    found = await http.get(f"/api/v1/search?q={meeting.secret}", **shown)
                    assert str(meeting.id) in found.text
                if may_read_minutes(asker, meeting) and meeting.done:
                    found = await http.get(f"/api/v1/search?q={meeting.summed_up}", **shown)
                    assert str(meeting.id) in found.text
            await _reads_by_a_reason(http, asker, meetings, shown["headers"])


async def _reads_by_a_reason(
    http: httpx.AsyncClient, asker: Asker, meetings: list[Meeting], headers: dict[str, str]
) -> None:
    """Compliance reads what is restricted, and nobody else by saying why."""
    for meeting in meetings:
        if meeting.done and Kind.TRANSCRIPT in meeting.restricted:
            staff = Role.COMPLIANCE in asker.roles and asker.tenant == meeting.tenant
            path = f"/api/v1/recordings/{meeting.id}/transcript"
            said = await http.get(path, headers=headers | {"Minutier-Reason": "An inquiry"})
            assert (said.status_code == 200, meeting.secret in said.text) == (staff, staff)


def _told(response: httpx.Response) -> str:
    """What an answer says, without what people looked for: compliance reads who asked for what."""
    if response.headers.get("Content-Type") == "application/json" and "/accesses" in response.url.path:
        items = response.json().get("items", [])
        return str([{**item, "detail": {**item["detail"], "query": None}} for item in items])
    return response.text


def _requests(app: FastAPI, meetings: list[Meeting]) -> Iterator[str]:
    """Every path that is read, for every recording, and each secret wherever something can be looked for."""
    for path, methods in _paths(app.routes):
        if "GET" not in methods or path.startswith(("/sign-in", "/static")):
            continue
        for target in _filled(path, meetings):
            yield target
            yield from (
                f"{target}?{name}={secret}"
                for name in _LOOKED_FOR.get(path, ())
                for meeting in meetings
                for secret in (meeting.secret, meeting.summed_up)
            )


def _changes(app: FastAPI, meeting: Meeting) -> Iterator[tuple[str, str]]:
    """Everything that could be done to a recording."""
    for path, methods in _paths(app.routes):
        if path.startswith("/api/v1/recordings/{id}/"):
            for method in methods - {"GET", "HEAD"}:
                yield method, _filled(path, [meeting])[0]


_LOOKED_FOR = {
    "/api/v1/recordings": ("title", "participant"),
    "/api/v1/search": ("q",),
    "/": ("participant",),
    "/search": ("q",),
}
_BODY = {
    "kind": "rename",
    "speaker": "speaker-1",
    "name": "Ana",
    "into": "speaker-1",
    "stage": "summarisation",
    "level": "read",
    "email": "ana@example.org",
}


def _paths(routes: Iterable[Any]) -> Iterator[tuple[str, set[str]]]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route.path, set(route.methods or ())
        elif (included := getattr(route, "original_router", None)) is not None:
            yield from _paths(included.routes)


def _filled(path: str, meetings: list[Meeting]) -> list[str]:
    given = {"format": "txt", "speaker": "speaker-1", "email": "ana@example.org", "name:path": "finance"}
    for name, value in given.items():
        path = path.replace(f"{{{name}}}", value)
    if "{id}" not in path:
        return [path]
    return [path.replace("{id}", str(meeting.id)) for meeting in meetings]


def _person(asker: Asker, world: str) -> Person:
    return Person(
        id=f"test/{asker.name}",
        tenant=_tenant(asker.tenant, world),
        name=asker.name,
        subject=f"{asker.name}-{asker.tenant}",
        email=f"{asker.name}@example.org",
        groups=frozenset(asker.groups),
        roles=frozenset(asker.roles),
    )


def _tenant(number: int, world: str) -> str:
    return f"{world}-{number}"


async def _keep(engine: AsyncEngine, documents: Documents, meeting: Meeting, world: str) -> None:
    tenant = _tenant(meeting.tenant, world)
    people = tuple(
        MeetingPerson(part=part, subject=f"{name}-{meeting.tenant}")
        if meeting.by_subject
        else MeetingPerson(part=part, email=f"{name}@example.org")
        for name, part in sorted(meeting.people.items())
    )
    where: dict[str, Any] = {"recording": meeting.id, "tenant": tenant}
    about = RecordingDocument(
        recording_id=meeting.id,
        title=f"About {meeting.secret}",
        people=people,
        participants=(Participant(id="p1", name=f"{meeting.secret} Martin"),),
    )
    events: list[AnyEvent] = [told.announced(**where), told.ingested(documents.keep(about), **where)]
    if meeting.done:
        said = told.transcript(("speaker-1", f"Now {meeting.secret}"), recording=meeting.id)
        minutes = told.minutes(meeting.id)
        item = minutes.summary[0].model_copy(
            update={"text": f"It was {meeting.secret}, {meeting.summed_up}."}
        )
        written = minutes.model_copy(update={"summary": (item,)})
        events += [
            told.diarized(**where),
            told.transcribed(**where),
            told.attributed(documents.keep(said), **where),
            told.written(documents.keep(written), **where),
        ]
    else:
        # Whoever follows a recording that has not ended is told of it for ever.
        events.append(told.failed("transcription", **where))
    if meeting.restricted:
        events.append(told.restricted(*meeting.restricted, **where))
    for event in events:
        fact = await project(event, documents=documents)
        assert fact is not None
        document = await document_of(fact, documents)
        async with AsyncSession(engine) as session, session.begin():
            entry = await add(session, event, fact)
            await Index().follow(session, entry, fact, document)
    sharer = Person(id="test/sharer", tenant=tenant, name="Sharer", subject="sharer")
    for share in meeting.shares:
        principal = f"group:{share.whom}" if share.to_group else f"email:{share.whom}@example.org"
        await Shares(engine).give(
            sharer, meeting.id, principal, Level.EDIT if share.edit else Level.READ, _until(share)
        )


def _until(share: Given) -> datetime:
    return now() + timedelta(days=-1 if share.over else 1)


class SignedIn(Entrance):
    """Whose browsers show who they are without ado."""

    def __init__(self, people: Iterable[Person]) -> None:
        super().__init__({}, {}, sign_ins=SignIns(), sessions=Sessions())
        self._people = {person.subject: person for person in people}

    async def person(self, secret: str) -> Person | None:
        return self._people.get(secret)


def _application(engine: AsyncEngine, documents: Documents, people: Iterable[Person]) -> FastAPI:
    layers = Layers(engine)
    return application(
        Table(documents),
        entrance=SignedIn(people),
        recordings=Recordings(engine),
        shares=Shares(engine),
        log=AccessLog(engine),
        archive=Archive(engine),
        transcripts=Transcripts(documents=documents, layers=layers, cache_bytes=2**24),
        webhooks=Webhooks(engine),
        paces=Paces(engine),
    )
