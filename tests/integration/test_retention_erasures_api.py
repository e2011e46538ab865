"""The API of one person's erasure, over PostgreSQL: from the request to a purge, or to a refusal."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.retention.erasures.domain import Ground
from tests.support.erasures import ANNA, BENOIT, CLAIRE, TALK, documents, speaker, transcript
from tests.support.retention_api import House

ROLE = "retention"
ERASURES = "/api/v1/erasures"
SPEAKERS = (speaker(ANNA, "Anna", "p1"), speaker(BENOIT), speaker(CLAIRE))
WHOSE = {"voices": [BENOIT], "overlap": "mute"}
WHY = {"ground": "legal_claims", "explanation": "The court has asked for it."}


@pytest.fixture
def house(engine: AsyncEngine) -> House:
    return House(engine)


@pytest.fixture
async def http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.asking() as http:
        yield http


@pytest.fixture
async def recording(house: House) -> UUID:
    recording = await house.take_in()
    await house.put(recording, documents(speakers=SPEAKERS))
    return recording


async def read(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def today() -> datetime:
    return datetime.now(UTC)


async def registered(http: httpx.AsyncClient, recording: UUID, **changes: object) -> str:
    """The path of a request that was received today."""
    new = {"recording_id": str(recording), "reference": "2026-31", "received_on": f"{today():%Y-%m-%d}"}
    return f"{ERASURES}/{(await read(await http.post(ERASURES, json=new | changes), 201))['id']}"


async def deeds(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    """What the audit log has, the first first."""
    return list(reversed((await read(await http.get("/api/v1/audit")))["items"]))


async def test_a_request_has_a_month(house: House, http: httpx.AsyncClient, recording: UUID) -> None:
    first = await registered(http, recording, received_on="2026-01-31")
    second = await registered(http, recording)
    found = await read(await http.get(first))
    assert (found["state"], found["due_on"], found["registered_by"]) == (
        "received",
        "2026-02-28",
        house.officer.id,
    )
    assert found["days_left"] < 0
    assert 28 <= (await read(await http.get(second)))["days_left"] <= 31
    listed = await read(await http.get(ERASURES, params={"limit": 1}))
    assert listed["items"][0]["id"] == second.rpartition("/")[2]
    older = await read(await http.get(ERASURES, params={"limit": 1, "after": listed["next"]}))
    assert ([one["id"] for one in older["items"]], older["next"]) == ([found["id"]], None)
    entry = (await deeds(http))[0]
    assert (entry["action"], entry["things"]) == (
        "erasure_registered",
        {"erasure": found["id"], "recording": str(recording)},
    )


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"received_on": f"{today() + timedelta(days=2):%Y-%m-%d}"}, 422),
        ({"reference": " "}, 422),
        ({"reference": "two\nlines"}, 422),
        ({"reference": "a" * 101}, 422),
        ({"name": "Ada"}, 422),
        ({"recording_id": str(uuid4())}, 404),
    ],
)
async def test_what_cannot_be_registered_is_not(
    http: httpx.AsyncClient, recording: UUID, changes: dict[str, str], status: int
) -> None:
    new = {"recording_id": str(recording), "reference": "2026-31", "received_on": f"{today():%Y-%m-%d}"}
    assert "detail" in await read(await http.post(ERASURES, json=new | changes), status)
    assert (await read(await http.get(ERASURES)))["items"] == []
    assert await deeds(http) == []


async def test_what_was_received_where_the_day_begins_first_is_registered(
    http: httpx.AsyncClient, recording: UUID
) -> None:
    there = today() + timedelta(hours=14)
    await registered(http, recording, received_on=f"{there:%Y-%m-%d}")


async def test_who_speaks_is_shown_and_that_somebody_looked_is_written_down(
    http: httpx.AsyncClient, recording: UUID
) -> None:
    found = (await read(await http.get(f"/api/v1/recordings/{recording}/voices")))["items"]
    assert [(one["id"], one["label"], one["segments"], one["words"]) for one in found] == [
        (ANNA, "Anna", 1, 6),
        (BENOIT, "Speaker 2", 2, 11),
        (CLAIRE, "Speaker 3", 1, 4),
    ]
    (entry,) = await deeds(http)
    assert (entry["action"], entry["things"]) == ("voices_read", {"recording": str(recording)})


async def test_voices_are_those_that_people_read(house: House, http: httpx.AsyncClient) -> None:
    recording = await house.take_in()
    merged = [(ANNA if who == CLAIRE else who, start, end, text) for who, start, end, text in TALK]
    read_as = transcript(merged, [speaker(ANNA, "Ada"), speaker(BENOIT)])
    await house.put(recording, documents(read=read_as))
    found = (await read(await http.get(f"/api/v1/recordings/{recording}/voices")))["items"]
    assert [(one["label"], one["segments"]) for one in found] == [("Ada", 2), ("Speaker 2", 2)]
    path = await registered(http, recording)
    purge = (await read(await http.post(f"{path}/proposal", json={"voices": [ANNA], "overlap": "keep"})))[
        "purge"
    ]
    (item,) = (await read(await http.get(f"/api/v1/purges/{purge}/items")))["items"]
    assert sorted(item["person"]["speakers"]) == [ANNA, CLAIRE]


async def test_a_person_is_proposed_counted_and_approved_by_somebody_else(
    house: House, http: httpx.AsyncClient, recording: UUID
) -> None:
    path = await registered(http, recording)
    proposed = await read(await http.post(f"{path}/proposal", json=WHOSE))
    assert proposed["state"] == "proposed"
    purge = await read(await http.get(f"/api/v1/purges/{proposed['purge']}"))
    assert (purge["cause"], purge["reason"], purge["legal_basis"]) == (
        "erasure",
        "2026-31",
        "GDPR, article 17(1)",
    )
    (item,) = (await read(await http.get(f"/api/v1/purges/{purge['id']}/items")))["items"]
    person = item["person"]
    assert (item["recording_id"], item["whole"], "access_log" in item["kinds"]) == (
        str(recording),
        False,
        False,
    )
    assert (person["speakers"], person["overlap"], person["segments"], person["words"]) == (
        [BENOIT],
        "mute",
        2,
        11,
    )
    assert [entry["action"] for entry in await deeds(http)] == [
        "erasure_registered",
        "purge_proposed",
        "erasure_proposed",
    ]
    entry = (await deeds(http))[-1]
    assert (entry["things"]["purge"], entry["detail"]) == (purge["id"], {"overlap": "mute"})
    digest = await house.count(UUID(purge["id"]))
    approval = {"inventory": digest}
    mine = await read(await http.post(f"/api/v1/purges/{purge['id']}/approval", json=approval), 403)
    assert mine["reason"] == "same_person"
    async with house.asking(house.second) as theirs:
        approved = await read(await theirs.post(f"/api/v1/purges/{purge['id']}/approval", json=approval))
    assert (approved["state"], approved["approved_by"]) == ("approved", house.second.id)


async def test_a_request_whose_purge_is_withdrawn_is_decided_upon_again(
    http: httpx.AsyncClient, recording: UUID
) -> None:
    path = await registered(http, recording)
    purge = (await read(await http.post(f"{path}/proposal", json=WHOSE)))["purge"]
    for what, sent in (("proposal", WHOSE), ("refusal", WHY)):
        again = await read(await http.post(f"{path}/{what}", json=sent), 409)
        assert (again["reason"], "withdraw" in again["detail"]) == ("decided_already", True)
    await read(await http.post(f"/api/v1/purges/{purge}/withdrawal"))
    found = await read(await http.get(path))
    assert (found["state"], found["purge"]) == ("received", purge)
    other = (await read(await http.post(f"{path}/proposal", json=WHOSE)))["purge"]
    assert other != purge


@pytest.mark.parametrize("ground", Ground)
async def test_a_request_is_refused_on_one_of_five_grounds(
    house: House, http: httpx.AsyncClient, recording: UUID, ground: Ground
) -> None:
    path = await registered(http, recording)
    sent = {"ground": ground.value, "explanation": "A law says so.\nIn full."}
    found = await read(await http.post(f"{path}/refusal", json=sent))
    refusal = found["refusal"]
    assert (found["state"], refusal["ground"], refusal["letter"]) == (
        "refused",
        ground.value,
        "abcde"[list(Ground).index(ground)],
    )
    assert (refusal["by"], refusal["explanation"]) == (house.officer.id, "A law says so.\nIn full.")
    for what, again in (("proposal", WHOSE), ("refusal", sent)):
        assert (await read(await http.post(f"{path}/{what}", json=again), 409))["reason"] == "decided_already"
    entry = (await deeds(http))[-1]
    assert (entry["action"], entry["detail"]) == ("erasure_refused", {"ground": ground.value})


@pytest.mark.parametrize("sent", [{}, {**WHY, "ground": "other"}, {**WHY, "explanation": " "}])
async def test_a_refusal_says_why(http: httpx.AsyncClient, recording: UUID, sent: dict[str, str]) -> None:
    path = await registered(http, recording)
    await read(await http.post(f"{path}/refusal", json=sent), 422)
    assert (await read(await http.get(path)))["state"] == "received"


async def test_nothing_is_proposed_of_what_is_held(http: httpx.AsyncClient, recording: UUID) -> None:
    path = await registered(http, recording)
    hold = {"matter": "2026-117", "reason": "Asked for.", "recordings": [str(recording)]}
    await read(await http.post("/api/v1/holds", json=hold), 201)
    refused = await read(await http.post(f"{path}/proposal", json=WHOSE), 409)
    assert (refused["reason"], "legal_claims" in refused["detail"]) == ("held", True)
    assert (await read(await http.get("/api/v1/purges")))["items"] == []


async def _no_transcript(house: House, http: httpx.AsyncClient) -> UUID:
    return await house.take_in()


async def _lost(house: House, http: httpx.AsyncClient) -> UUID:
    recording = await house.take_in()
    await house.put(recording, documents())
    house.documents.kept.clear()
    return recording


@pytest.mark.parametrize("made", [_no_transcript, _lost])
async def test_nobody_is_told_apart_without_a_transcript(
    house: House, http: httpx.AsyncClient, made: Callable[[House, httpx.AsyncClient], Awaitable[UUID]]
) -> None:
    recording = await made(house, http)
    path = await registered(http, recording)
    for answer in (
        await http.get(f"/api/v1/recordings/{recording}/voices"),
        await http.post(f"{path}/proposal", json=WHOSE),
    ):
        refused = await read(answer, 409)
        assert (refused["reason"], "propose a purge" in refused["detail"]) == ("no_transcript", True)
    assert "voices_read" not in {entry["action"] for entry in await deeds(http)}


async def test_a_voice_that_nobody_has_is_refused(http: httpx.AsyncClient, recording: UUID) -> None:
    path = await registered(http, recording)
    sent = {**WHOSE, "voices": [BENOIT, "speaker-9"]}
    assert (await read(await http.post(f"{path}/proposal", json=sent), 409))["reason"] == "unknown_voices"
    assert (await read(await http.get(path)))["state"] == "received"


async def test_one_purge_at_a_time_is_for_a_recording(http: httpx.AsyncClient, recording: UUID) -> None:
    paths = [await registered(http, recording) for _ in range(2)]
    await read(await http.post(f"{paths[0]}/proposal", json=WHOSE))
    busy = await read(await http.post(f"{paths[1]}/proposal", json={**WHOSE, "voices": [ANNA]}), 409)
    assert busy["reason"] == "in_another_purge"
    assert (await read(await http.get(paths[1])))["purge"] is None


@pytest.mark.parametrize("who", ["other", "reader"])
async def test_what_is_anothers_is_not_there(
    house: House, http: httpx.AsyncClient, recording: UUID, who: str
) -> None:
    path = await registered(http, recording)
    before = await deeds(http)
    new = {"recording_id": str(recording), "reference": "1", "received_on": "2026-01-01"}
    status = {"other": 404, "reader": 403}[who]
    async with house.asking(getattr(house, who)) as theirs:
        for answer in (
            await theirs.get(path),
            await theirs.post(ERASURES, json=new),
            await theirs.post(f"{path}/proposal", json=WHOSE),
            await theirs.post(f"{path}/refusal", json=WHY),
            await theirs.get(f"/api/v1/recordings/{recording}/voices"),
        ):
            await read(answer, status)
        assert (await theirs.get(ERASURES)).json().get("items", []) == []
    assert await deeds(http) == before
