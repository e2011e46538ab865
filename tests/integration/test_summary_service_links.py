"""The summary service for a meeting server with a store of its own, and without Docs."""

import json
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from nats.js import JetStreamContext

from minutier.compose.embedded import System
from minutier.schemas.events import StageFailed
from tests.support.file_host import FileHost, Page, hosting
from tests.support.receiver import WEBHOOK_PATH, Receiver, receiving
from tests.support.summary_jobs import EMAIL, ask, bearer, docs, events, hear, recording_of, until
from tests.support.systems import running

DATA = Path(__file__).parent.parent / "data"
KEY = "key-of-meet-for-the-tests"
# The port for discarding what comes: nobody listens there.
NOBODY = 9


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
async def host() -> AsyncIterator[FileHost]:
    async with hosting() as host:
        yield host


@pytest.fixture(scope="module")
async def system(receiver: Receiver, host: FileHost) -> AsyncIterator[System]:
    meet = {
        "api_key": KEY,
        "fetch_hosts": [f"127.0.0.1:{host.port}", f"127.0.0.1:{NOBODY}"],
        "webhook_url": f"{receiver.url}{WEBHOOK_PATH}",
    }
    environment = {
        "MINUTIER_INGESTION_TENANTS": json.dumps({"meet": meet}),
        "MINUTIER_INGESTION_FETCH_NETWORKS": '["127.0.0.0/8"]',
        "MINUTIER_DELIVERY_RETRY_SECONDS": "0.05",
        "MINUTIER_DELIVERY_RETRY_LIMIT_SECONDS": "0.2",
    }
    async with running(services=["ingestion"], environment=environment) as system:
        yield system


@pytest.fixture
async def http(system: System) -> AsyncIterator[httpx.AsyncClient]:
    url = system.url("ingestion")
    async with httpx.AsyncClient(base_url=url, headers=bearer(KEY), timeout=30) as http:
        yield http


async def test_a_link_is_followed_and_the_document_that_nobody_can_make_is_not_missed(
    system: System, js: JetStreamContext, http: httpx.AsyncClient, host: FileHost, receiver: Receiver
) -> None:
    host.pages["/a.m4a?X-Amz-Signature=abc"] = Page((DATA / "visio-ios.m4a").read_bytes())
    job = await ask(
        http,
        f"http://127.0.0.1:{host.port}/a.m4a?X-Amz-Signature=abc",
        user_email=EMAIL,
        language="fr-fr",
        context_language=None,
        push_to_docs_config=docs(form_link=None, auto_create_summary=True),
        max_speakers=4,
    )
    await hear(system, js, recording_of(job, "meet"), tenant="meet")
    await until(lambda: receiver.results(job))
    assert [told.body["status"] for told in receiver.results(job)] == ["success"]
    assert receiver.accepted.keys() == {WEBHOOK_PATH}
    assert "/a.m4a?X-Amz-Signature=abc" in host.targets


async def test_a_link_that_leads_to_nothing_is_told_as_a_failure(
    js: JetStreamContext, http: httpx.AsyncClient, host: FileHost, receiver: Receiver
) -> None:
    host.pages["/expired"] = Page(status=403)
    there = f"http://127.0.0.1:{host.port}"
    nobody = await ask(http, f"http://127.0.0.1:{NOBODY}/a")
    failing = [
        nobody,
        await ask(http, f"{there}/expired"),
        await ask(http, f"{there}/gone"),
        await ask(http, "http://elsewhere.example.org/a"),
    ]
    for job in failing:
        await until(partial(receiver.results, job))
        (told,) = receiver.results(job)
        assert (told.body["status"], told.body["error_code"]) == ("failure", "unknown_error")
    (gave_up,) = await events(js, StageFailed, recording_of(nobody, "meet"))
    assert isinstance(gave_up, StageFailed)
    assert gave_up.data.reason == "unreachable"
