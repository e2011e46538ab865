"""What is in the intermediate phase: who sees it, by which reason, and what is written down of that."""

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import permutations
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from fastapi import Request, Response
from hypothesis import given
from hypothesis import strategies as st

from minutier.query.access.domain import Grant, Level, restricted, see
from minutier.query.access.log import Action
from minutier.query.access.reasons import HEADER, MOST_CHARACTERS, Reasons
from minutier.query.domain import Entry, Fact
from minutier.query.domain import Kind as Told
from minutier.schemas.records import Kind
from minutier.shared.identity.domain import Person, Role
from minutier.shared.identity.gate import SESSION_COOKIE, Gate
from minutier.shared.identity.rates import Rates
from minutier.shared.identity.sign_in import Entrance
from minutier.shared.identity.site import Site
from tests.support import query_events as told
from tests.support.query_events import RECORDING, START, Documents
from tests.support.query_fakes import Log, Table, application
from tests.support.query_identity import Sessions, SignIns
from tests.support.query_people import (
    COMPLIANCE,
    EVERYBODY,
    OPERATOR,
    OUTSIDER,
    OWNER,
    PARTICIPANT,
    STRANGER,
    Bearers,
    person,
    showing,
)

HERE = f"/api/v1/recordings/{RECORDING}"
REASON = "Enquête interne n° 7 – l’œuvre"
SAYING = {HEADER: quote(REASON)}
OFFICER_WHO_WAS_THERE = person("participant", Role.COMPLIANCE)

# What is read, by the kind that it is of.
READ = {
    Kind.MEDIA: ("/audio", "/audio/tracks"),
    Kind.TRANSCRIPT: ("/transcript", "/transcript?format=vtt", "/edits", "/exports/txt", "/exports/json"),
    Kind.MINUTES: ("/minutes",),
}
ALL = {path for paths in READ.values() for path in paths}


@pytest.fixture
async def table() -> Table:
    table = Table(Documents())
    for event in told.pipeline(table.documents):
        await table.add(event)
    return table


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
async def client(table: Table, log: Log) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(table, log=log))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def answers(client: httpx.AsyncClient, who: Person, **headers: str) -> dict[str, int]:
    return {
        path: (await client.get(f"{HERE}{path}", headers=showing(who) | headers)).status_code
        for path in sorted(ALL)
    }


def by_kind(status: Mapping[Kind, int], otherwise: int = 200) -> dict[str, int]:
    return {path: status.get(kind, otherwise) for kind, paths in READ.items() for path in paths}


@pytest.mark.parametrize("who", [OWNER, PARTICIPANT])
@pytest.mark.parametrize("kind", [Kind.MEDIA, Kind.MINUTES])
async def test_one_kind_is_withheld_from_who_reads_the_rest(
    client: httpx.AsyncClient, table: Table, kind: Kind, who: Person
) -> None:
    await table.add(told.restricted(kind))
    assert await answers(client, who) == by_kind({kind: 404})
    # A reason is of no use to them.
    assert await answers(client, who, **SAYING) == by_kind({kind: 404})
    assert (await client.get(HERE, headers=showing(who))).json()["restricted"] == [kind]


async def test_minutes_are_in_no_export_while_they_are_withheld(
    client: httpx.AsyncClient, table: Table
) -> None:
    path = f"{HERE}/exports/markdown"
    open_ = (await client.get(path, headers=showing(OWNER))).text
    await table.add(told.restricted(Kind.MINUTES))
    closed = (await client.get(path, headers=showing(OWNER))).text
    (statement,) = told.minutes().summary
    # It is a sentence of the transcript as well.
    assert open_.count(statement.text) == closed.count(statement.text) + 1


@pytest.mark.parametrize("who", [OWNER, PARTICIPANT, OUTSIDER, OPERATOR, STRANGER])
async def test_what_is_restricted_as_a_whole_is_not_there_for_others(
    client: httpx.AsyncClient, table: Table, who: Person
) -> None:
    await table.add(told.restricted(Kind.TRANSCRIPT))
    assert await answers(client, who, **SAYING) == by_kind({}, 404)
    unknown = (await client.get(f"/api/v1/recordings/{uuid4()}", headers=showing(who))).json()
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/progress", None),
        ("GET", "/shares", None),
        ("GET", "/accesses", None),
        ("PUT", "/speakers/speaker-1", {"name": "Ana"}),
        ("PUT", "/shares/person/outsider%40example.org", {"level": "read"}),
        ("PUT", "/owner", {"email": "outsider@example.org"}),
        ("POST", "/cancel", None),
        ("POST", "/reprocess", {"stage": "summarisation"}),
    ):
        answer = await client.request(method, f"{HERE}{path}", json=body, headers=showing(who) | SAYING)
        assert answer.json() == unknown, path
    assert (await client.get("/api/v1/recordings", headers=showing(who))).json()["items"] == []
    for page in ("", "/report", "/access"):
        assert (await client.get(f"/recordings/{RECORDING}{page}", headers=showing(who))).status_code == 404


async def test_compliance_sees_that_it_is_there_and_reads_it_by_a_reason(
    client: httpx.AsyncClient, table: Table, log: Log
) -> None:
    assert await answers(client, COMPLIANCE, **SAYING) == by_kind({}, 404)
    await table.add(told.restricted(Kind.TRANSCRIPT))
    (listed,) = (await client.get("/api/v1/recordings", headers=showing(COMPLIANCE))).json()["items"]
    assert listed["restricted"] == ["media", "minutes", "transcript"]
    assert (listed["title"], listed["access"]) == (None, "status")
    assert await answers(client, COMPLIANCE) == by_kind({}, 403)
    refused = (await client.get(f"{HERE}/transcript", headers=showing(COMPLIANCE))).json()
    assert refused["reason"] == "reason_needed"
    assert log.kept == []
    assert await answers(client, COMPLIANCE, **SAYING) == by_kind({})
    kinds = {access.action for _, access in log.kept}
    assert kinds == {Action.TRANSCRIPT, Action.EDITS, Action.EXPORT, Action.MINUTES, Action.AUDIO}
    assert {access.detail["reason"] for _, access in log.kept} == {REASON}
    # They read, and change nothing.
    for method, path, body in (
        ("PUT", "/speakers/speaker-1", {"name": "Ana"}),
        ("PUT", "/shares/person/outsider%40example.org", {"level": "read"}),
        ("POST", "/cancel", None),
    ):
        headers = showing(COMPLIANCE) | SAYING
        answer = await client.request(method, f"{HERE}{path}", json=body, headers=headers)
        assert answer.status_code in {403, 404}


async def test_a_reason_opens_what_is_restricted_and_nothing_else(
    client: httpx.AsyncClient, table: Table
) -> None:
    await table.add(told.restricted(Kind.MEDIA))
    assert await answers(client, COMPLIANCE) == by_kind({Kind.MEDIA: 403}, 404)
    assert await answers(client, COMPLIANCE, **SAYING) == by_kind({Kind.MEDIA: 200}, 404)


@pytest.mark.parametrize("reason", ["", "%20%09", "%ff", "a" * (MOST_CHARACTERS + 1), "a%00b"])
async def test_a_reason_says_something(client: httpx.AsyncClient, table: Table, reason: str) -> None:
    await table.add(told.restricted(Kind.TRANSCRIPT))
    answer = await client.get(f"{HERE}/transcript", headers=showing(COMPLIANCE) | {HEADER: reason})
    assert answer.status_code == 422
    assert "reason" in answer.json()["detail"].lower()


async def test_the_owner_sees_that_compliance_has_read_it_and_compliance_why(
    client: httpx.AsyncClient, table: Table
) -> None:
    await table.add(told.restricted(Kind.TRANSCRIPT))
    await client.get(f"{HERE}/transcript", headers=showing(COMPLIANCE) | SAYING)
    await table.add(told.restricted(seconds=31))
    theirs = (await client.get(f"{HERE}/accesses", headers=showing(OWNER))).json()["items"]
    assert theirs[1]["detail"] == {"format": "json", "restricted": True}
    page = (await client.get(f"/recordings/{RECORDING}/access", headers=showing(OWNER))).text
    assert "Compliance, while it was restricted" in page
    assert REASON not in page
    for accesses in (f"{HERE}/accesses", "/api/v1/accesses"):
        items = (await client.get(accesses, headers=showing(COMPLIANCE))).json()["items"]
        assert items[-1]["detail"] == {"format": "json", "reason": REASON}
    page = (await client.get(f"/recordings/{RECORDING}/access", headers=showing(COMPLIANCE))).text
    assert REASON in page


async def test_who_has_read_it_is_restricted_by_itself(client: httpx.AsyncClient, table: Table) -> None:
    await table.add(told.restricted(Kind.ACCESS_LOG))
    path = f"{HERE}/accesses"
    assert (await client.get(path, headers=showing(OWNER))).status_code == 404
    assert (await client.get(path, headers=showing(COMPLIANCE))).json()["reason"] == "reason_needed"
    assert (await client.get(path, headers=showing(COMPLIANCE) | SAYING)).status_code == 200
    assert (await client.get(f"{HERE}/transcript", headers=showing(OWNER))).status_code == 200


async def test_restricted_media_is_not_listened_to_again(client: httpx.AsyncClient, table: Table) -> None:
    await table.add(told.restricted(Kind.MEDIA))
    again = {"stage": "transcription"}
    refused = await client.post(f"{HERE}/reprocess", json=again, headers=showing(OWNER))
    assert (refused.status_code, refused.json()["reason"]) == (409, "media_restricted")
    again = {"stage": "summarisation"}
    assert (await client.post(f"{HERE}/reprocess", json=again, headers=showing(OWNER))).status_code == 202


async def test_nobody_is_found_by_content_without_a_reason(client: httpx.AsyncClient, table: Table) -> None:
    await table.add(told.restricted(Kind.TRANSCRIPT))
    for who in (OWNER, COMPLIANCE):
        for asked in ({"title": "weekly"}, {"participant": "a"}):
            found = await client.get("/api/v1/recordings", params=asked, headers=showing(who))
            assert found.json()["items"] == []


class SignedIn(Entrance):
    """Everybody's browser shows their name, and which of their sessions it is."""

    def __init__(self) -> None:
        super().__init__({}, {}, sign_ins=SignIns(), sessions=Sessions())

    async def person(self, secret: str) -> Person | None:
        people: Iterable[Person] = (*EVERYBODY, OFFICER_WHO_WAS_THERE)
        return {each.name: each for each in people}.get(secret.partition(" ")[0])


def browsing(table: Table, log: Log, session: str) -> httpx.AsyncClient:
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(application(table, log=log, entrance=SignedIn())),
        base_url="http://127.0.0.1",
        headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"},
    )
    client.cookies.set(f"{SESSION_COOKIE}-80", session, domain="127.0.0.1", path="/")
    return client


PAGE = f"/recordings/{RECORDING}"
FORM = 'name="reason"'


async def test_a_page_asks_why_and_shows_it_then_for_this_session_alone(table: Table, log: Log) -> None:
    await table.add(told.restricted(Kind.TRANSCRIPT))
    async with browsing(table, log, "Compliance 1") as browser:
        page = await browser.get(PAGE)
        assert FORM in page.text
        assert "Weekly" not in page.text
        assert log.kept == []
        said = await browser.post(f"{PAGE}/reason", data={"reason": REASON})
        assert (said.status_code, said.headers["location"]) == (303, PAGE)
        page = await browser.get(PAGE)
        assert FORM not in page.text
        assert "Weekly" in page.text
        assert REASON in page.text
        assert (await browser.get(f"{HERE}/audio")).status_code == 200
        assert (await browser.get(f"{PAGE}/report")).status_code == 200
        assert {access.detail.get("reason") for _, access in log.kept} == {REASON}
        kept = browser.cookies
        other = uuid4()
        await table.add(told.ingested(recording=other))
        await table.add(told.restricted(Kind.TRANSCRIPT, recording=other))
        assert (await browser.get(f"/api/v1/recordings/{other}/audio")).status_code == 403
    async with browsing(table, log, "Compliance 2") as another:
        for cookie in kept.jar:
            if cookie.name.startswith("minutier-reason"):
                another.cookies.set(cookie.name, cookie.value or "", domain="127.0.0.1", path=cookie.path)
        assert FORM in (await another.get(PAGE)).text


async def test_what_a_page_keeps_cannot_be_changed(table: Table, log: Log) -> None:
    await table.add(told.restricted(Kind.TRANSCRIPT))
    async with browsing(table, log, "Compliance 1") as browser:
        await browser.post(f"{PAGE}/reason", data={"reason": REASON})
        (cookie,) = (each for each in browser.cookies.jar if each.path == HERE)
        assert cookie.has_nonstandard_attr("HttpOnly")
        value = cookie.value or ""
        until, seal, written = value.split(".")
        longer, other = f"{int(until) + 9}.{seal}.{written}", f"{until}.{seal}.{written[:-4]}"
        for forged in (longer, other, "a.b.c", "..", ""):
            browser.cookies.set(cookie.name, forged, domain="127.0.0.1", path=HERE)
            assert (await browser.get(f"{HERE}/transcript")).status_code == 403
        browser.cookies.set(cookie.name, value, domain="127.0.0.1", path=HERE)
        assert (await browser.get(f"{HERE}/transcript")).status_code == 200


async def test_a_page_keeps_it_for_an_hour() -> None:
    gate = Gate(Bearers(), SignedIn(), Site(None, setting=""), Rates(requests=1, searches=1, failures=1))
    time = [0.0]
    reasons = Reasons(gate, clock=lambda: time[0])

    def request(*cookies: str) -> Request:
        sent = [(b"host", b"127.0.0.1"), (b"cookie", "; ".join(cookies).encode())]
        return Request({"type": "http", "scheme": "http", "method": "GET", "path": "/", "headers": sent})

    session, answer = f"{SESSION_COOKIE}-80=Compliance", Response()
    reasons.keep(answer, request(session), RECORDING, REASON)
    kept = answer.headers["set-cookie"].partition(";")[0]
    time[0] = 3599
    assert await reasons(RECORDING, request(session, kept)) == REASON
    assert await reasons(RECORDING, request(kept)) is None
    time[0] = 3600
    assert await reasons(RECORDING, request(session, kept)) is None


async def test_a_form_of_another_site_says_nothing_and_nobody_else_does(table: Table, log: Log) -> None:
    await table.add(told.restricted(Kind.MEDIA))
    async with browsing(table, log, "Compliance 1") as browser:
        elsewhere = {"Sec-Fetch-Site": "cross-site"}
        sent = await browser.post(f"{PAGE}/reason", data={"reason": REASON}, headers=elsewhere)
        assert (sent.status_code, "set-cookie" in sent.headers) == (403, False)
        assert (await browser.post(f"{PAGE}/reason", data={"reason": " "})).status_code == 422
    async with browsing(table, log, "Owner 1") as browser:
        assert (await browser.post(f"{PAGE}/reason", data={"reason": REASON})).status_code == 403


async def test_a_page_says_in_both_languages_that_the_sound_is_no_longer_open(table: Table, log: Log) -> None:
    await table.add(told.restricted(Kind.MEDIA))
    async with browsing(table, log, "Owner 1") as browser:
        for language, words in (("en", "The sound is no longer open"), ("fr", "Le son n’est plus ouvert")):
            page = (await browser.get(PAGE, headers={"Accept-Language": language})).text
            assert words in page
            assert FORM not in page
            assert 'id="player"' not in page


async def test_compliance_hears_what_alone_is_restricted(table: Table, log: Log) -> None:
    await table.add(told.restricted(Kind.MEDIA))
    async with browsing(table, log, "Compliance 1") as browser:
        assert FORM in (await browser.get(PAGE)).text
        await browser.post(f"{PAGE}/reason", data={"reason": REASON})
        page = (await browser.get(PAGE)).text
        assert "<audio controls" in page
        assert "Weekly" not in page


kinds = st.frozensets(st.sampled_from(Kind))
moments = st.integers(0, 5).map(lambda seconds: START + timedelta(seconds=seconds))


@given(
    st.lists(st.tuples(moments, kinds), max_size=3, unique_by=lambda one: one[0]),
    st.frozensets(st.sampled_from([Kind.MEDIA, Kind.TRANSCRIPT, Kind.MINUTES])),
)
def test_the_newest_counts_in_any_order_but_for_what_was_destroyed(
    tellings: list[tuple[datetime, frozenset[Kind]]], destroyed: frozenset[Kind]
) -> None:
    facts = {uuid4(): Fact(Told.RESTRICTED, at, restricted=tuple(some)) for at, some in tellings}
    left = (max(tellings)[1] if tellings else frozenset()) - destroyed
    expected = left if Kind.TRANSCRIPT not in left else left | ({Kind.MEDIA, Kind.MINUTES} - destroyed)
    for order in permutations(facts.items()):
        assert restricted(Entry(RECORDING, "acme", START, dict(order), destroyed)) == expected


# Where each kind lies.
LYING = {
    Kind.MEDIA: Fact(Told.INGESTED, START, ingested={"key": "a"}),
    Kind.TRANSCRIPT: Fact(Told.ATTRIBUTED, START, document={"key": "b"}),
    Kind.MINUTES: Fact(Told.WRITTEN, START, document={"key": "c"}),
}


@given(kinds, st.sampled_from(Level), st.frozensets(st.sampled_from(Role)), st.none() | st.just(REASON))
def test_only_compliance_with_a_reason_is_told_where_what_is_restricted_lies(
    some: frozenset[Kind], level: Level, roles: frozenset[Role], reason: str | None
) -> None:
    facts = {
        uuid4(): fact for fact in (*LYING.values(), Fact(Told.RESTRICTED, START, restricted=tuple(some)))
    }
    entry = Entry(RECORDING, "acme", START, facts)
    who = person("participant", *roles)
    grants = [Grant(f"subject:{who.subject}", level)]
    seen = see(who, entry, grants, revision=1, now=datetime.now(UTC), reason=reason)
    staff = Role.COMPLIANCE in roles
    opened = staff and reason is not None
    if Kind.TRANSCRIPT in some:
        assert seen.level == (Level.READ if opened else Level.STATUS if staff else Level.NONE)
    if seen.level > Level.NONE:
        for kind, told_so in LYING.items():
            withheld = kind in restricted(entry) and not opened
            fact = seen.entry.newest(told_so.kind)
            assert fact
            assert (fact.document is None and fact.ingested is None) == withheld
