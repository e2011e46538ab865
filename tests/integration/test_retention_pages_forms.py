"""What compliance staff write into the forms of retention's pages, and what comes of it."""

import html
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.retention.policies.domain import Kind
from tests.support.retention_api import TAKEN_IN, House

ROLE = "retention"
HTML = {"Accept": "text/html"}
POLICY = {
    "name": "Boards <b>",
    "legal_basis": "Code du patrimoine, article L212-2",
    "disposition": "destroy",
    "rules.media.current_days": "150",
    "rules.media.clock": "ingestion",
    "version": "1",
}
HOLD = {"matter": "2026-117 <b>", "reason": "Asked for by the court.\r\nIn writing."}
PURGE = {"reason": "It was a test.", "legal_basis": "GDPR, article 17(1)(a)", "by": "list"}


@pytest.fixture
def house(engine: AsyncEngine) -> House:
    return House(engine)


@pytest.fixture
async def http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.asking() as http:
        http.headers.update(HTML)
        yield http


async def sent(http: httpx.AsyncClient, path: str, status: int = 303, /, **fields: object) -> httpx.Response:
    answer = await http.post(path, data=fields)
    assert answer.status_code == status, re.findall(r"<p>.*</p>|<span>.*</span>", answer.text)
    return answer


async def read(http: httpx.AsyncClient, path: str, **headers: str) -> str:
    answer = await http.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


async def deeds(http: httpx.AsyncClient) -> list[str]:
    """What the audit log has, the first first."""
    entries = (await http.get("/api/v1/audit")).json()["items"]
    return [entry["action"] for entry in reversed(entries)]


async def test_a_policy_is_tried_set_changed_and_withdrawn(house: House, http: httpx.AsyncClient) -> None:
    recording = await house.take_in()
    begun = await http.get("/policies/new")
    form = begun.headers["location"]
    assert "as version 1" in await read(http, form)
    tried = await sent(http, form, 200, **POLICY, do="simulate")
    month = TAKEN_IN + timedelta(days=150)
    assert f"{month:%B %Y}" in tried.text
    assert str(recording) in tried.text
    assert await deeds(http) == []
    shown = (await sent(http, form, **POLICY, do="set")).headers["location"]
    page = await http.get(shown)
    assert "Boards &lt;b&gt;" in page.text
    assert "<b>" not in page.text
    # Sent twice, it is told that somebody was quicker, and has the version that would be next.
    again = await sent(http, form, 409, **POLICY, do="set")
    assert "Somebody else has set a version meanwhile." in again.text
    assert 'name="version" value="2"' in again.text
    minutes = {"rules.minutes.current_days": "30", "rules.minutes.clock": "meeting"}
    await sent(http, form, **{**POLICY, **minutes, "version": "2"}, do="set")
    await sent(http, shown, version="3")
    assert "This policy was withdrawn" in await read(http, shown)
    assert await deeds(http) == ["policy_set", "policy_set", "policy_withdrawn"]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": "  "}, "Fill this in."),
        ({"rules.media.current_days": "ten"}, "Give a whole number of days."),
        ({"rules.media.current_days": "36500", "rules.media.intermediate_days": "1"}, "Give a whole number"),
        ({"rules.media.current_days": ""}, "Give days for one kind at least"),
        ({"scope.label": "bud\u200bget"}, "cannot be printed"),
        ({"legal_basis": "a" * 2001}, "That is too long"),
        ({"name": "Boards\0"}, "cannot be printed"),
        ({"legal_basis": "Code\0"}, "cannot be printed"),
    ],
)
async def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_lost(
    http: httpx.AsyncClient, fields: dict[str, str], fault: str
) -> None:
    wrong = {**POLICY, "scope.source": "livekit", **fields}
    answer = await sent(http, f"/policies/{uuid4()}/change", 422, **wrong, do="set")
    page = html.unescape(answer.text)
    assert fault in page
    assert 'role="alert"' in page
    (name,) = re.findall(r'aria-invalid="true" aria-describedby="[^"]*?([a-z_.]+)-fault"', page) or [None]
    assert name in (None, *fields)
    for text in wrong.values():
        assert text.strip() in page
    assert await deeds(http) == []


async def test_a_default_says_how_long_each_kind_is_kept(http: httpx.AsyncClient) -> None:
    (default,) = (await http.get("/api/v1/policies")).json()["items"]
    path = f"/policies/{default['id']}"
    page = await read(http, f"{path}/change")
    assert 'name="scope.source"' not in page
    assert 'value="120"' in page
    days = {f"rules.{kind}.current_days": "10" for kind in Kind if kind is not Kind.MINUTES}
    clocks = {f"rules.{kind}.clock": "ingestion" for kind in Kind}
    wrong = {**POLICY, **clocks, **days, "version": "2"}
    answer = await sent(http, f"{path}/change", 422, **wrong, do="set")
    assert 'id="rules.minutes.current_days-fault"' in answer.text
    refused = await sent(http, path, 409, version="2")
    assert "The default cannot be withdrawn" in refused.text


async def test_the_organisation_is_marked(http: httpx.AsyncClient) -> None:
    await sent(http, "/policies", public_body="yes")
    assert "Your organisation is a public body" in await read(http, "/policies")
    await sent(http, "/policies", 422)
    await sent(http, "/policies", public_body="no")
    assert "Your organisation is no public body" in await read(http, "/policies")
    assert await deeds(http) == ["organisation_marked", "organisation_marked"]


async def test_a_hold_is_placed_and_released(house: House, http: httpx.AsyncClient) -> None:
    recording, unknown = await house.take_in(), uuid4()
    listed = {**HOLD, "recordings": f"{recording}\r\n"}
    refused = await sent(http, "/holds/new", 409, **listed | {"recordings": f"{recording}, {unknown}"})
    assert f"<li><code>{unknown}</code></li>" in refused.text
    assert "Asked for by the court." in refused.text
    path = (await sent(http, "/holds/new", **listed)).headers["location"]
    page = await http.get(path)
    assert "2026-117 &lt;b&gt;" in page.text
    assert "<b>" not in page.text
    assert f'href="/recordings/{recording}"' in page.text
    assert path in await read(http, f"/recordings/{recording}")
    missing = await sent(http, path, 422, reason=" ")
    assert 'id="reason-fault"' in missing.text
    await sent(http, path, reason="The court has decided.")
    assert "The court has decided." in await read(http, path)
    again = await sent(http, path, 409, reason="The court has decided.")
    assert "Somebody has released this hold already." in again.text
    assert await deeds(http) == ["hold_placed", "hold_released"]


async def test_a_hold_is_for_what_a_search_finds_by_the_readers_days(
    house: House, http: httpx.AsyncClient
) -> None:
    await house.take_in()
    http.headers["Cookie"] = "minutier_zone=Europe/Paris"
    days = {"search.met_since": "2026-01-01", "search.met_before": "2026-01-31"}
    wrong = await sent(
        http, "/holds/new", 422, **HOLD, by_search="yes", **days | {"search.met_before": "2025-01-01"}
    )
    assert 'id="search.met_before-fault"' in wrong.text
    assert "List recordings" in html.unescape((await sent(http, "/holds/new", 422, **HOLD)).text)
    source = {"search.source": "livekit"}
    path = (await sent(http, "/holds/new", **HOLD, by_search="yes", **days, **source)).headers["location"]
    hold = (await http.get(f"/api/v1{path}")).json()
    assert hold["covered"] == 1
    assert hold["search"] == {
        "source": "livekit",
        "record_class": None,
        "label": None,
        "met_since": "2025-12-31T23:00:00Z",
        "met_before": "2026-01-31T23:00:00Z",
    }


async def test_a_purge_is_proposed_and_somebody_else_approves_it(
    house: House, http: httpx.AsyncClient
) -> None:
    recording = await house.take_in()
    some = {**PURGE, "recordings": str(recording), "kinds": ["media", "minutes"]}
    for wrong, fault in (
        ({"kinds": []}, "kinds"),
        ({"recordings": "one"}, "recordings"),
        ({"legal_basis": ""}, "legal_basis"),
        ({"reason": "A\0"}, "reason"),
    ):
        answer = await sent(http, "/purges/new", 422, **some | wrong)
        assert f'id="{fault}-fault"' in answer.text
    path = (await sent(http, "/purges/new", **some)).headers["location"]
    again = await sent(http, "/purges/new", 409, **some)
    assert "Another purge is for these recordings already." in again.text
    assert path in await read(http, f"/recordings/{recording}")
    digest = "ab" * 32
    approval = {"inventory": digest, "do": "approve"}
    early = await sent(http, path, 409, **approval)
    assert "still being counted" in early.text
    await house.count(UUID(path.removeprefix("/purges/")), digest)
    assert digest in await read(http, path)
    assert "waits for approval" in (await read(http, f"{path}/progress")).lower()
    mine = await sent(http, path, 403, **approval)
    assert "Whoever has proposed a purge does not approve it." in mine.text
    async with house.asking(house.second) as theirs:
        theirs.headers.update(HTML)
        assert "waits for you" in await read(theirs, "/")
        other = await sent(theirs, path, 409, **approval | {"inventory": "cd" * 32})
        assert "not what was counted" in other.text
        await sent(theirs, path, **approval)
        assert "decided upon meanwhile" in (await sent(theirs, path, 409, **approval)).text
    assert house.second.id in await read(http, path)
    await sent(http, path, 422)
    await sent(http, path, do="withdraw")
    assert "Withdrawn" in await read(http, path)
    assert await deeds(http) == ["purge_proposed", "purge_approved", "purge_withdrawn"]


async def test_a_public_body_gives_the_visa(house: House, http: httpx.AsyncClient) -> None:
    recording = await house.take_in()
    await sent(http, "/policies", public_body="yes")
    some = {**PURGE, "recordings": str(recording), "kinds": list(Kind)}
    path = (await sent(http, "/purges/new", **some)).headers["location"]
    digest = "ab" * 32
    await house.count(UUID(path.removeprefix("/purges/")), digest)
    async with house.asking(house.second) as theirs:
        theirs.headers.update(HTML)
        approval = {"inventory": digest, "do": "approve"}
        assert "without the archives" in html.unescape((await sent(theirs, path, 409, **approval)).text)
        await sent(theirs, path, **approval, visa="AD75-2026-117")
    assert "AD75-2026-117" in await read(http, path)


async def test_all_that_is_due_is_proposed(house: House, http: httpx.AsyncClient) -> None:
    assert "There is nothing to destroy" in (await sent(http, "/purges", 409)).text
    await house.take_in()
    assert ">1</span> recording has something" in await read(http, "/")
    path = (await sent(http, "/purges")).headers["location"]
    assert "Time over" in await read(http, path)
    assert path in await read(http, "/purges")
    assert "Nothing is due" in await read(http, "/")


async def test_a_recording_is_classified_and_its_file_closed(house: House, http: httpx.AsyncClient) -> None:
    recording = await house.take_in()
    path = f"/recordings/{recording}"
    assert (await http.get("/recordings", params={"id": f" {recording} "})).headers["location"] == path
    assert 'id="id-fault"' in await read(http, "/recordings?id=one")
    await sent(
        http, path, do="classify", record_class="board, extraordinary", labels="budget\r\n2026, spring"
    )
    kept = (await http.get(f"/api/v1{path}/retention")).json()
    assert (kept["record_class"], kept["labels"]) == ("board, extraordinary", ["2026, spring", "budget"])
    assert "board, extraordinary" in await read(http, path)
    many = await sent(http, path, 422, do="classify", labels="\n".join(map(str, range(21))))
    assert 'id="labels-fault"' in many.text
    tomorrow = datetime.now(UTC) + timedelta(days=2)
    early = await sent(http, path, 422, do="close", closed_at=f"{tomorrow:%Y-%m-%d}")
    assert "once it is closed" in early.text
    # What was said of it before is still in the other form.
    assert "board, extraordinary" in early.text
    await sent(http, path, do="close", closed_at=f"{TAKEN_IN:%Y-%m-%d}")
    await sent(http, path, do="reopen")
    assert await deeds(http) == ["recording_classified", "file_closed", "file_reopened"]


async def test_records_are_shown_and_lead_to_their_files(house: House, http: httpx.AsyncClient) -> None:
    (first, second) = await house.destroy(0, 1)
    page = await read(http, "/records")
    assert page.index(f"/records/{second}") < page.index(f"/records/{first}")
    shown = await read(http, f"/records/{first}")
    for path in re.findall(r'href="(/api/[^"]+)"', page + shown):
        assert (await http.get(path)).status_code == 200, path
    recording = (await http.get("/api/v1/records")).json()["items"][0]["recording_id"]
    assert f"/records/{second}" in await read(http, f"/recordings/{recording}")
    assert f"/records/{first}" not in await read(http, f"/records?recording={recording}")


async def test_the_audit_log_is_looked_at_and_filtered(house: House, http: httpx.AsyncClient) -> None:
    recording = await house.take_in()
    await sent(http, "/holds/new", **HOLD, recordings=str(recording))
    await sent(http, "/policies", public_body="no")
    assert "Not looked at yet" in await read(http, "/audit")
    await sent(http, "/audit")
    assert "Every entry follows from the one before." in await read(http, "/audit")
    assert "found to be sound" in await read(http, "/")
    some = await read(http, "/audit?action=hold_placed")
    assert 'id="e1"' in some
    assert 'id="e2"' not in some
    assert 'id="e2"' in await read(http, "/audit?action=nothing")
    assert 'id="e2"' not in await read(http, "/audit?after=2")


async def test_pages_are_for_compliance_of_the_organisation_and_let_nothing_in(house: House) -> None:
    recording = await house.take_in()
    async with house.asking() as http:
        http.headers.update(HTML)
        hold = (await sent(http, "/holds/new", **HOLD, recordings=str(recording))).headers["location"]
        some = {**PURGE, "recordings": str(recording), "kinds": "media"}
        purge = (await sent(http, "/purges/new", **some)).headers["location"]
        lists = [
            "/",
            "/policies",
            "/holds",
            "/holds/new",
            "/purges",
            "/purges/new",
            "/records",
            "/recordings",
            "/audit",
        ]
        things = [hold, purge, f"{purge}/progress", f"/recordings/{recording}"]
        for path in (*lists, *things):
            page = await http.get(path)
            assert page.status_code == 200
            assert page.headers["cache-control"] == "private, no-cache"
            assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
            assert not re.search(
                r"\s(style|on[a-z]+)=|<style|<script(?! type=\"module\" src=\"/static/)", page.text
            )
            assert not re.search(r"(src|href|action)=\"(?!/|#)", page.text)
    for person, status in ((house.reader, 403), (house.other, 404)):
        async with house.asking(person) as http:
            http.headers.update(HTML)
            for path in things if status == 404 else (*lists, *things):
                assert (await http.get(path)).status_code == status, path
                if not path.endswith("/progress"):
                    fields = {"reason": "a", "do": "withdraw"}
                    assert (await http.post(path, data=fields)).status_code in (status, 404, 405), path
    async with house.asking() as http:
        assert (await http.get("/api/v1/audit")).json()["items"][0]["action"] == "purge_proposed"
