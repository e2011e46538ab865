"""Who is let in, and what is read of whom."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from starlette.exceptions import HTTPException
from starlette.requests import Request

from minutier.ingestion import api
from minutier.ingestion.access import Access, arriving
from minutier.ingestion.jobs.domain import Job
from minutier.ingestion.jobs.results import Results
from minutier.ingestion.sources import summary
from minutier.ingestion.tenants import Tenant, Tenants
from minutier.schemas.documents import Person, TranscriptDocument
from minutier.schemas.events import Announcement, JobKind
from minutier.shared.settings import ObjectSettings
from tests.support.hand_in import client_of
from tests.support.jobs_fakes import Ledger
from tests.support.query_events import Documents

KEY = "a key of sixteen characters or more"
TENANT = Tenant(api_key=SecretStr(KEY), requests_per_minute=2)
RESULTS = Results(public_url="http://ingestion", days=1)


class Taken:
    """Jobs that were asked for."""

    async def transcribe(self, job: Job, announcement: Announcement) -> None: ...

    async def summarise(self, job: Job, text: TranscriptDocument, *, owner: Person) -> None: ...


def summary_service(*jobs: Job) -> Any:
    return summary.router(
        Access(Tenants({"acme": TENANT}), operator_key=None),
        taker=Taken(),
        jobs=Ledger(*jobs),
        documents=Documents(),
        results=RESULTS,
        store=ObjectSettings(),
    )


@pytest.mark.parametrize("path", ["transcribe", "summarize"])
@pytest.mark.parametrize("authorization", [None, b"Bearer wrong", b"Bearer \xff", b"Basic " + KEY.encode()])
async def test_nothing_is_read_of_what_somebody_unknown_sends(path: str, authorization: bytes | None) -> None:
    statuses = []

    async def receive() -> dict[str, Any]:
        raise AssertionError("read before anybody was known")

    async def send(message: Any) -> None:
        statuses.append(message.get("status"))

    headers = [(b"content-type", b"application/json"), (b"content-length", b"1000000")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/api/v2/async-jobs/{path}",
        "query_string": b"",
        "headers": headers + ([] if authorization is None else [(b"authorization", authorization)]),
    }
    await api.build([summary_service()])(scope, receive, send)
    assert statuses[0] == 401


async def test_a_request_counts_once() -> None:
    async with client_of(summary_service(), key=KEY) as client:
        text = {"user_sub": "sub", "content": "**Anna**: Hello."}
        answers = [await client.post("/api/v2/async-jobs/summarize", json=text) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


async def test_a_text_that_is_no_meeting_s_is_refused() -> None:
    async with client_of(summary_service(), key=KEY) as client:
        text = {"user_sub": "sub", "content": "a\n\n" * 50_000}
        answer = await client.post("/api/v2/async-jobs/summarize", json=text)
    assert answer.status_code == 422
    assert "paragraphs" in answer.json()["detail"]


async def test_whoever_has_an_address_of_a_result_asks_no_oftener_than_its_tenant_may() -> None:
    job = Job(uuid4(), "acme", JobKind.TRANSCRIPT, uuid4(), "sub", "http://ingestion", ended=True)
    async with client_of(summary_service(job)) as client:
        answers = [await client.get(RESULTS.url(job, TENANT)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [404, 404, 429]


async def test_a_body_that_comes_no_further_is_not_waited_for() -> None:
    coming = [{"type": "http.request", "body": b"beginning", "more_body": True}]

    async def receive() -> Any:
        return coming.pop() if coming else await asyncio.Event().wait()

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    body = arriving(request, limit=1000, silence=0.01)
    assert await anext(body) == b"beginning"
    with pytest.raises(HTTPException) as refused:
        await anext(body)
    assert refused.value.status_code == 408
