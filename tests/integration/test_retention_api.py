"""The API and the pages of compliance staff, over PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.retention.policies.domain import Kind
from tests.support.retention_api import TAKEN_IN, House

ROLE = "retention"
EVERYTHING = {kind.value: {"clock": "ingestion", "current_days": 3650} for kind in Kind}
BOARDS = {"name": "Boards", "legal_basis": "Code du patrimoine, article L212-2", "rules": EVERYTHING}


@pytest.fixture
def house(engine: AsyncEngine) -> House:
    return House(engine)


@pytest.fixture
async def http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.asking() as http:
        yield http


async def read(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_policy_is_set_explained_and_withdrawn(house: House, http: httpx.AsyncClient) -> None:
    recording, policy = await house.take_in(), uuid4()
    path, kept = f"/api/v1/policies/{policy}", f"/api/v1/recordings/{recording}/retention"
    before = (await read(await http.get(kept)))["kinds"]["media"]
    assert (before["phase"], before["policy"]["name"]) == ("due", "Default")
    new = {**BOARDS, "scope": {"record_class": "board"}, "version": 1}
    assert (await read(await http.put(path, json=new), 201))["version"] == 1
    overtaken = await read(await http.put(path, json=new), 409)
    assert (overtaken["reason"], "set version 2" in overtaken["detail"]) == ("overtaken", True)
    # It is for boards, and nobody has said yet that this is one.
    media = (await read(await http.get(kept)))["kinds"]["media"]
    assert [(one["policy"]["name"], one["verdict"]) for one in media["verdicts"]] == [
        ("Default", "default"),
        ("Boards", "out_of_scope"),
    ]
    classified = {"record_class": "board", "labels": ["budget"]}
    media = (await read(await http.put(f"/api/v1/recordings/{recording}/classification", json=classified)))[
        "kinds"
    ]["media"]
    assert (media["phase"], media["policy"]["name"]) == ("current", "Boards")
    assert datetime.fromisoformat(media["due_at"]) == TAKEN_IN + timedelta(days=3650)
    versions = (await read(await http.get(f"{path}/versions")))["items"]
    assert [(one["policy"]["version"], one["set_by"]) for one in versions] == [(1, house.officer.id)]
    assert (await read(await http.delete(path, params={"version": 2})))["withdrawn"]
    assert (await read(await http.get(kept)))["kinds"]["media"]["phase"] == "due"
    (default,) = (await read(await http.get("/api/v1/policies")))["items"]
    refused = await read(await http.delete(f"/api/v1/policies/{default['id']}", params={"version": 2}), 409)
    assert refused["reason"] == "default"
    await read(await http.delete(path, params={"version": 3}), 404)


async def test_a_simulation_tells_what_would_have_been_due(house: House, http: httpx.AsyncClient) -> None:
    recordings = {str(await house.take_in()) for _ in range(3)}
    rules = {"media": {"clock": "ingestion", "current_days": 150}}
    found = await read(await http.post("/api/v1/simulations", json={**BOARDS, "rules": rules}))
    month = f"{TAKEN_IN + timedelta(days=150):%Y-%m}"
    assert found["months"] == [{"month": month, "kind": "media", "count": 3}]
    assert (found["total"], {one["recording_id"] for one in found["sample"]}) == (3, recordings)
    # Nothing of it is in force.
    assert len((await read(await http.get("/api/v1/policies")))["items"]) == 1
    wrong = {"since": "2026-01-01T00:00:00Z", "until": "2025-01-01T00:00:00Z"}
    refused = await http.post("/api/v1/simulations", json=BOARDS, params=wrong)
    assert "ends after it begins" in (await read(refused, 422))["detail"]


async def test_a_file_is_closed_and_opened_again(house: House, http: httpx.AsyncClient) -> None:
    recording = await house.take_in()
    rules = {kind.value: {"clock": "file_closed", "current_days": 10} for kind in Kind}
    await http.put(f"/api/v1/policies/{uuid4()}", json={**BOARDS, "rules": rules, "version": 1})
    path = f"/api/v1/recordings/{recording}/closure"
    open_ = (await read(await http.delete(path)))["kinds"]["minutes"]
    assert (open_["phase"], open_["due_at"]) == ("current", None)
    closed_at = (TAKEN_IN + timedelta(days=1)).isoformat()
    assert (await read(await http.put(path, json={"closed_at": closed_at})))["kinds"]["minutes"][
        "phase"
    ] == "due"
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert (
        "time that has passed"
        in (await read(await http.put(path, json={"closed_at": tomorrow}), 422))["detail"]
    )


async def test_a_hold_is_placed_shown_and_released(house: House, http: httpx.AsyncClient) -> None:
    recording, elsewhere = await house.take_in(), uuid4()
    new = {"matter": "2026-117", "reason": "Asked for by the court.", "recordings": [str(recording)]}
    refused = await read(
        await http.post("/api/v1/holds", json={**new, "recordings": [str(recording), str(elsewhere)]}), 409
    )
    assert (refused["reason"], str(elsewhere) in refused["detail"]) == ("unknown_recordings", True)
    assert (await read(await http.get("/api/v1/holds")))["items"] == []
    hold = await read(await http.post("/api/v1/holds", json=new), 201)
    assert (hold["covered"], hold["unlocked"], hold["placed_by"]) == (1, 1, house.officer.id)
    search = {"source": "livekit", "met_before": "2100-01-01T00:00:00Z"}
    wide = await read(await http.post("/api/v1/holds", json={**new, "recordings": [], "search": search}), 201)
    later = await house.take_in()
    shown = await read(await http.get(f"/api/v1/holds/{wide['id']}"))
    assert (shown["covered"], shown["search"]["source"]) == (2, "livekit")
    kept = await read(await http.get(f"/api/v1/recordings/{later}/retention"))
    assert kept["holds"] == [wide["id"]]
    pages = [(await read(await http.get("/api/v1/holds", params={"limit": 1})))]
    pages.append(await read(await http.get("/api/v1/holds", params={"limit": 1, "after": pages[0]["next"]})))
    assert [[one["id"] for one in page["items"]] for page in pages] == [[wide["id"]], [hold["id"]]]
    assert pages[1]["next"] is None
    release = {"reason": "The court has decided."}
    path = f"/api/v1/holds/{hold['id']}/release"
    assert (await read(await http.post(path, json=release)))["release_reason"] == release["reason"]
    assert (await read(await http.post(path, json=release), 409))["reason"] == "released"
    await read(await http.post(f"/api/v1/holds/{elsewhere}/release", json=release), 404)
    nothing = {"matter": "2026-117", "reason": "For nothing."}
    assert "list recordings" in (await read(await http.post("/api/v1/holds", json=nothing), 422))["detail"]


async def test_nothing_is_for_others_than_compliance_and_of_others_there_is_nothing(house: House) -> None:
    recording = await house.take_in()
    async with house.asking() as http:
        new = {"matter": "2026-117", "reason": "Asked for.", "recordings": [str(recording)]}
        hold = await read(await http.post("/api/v1/holds", json=new), 201)
    document = house.app.openapi()
    paths = [
        (method, path.replace("{id}", hold["id"]))
        for path, methods in document["paths"].items()
        for method in methods
        if path != "/api/v1/me"
    ]
    assert len(paths) >= 14
    async with house.asking(house.reader) as http:
        for method, path in paths:
            assert (await http.request(method, path, json={})).status_code == 403, path
        assert (await http.get("/", headers={"Accept": "text/html"})).status_code == 403
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(house.app), base_url="http://localhost"
    ) as http:
        for method, path in paths:
            assert (await http.request(method, path, json={})).status_code == 401, path
    async with house.asking(house.other) as http:
        assert (await http.get(f"/api/v1/recordings/{recording}/retention")).status_code == 404
        assert (await http.get(f"/api/v1/holds/{hold['id']}")).status_code == 404
        assert (await read(await http.get("/api/v1/holds")))["items"] == []
        theirs = {**new, "recordings": [str(recording)]}
        assert (await read(await http.post("/api/v1/holds", json=theirs), 409))["reason"] == (
            "unknown_recordings"
        )


@pytest.mark.parametrize(
    ("language", "words"), [("en", ("Legal holds", "Default")), ("fr", ("Gels juridiques", "Par défaut"))]
)
async def test_the_overview_shows_what_is_in_force_and_what_stands(
    house: House, http: httpx.AsyncClient, language: str, words: tuple[str, str]
) -> None:
    recording = await house.take_in()
    matter = "<b>2026-117</b>"
    new = {"matter": matter, "reason": "Asked for by the court.", "recordings": [str(recording)]}
    await read(await http.post("/api/v1/holds", json=new), 201)
    await http.put("/api/v1/organisation", json={"public_body": True})
    assert (await read(await http.get("/api/v1/organisation"))) == {"public_body": True}
    page = await http.get("/", headers={"Accept": "text/html", "Accept-Language": language})
    assert page.status_code == 200
    assert all(said in page.text for said in words)
    assert "&lt;b&gt;2026-117&lt;/b&gt;" in page.text


async def test_who_did_what_is_written_down(house: House, http: httpx.AsyncClient) -> None:
    recording, policy = await house.take_in(), uuid4()
    await read(await http.put(f"/api/v1/policies/{policy}", json={**BOARDS, "version": 1}), 201)
    # What was refused was not done.
    await read(await http.put(f"/api/v1/policies/{policy}", json={**BOARDS, "version": 1}), 409)
    await read(await http.delete(f"/api/v1/policies/{policy}", params={"version": 2}))
    kept = f"/api/v1/recordings/{recording}"
    await read(await http.put(f"{kept}/classification", json={"labels": ["budget"]}))
    await read(await http.put(f"{kept}/closure", json={"closed_at": TAKEN_IN.isoformat()}))
    await read(await http.delete(f"{kept}/closure"))
    await read(await http.delete(f"/api/v1/recordings/{uuid4()}/closure"), 404)
    new = {"matter": "2026-117", "reason": "Asked for.", "recordings": [str(recording)]}
    hold = await read(await http.post("/api/v1/holds", json=new), 201)
    await read(await http.post("/api/v1/holds", json={**new, "recordings": [str(uuid4())]}), 409)
    await read(await http.post(f"/api/v1/holds/{hold['id']}/release", json={"reason": "Decided."}))
    entries = (await read(await http.get("/api/v1/audit")))["items"]
    assert {one["actor"] for one in entries} == {house.officer.id}
    assert [(one["action"], *one["things"].values()) for one in reversed(entries)] == [
        ("policy_set", str(policy)),
        ("policy_withdrawn", str(policy)),
        ("recording_classified", str(recording)),
        ("file_closed", str(recording)),
        ("file_reopened", str(recording)),
        ("hold_placed", hold["id"]),
        ("hold_released", hold["id"]),
    ]
    page = await read(await http.get("/api/v1/audit", params={"limit": 3, "after": entries[0]["number"]}))
    assert page["items"] == entries[1:4]
    found = await read(await http.get("/api/v1/audit/integrity", params={"again": True}))
    assert (found["state"], found["entries"], found["number"]) == ("unanchored", 7, None)
