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


async def sent(http: httpx.AsyncClient, path: str, status: int = 303, **fields: object) -> httpx.Response:
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
    assert "As version" not in await read(http, form)
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
    assert await read(http, shown) == await read(http, shown)
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
