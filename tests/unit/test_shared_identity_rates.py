import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.query.settings import QuerySettings
from minutier.shared.identity import rates
from minutier.shared.identity.rates import Rate
from tests.support import query_events as told
from tests.support.query_events import RECORDING, Documents
from tests.support.query_fakes import Table, application
from tests.support.query_people import OWNER, PARTICIPANT, showing

LIST = "/api/v1/recordings"
EXPORT = f"{LIST}/{RECORDING}/exports/txt"
FORGED = {"Authorization": "Bearer forged"}


class Time:
    """As `time.time` tells it."""

    def __init__(self) -> None:
        # The beginning of a minute, where windows begin.
        self.now = 60.0 * 30_000_000

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr("time.time", time)
    return time


@asynccontextmanager
async def asking(
    *addresses: str, requests: int = 5, searches: int = 2, failures: int = 3
) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Clients of one process that admits so many requests and searches, by their addresses."""
    settings = QuerySettings(
        requests_per_minute=requests, searches_per_minute=searches, failures_per_minute=failures
    )
    table = Table(Documents())
    for event in told.pipeline(table.documents):
        await table.add(event)
    app = application(table, settings=settings)
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app, client=(address, 1)),
                    base_url="http://test",
                    headers=showing(OWNER),
                )
            )
            for address in addresses or ("192.0.2.1",)
        ]


async def statuses(client: httpx.AsyncClient, path: str, count: int, **more: object) -> list[int]:
    return [(await client.get(path, **more)).status_code for _ in range(count)]  # type: ignore[arg-type]


async def test_somebody_may_ask_so_often_and_others_as_often(time: Time) -> None:
    async with asking() as (client,):
        assert await statuses(client, LIST, 6) == [200] * 5 + [429]
        assert await statuses(client, LIST, 5, headers=showing(PARTICIPANT)) == [200] * 5
        refused = await client.get(LIST)
        assert refused.headers["content-type"] == "application/problem+json"
        seconds = int(refused.headers["retry-after"])
        assert 0 < seconds <= 60
        time.now += 120
        assert (await client.get(LIST)).status_code == 200


async def test_whoever_waits_as_long_as_told_is_let_in(time: Time) -> None:
    async with asking() as (client,):
        await statuses(client, LIST, 5)
        for _ in range(20):
            refused = await client.get(LIST)
            if refused.status_code == 200:
                break
            time.now += int(refused.headers["retry-after"])
        assert refused.status_code == 200
        assert time.now <= 60.0 * 30_000_000 + 120


async def test_everybody_is_told_what_they_have_left(time: Time) -> None:
    async with asking() as (client,):
        answers = [await client.get(LIST) for _ in range(6)]
        assert [answer.headers["ratelimit-policy"] for answer in answers] == ['"requests";q=5;w=60'] * 6
        left = [
            re.fullmatch(r'"requests";r=(\d+);t=(\d+)', answer.headers["ratelimit"]) for answer in answers
        ]
        assert [each and int(each[1]) for each in left] == [4, 3, 2, 1, 0, 0]
        assert "ratelimit" not in (await client.get("/openapi.json")).headers


async def test_what_costs_much_may_be_asked_for_less_often(time: Time) -> None:
    async with asking() as (client,):
        assert await statuses(client, EXPORT, 3) == [200, 200, 429]
        # What is refused counts as a request all the same.
        assert await statuses(client, LIST, 3) == [200, 200, 429]


async def test_a_request_that_is_refused_for_its_cost_says_which_rate_that_is(
    time: Time,
) -> None:
    async with asking(requests=50) as (client,):
        await statuses(client, EXPORT, 2)
        refused = await client.get(EXPORT)
        assert (refused.status_code, "2 searches a minute" in refused.json()["detail"]) == (429, True)
        assert refused.headers["ratelimit-policy"] == '"requests";q=50;w=60, "searches";q=2;w=60'
        assert '"searches";r=0;' in refused.headers["ratelimit"]


async def test_bad_tokens_of_an_address_are_counted_and_good_ones_are_let_in(
    time: Time,
) -> None:
    async with asking("192.0.2.1", "192.0.2.2") as (client, other):
        assert await statuses(client, LIST, 5, headers=FORGED) == [401] * 3 + [429] * 2
        assert await statuses(other, LIST, 1, headers=FORGED) == [401]
        assert await statuses(client, LIST, 1) == [200]


async def test_a_network_of_the_sixth_version_is_one_client(time: Time) -> None:
    async with asking("2001:db8::1", "2001:db8::2:3:4:5", "2001:db8:0:1::1") as (client, same, other):
        await statuses(client, LIST, 3, headers=FORGED)
        assert await statuses(same, LIST, 1, headers=FORGED) == [429]
        assert await statuses(other, LIST, 1, headers=FORGED) == [401]


@given(st.lists(st.integers(0, 50), max_size=300))
async def test_no_more_are_counted_than_there_is_room_for(askers: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rates, "_MOST_COUNTED", 10)
        rate = Rate("requests", 5)
        for asker in askers:
            await rate.count(str(asker))
        assert len(rate._counted) <= 10
        assert len(rate._storage.storage) <= 2 * 10


async def test_over_many_minutes_no_more_are_let_in_than_the_rate(time: Time) -> None:
    rate, admitted = Rate("requests", 10), 0
    for _ in range(600):
        admitted += await rate.count("somebody")
        time.now += 1
    assert 0.8 * 100 <= admitted <= 1.1 * 100
