import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import pytest
from pydantic import HttpUrl, SecretStr

from minutier.ingestion.jobs.callbacks import HttpCallbacks, HttpDocs, Outgoing
from minutier.ingestion.jobs.ports import NotAccepted
from minutier.ingestion.tenants import Tenant
from tests.support.receiver import DOCS_PATH, WEBHOOK_PATH, Receiver, receiving

DOCUMENT = {"title": "Weekly", "content": "**Anna**: Hello.", "email": "anna@example.org", "sub": "sub"}
TOLD = {"job_id": "1", "status": "success"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
async def outgoing() -> AsyncIterator[Outgoing]:
    outgoing = Outgoing()
    yield outgoing
    await outgoing.close()


def tenant(url: str, **changes: Any) -> Tenant:
    known: dict[str, Any] = {
        "api_key": SecretStr("key-of-acme-for-the-tests"),
        "webhook_url": HttpUrl(f"{url}{WEBHOOK_PATH}"),
        "docs_url": HttpUrl(url),
        "docs_api_key": SecretStr("key-for-docs"),
    }
    return Tenant(**(known | changes))


async def test_docs_are_asked_with_their_key_and_their_id_is_kept(
    receiver: Receiver, outgoing: Outgoing
) -> None:
    receiver.answer = b'{"id": "3f1c", "title": "Weekly"}'
    assert await HttpDocs(outgoing).create(tenant(receiver.url), **DOCUMENT) == "3f1c"
    (asked,) = receiver.accepted[DOCS_PATH]
    assert (asked.authorization, asked.body) == ("Bearer key-for-docs", DOCUMENT)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"created",
        b"{}",
        b'{"id": 7}',
        b'{"id": "\\u0000"}',
        b'{"id": "' + b"x" * 10_000 + b'"}',
        b'{"id": "' + b"x" * 10_000_000,
    ],
)
async def test_a_document_that_was_made_is_made_whatever_docs_say_of_it(
    receiver: Receiver, outgoing: Outgoing, answer: bytes
) -> None:
    receiver.answer = answer
    assert await HttpDocs(outgoing).create(tenant(receiver.url), **DOCUMENT) == ""


@pytest.mark.parametrize("status", [302, 400, 401, 404, 429, 500])
async def test_what_is_not_accepted_is_said_to_be(
    receiver: Receiver, outgoing: Outgoing, status: int
) -> None:
    receiver.status = status
    receiver.headers = {"Location": f"{receiver.url}/elsewhere"}
    with pytest.raises(NotAccepted):
        await HttpCallbacks(outgoing).send(tenant(receiver.url), TOLD)
    with pytest.raises(NotAccepted):
        await HttpDocs(outgoing).create(tenant(receiver.url), **DOCUMENT)
    assert "/elsewhere" not in receiver.accepted


async def test_a_server_that_is_not_there_has_accepted_nothing(outgoing: Outgoing) -> None:
    with pytest.raises(NotAccepted):
        await HttpCallbacks(outgoing).send(tenant("http://127.0.0.1:9"), TOLD)


@pytest.mark.parametrize(("rest_seconds", "asked"), [(60.0, 0), (0.0, 1)])
async def test_a_server_that_did_not_answer_is_left_alone_for_a_while(
    receiver: Receiver, rest_seconds: float, asked: int
) -> None:
    outgoing = Outgoing(rest_seconds=rest_seconds)
    receiver.breaks_off = 1
    with pytest.raises(NotAccepted):
        await HttpCallbacks(outgoing).send(tenant(receiver.url), TOLD)
    with suppress(NotAccepted):
        await HttpCallbacks(outgoing).send(tenant(receiver.url), TOLD)
    assert len(receiver.accepted.get(WEBHOOK_PATH, [])) == asked
    await HttpDocs(outgoing).create(tenant(receiver.url), **DOCUMENT)
    await outgoing.close()


async def test_what_an_answer_would_swell_to_is_not_unpacked(receiver: Receiver, outgoing: Outgoing) -> None:
    receiver.answer = zlib.compress(b'{"id": "3f1c"}')
    receiver.headers = {"Content-Encoding": "deflate"}
    assert await HttpDocs(outgoing).create(tenant(receiver.url), **DOCUMENT) == ""
    (asked,) = receiver.accepted[DOCS_PATH]
    assert asked.headers["Accept-Encoding"] == "identity"


async def test_what_one_server_wants_remembered_is_told_to_nobody(
    receiver: Receiver, outgoing: Outgoing
) -> None:
    receiver.headers = {"Set-Cookie": "session=of-another-tenant; Path=/"}
    for _ in range(2):
        await HttpCallbacks(outgoing).send(tenant(receiver.url), TOLD)
    assert [told.headers["Cookie"] for told in receiver.accepted[WEBHOOK_PATH]] == [None, None]


async def test_a_webhook_without_a_key_is_told_without_one(receiver: Receiver, outgoing: Outgoing) -> None:
    await HttpCallbacks(outgoing).send(tenant(receiver.url), TOLD)
    (told,) = receiver.accepted[WEBHOOK_PATH]
    assert (told.authorization, told.body) == (None, TOLD)


async def test_a_tenant_without_a_webhook_is_not_told(outgoing: Outgoing) -> None:
    await HttpCallbacks(outgoing).send(tenant("http://127.0.0.1:9", webhook_url=None), TOLD)
