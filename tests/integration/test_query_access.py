"""Sharing, in a real database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import httpx
import pytest

from minutier.compose.embedded import System
from minutier.query.access import repository
from minutier.query.access.domain import Level
from minutier.query.access.ports import TooMany
from minutier.query.access.repository import Shares
from minutier.query.paging import Position
from minutier.shared.identity.domain import Person
from tests.support.query_people import OPERATOR, OUTSIDER, OWNER, PARTICIPANT
from tests.support.query_search import Library
from tests.support.systems import running

THEIRS = f"email:{OUTSIDER.email}"


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=["query"]) as system:
        yield system


async def ask(library: Library, person: Person, method: str, path: str, **request: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {library.person(person).subject}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(library.app), base_url="http://test") as http:
        return await http.request(method, f"/api/v1{path}", headers=headers, **request)


async def levels(library: Library, recording: UUID) -> dict[str, Level]:
    return {
        share.principal: share.level for share in await Shares(library.engine).of(library.person(), recording)
    }


async def test_whoever_owns_it_does_so_whatever_they_are_given(library: Library) -> None:
    shares, operator = Shares(library.engine), library.person(OPERATOR)
    orphan = await library.add("Whose is this?", people=())
    assert await shares.claim(operator, orphan, THEIRS)
    await shares.give(library.person(OUTSIDER), orphan, THEIRS, Level.READ, datetime.now(UTC))
    assert await levels(library, orphan) == {THEIRS: Level.OWN}
    assert not await shares.claim(operator, orphan, THEIRS)


async def test_whom_it_was_shared_with_can_be_given_what_nobody_owns_any_more(library: Library) -> None:
    shares, operator = Shares(library.engine), library.person(OPERATOR)
    orphan = await library.add("Whose is this?", people=())
    first = f"email:{PARTICIPANT.email}"
    assert await shares.claim(operator, orphan, first)
    await shares.give(library.person(PARTICIPANT), orphan, THEIRS, Level.READ, datetime.now(UTC))
    assert await shares.take(library.person(PARTICIPANT), orphan, first)
    assert await shares.claim(operator, orphan, THEIRS)
    (share,) = await shares.of(operator, orphan)
    assert (share.principal, share.level, share.until) == (THEIRS, Level.OWN, None)


async def test_a_recording_is_shared_so_often(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "MOST_SHARES", 2)
    shares, owner = Shares(library.engine), library.person()
    recording = await library.add("The budget.")
    for group in ("group:a", "group:b"):
        await shares.give(owner, recording, group, Level.READ, None)
    with pytest.raises(TooMany):
        await shares.give(owner, recording, "group:c", Level.READ, None)
    await shares.give(owner, recording, "group:b", Level.EDIT, None)
    assert (await levels(library, recording))["group:b"] is Level.EDIT
    # Each recording for itself, and those of the meeting beside.
    await shares.give(owner, await library.add("More."), "group:c", Level.READ, None)


async def test_moments_of_any_offset_are_read(library: Library) -> None:
    recording = await library.add("The budget.")
    given = {"level": "read", "until": "2900-01-01T00:00:00+23:00"}
    path = f"/recordings/{recording}/shares/person/{OUTSIDER.email}"
    assert (await ask(library, OWNER, "PUT", path, json=given)).status_code == 204
    shown = (await ask(library, OUTSIDER, "GET", "/recordings")).json()["items"]
    assert [item["id"] for item in shown] == [str(recording)]
    far = timezone(timedelta(hours=23, minutes=59))
    for parameters in (
        {"since": "2000-01-01T00:00:00+23:00"},
        {"before": "2900-01-01T00:00:00-23:00"},
        {"after": Position(datetime(2900, 1, 1, tzinfo=far), UUID(int=1)).encode()},
    ):
        found = await ask(library, OWNER, "GET", "/recordings", params=parameters)
        assert [item["id"] for item in found.json()["items"]] == [str(recording)]


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "2999-12-31T23:59:59-01:00"]
)
async def test_a_clock_that_was_never_set_hides_nothing(library: Library, moment: str) -> None:
    recording = await library.add("The budget.", started_at=datetime.fromisoformat(moment))
    shown = (await ask(library, OWNER, "GET", "/recordings")).json()["items"]
    assert [(item["id"], item["happened_at"]) for item in shown] == [
        (str(recording), shown[0]["announced_at"])
    ]


@pytest.mark.parametrize(("name", "count"), [("title", 1), ("participant", 0)])
async def test_a_character_that_no_table_takes_is_not_looked_for(
    library: Library, name: str, count: int
) -> None:
    # Of which nobody is named, so that no name is taken from its title.
    await library.add("The budget.", title="Weekly")
    found = await ask(library, OWNER, "GET", "/recordings", params={name: "wee\0k"})
    assert (found.status_code, len(found.json()["items"])) == (200, count)
