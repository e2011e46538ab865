"""Sharing over HTTP: what is given, what is refused, and what is written down of it."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from minutier.query.access.domain import Level
from minutier.query.access.log import Action
from minutier.query.access.ports import TooMany
from minutier.schemas.documents import RecordingDocument
from minutier.shared.identity.domain import Person
from tests.support import query_events as told
from tests.support.query_events import RECORDING, Documents
from tests.support.query_fakes import Log, Shares, Table, application
from tests.support.query_people import COMPLIANCE, OPERATOR, OUTSIDER, OWNER, showing

HERE = f"/api/v1/recordings/{RECORDING}"
THEIRS = f"{HERE}/shares/person/outsider%40example.org"


class Full(Shares):
    """No more can be given."""

    async def give(
        self, person: Person, id: UUID, principal: str, level: Level, until: datetime | None
    ) -> None:
        raise TooMany


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
    async with _asking(table, log=log) as client:
        yield client


def _asking(table: Table, **parts: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(application(table, **parts))
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers=showing(OWNER))


async def test_who_is_given_what_by_whom_is_written_down(client: httpx.AsyncClient, log: Log) -> None:
    assert (await client.put(THEIRS, json={"level": "edit"})).status_code == 204
    assert (await client.put(f"{HERE}/shares/group/law", json={"level": "read"})).status_code == 204
    assert (await client.delete(THEIRS)).status_code == 204
    changes = [(who, access) for who, access in log.kept if access.action is Action.SHARES]
    assert [(who, access.recording_id, access.detail) for who, access in changes] == [
        (OWNER, RECORDING, {"whom": "email:outsider@example.org", "level": "edit"}),
        (OWNER, RECORDING, {"whom": "group:law", "level": "read"}),
        (OWNER, RECORDING, {"whom": "email:outsider@example.org", "level": None}),
    ]
    seen = await client.get(f"{HERE}/accesses", headers=showing(COMPLIANCE))
    assert seen.json()["items"][1]["detail"]["level"] is None


async def test_what_an_operator_gives_away_is_written_down(log: Log) -> None:
    table = Table(Documents())
    await table.add(told.ingested(table.documents.keep(RecordingDocument(recording_id=RECORDING))))
    async with _asking(table, log=log) as client:
        given = await client.put(f"{HERE}/owner", json={"email": OUTSIDER.email}, headers=showing(OPERATOR))
        assert given.status_code == 204
    ((who, access),) = log.kept
    assert (who, access.action) == (OPERATOR, Action.SHARES)
    assert access.detail == {"whom": "email:outsider@example.org", "level": "own"}


async def test_where_nothing_can_be_written_down_nothing_is_given(
    client: httpx.AsyncClient, table: Table, log: Log
) -> None:
    log.broken = True
    assert (await client.put(THEIRS, json={"level": "read"})).status_code == 500
    assert table.shares == {}


async def test_a_recording_is_shared_so_often_and_no_more(table: Table) -> None:
    async with _asking(table, shares=Full(table)) as client:
        refused = await client.put(THEIRS, json={"level": "read"})
    assert refused.status_code == 409
    assert "with a group" in refused.json()["detail"]


@pytest.mark.parametrize(
    "until",
    [
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+14:00",
        "1899-12-31T23:59:59Z",
        "2999-12-31T23:59:59-01:00",
    ],
)
async def test_a_share_ends_when_every_clock_can_show_it(client: httpx.AsyncClient, until: str) -> None:
    refused = await client.put(THEIRS, json={"level": "read", "until": until})
    assert refused.status_code == 422
    assert "1900 to 2999" in refused.json()["detail"]
