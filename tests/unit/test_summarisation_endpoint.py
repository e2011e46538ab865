"""One request and its answer, over real HTTP."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from minutier.schemas.fallbacks import Failure
from minutier.summarisation.answers import Facts, Outline, Text, Verdicts
from minutier.summarisation.endpoint import Endpoint
from minutier.summarisation.ports import CannotWrite
from minutier.summarisation.prompts import prompts_in
from minutier.summarisation.settings import SummarisationSettings
from tests.support.chat_server import KEY, ChatServer, serving

VERDICTS = {"verdicts": [{"claim": 1, "supported": True}]}
SOON = {"Retry-After-Ms": "5"}
MESSAGE = {"choices": [{"message": {"content": "{}"}, "finish_reason": "length"}]}


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    with serving(ChatServer(say={"verdicts": lambda asked: VERDICTS})) as chat:
        yield chat


def settings(chat: ChatServer, **changes: Any) -> SummarisationSettings:
    given = {
        "base_url": chat.url,
        "api_key": KEY,
        "model": "fake",
        "retries": 2,
        "read_seconds": 5,
        **changes,
    }
    return SummarisationSettings(**given)


async def ask(chat: ChatServer, *, times: int = 1, **changes: Any) -> Verdicts:
    endpoint = Endpoint(settings(chat, **changes))
    async with endpoint.connected() as connection:
        for _ in range(times):
            answer = await connection.ask(prompts_in("en"), "Is it so?", Verdicts)
    return answer


async def failure(chat: ChatServer, **changes: Any) -> Failure:
    with pytest.raises(CannotWrite) as raised:
        await ask(chat, **changes)
    return raised.value.failure


async def test_the_form_is_asked_for_strictly(chat: ChatServer) -> None:
    assert (await ask(chat)).verdicts[0].supported
    (asked,) = chat.asked
    assert asked.authorization == f"Bearer {KEY}"
    assert asked.body["model"] == "fake"
    assert asked.body["max_tokens"] == 2048
    assert asked.body["temperature"] == 0
    form = asked.body["response_format"]["json_schema"]
    assert form["strict"] is True
    assert form["schema"]["additionalProperties"] is False


@pytest.mark.parametrize("form", [Facts, Outline, Text, Verdicts])
def test_forms_are_what_strict_output_takes(form: type[Facts]) -> None:
    def check(schema: Any) -> None:
        if isinstance(schema, list):
            for item in schema:
                check(item)
        elif isinstance(schema, dict):
            assert "default" not in schema
            if schema.get("type") == "object":
                assert schema["additionalProperties"] is False
                assert schema["required"] == list(schema["properties"])
            for value in schema.values():
                check(value)

    check(form.form())


@pytest.mark.parametrize("formats", [("json_object", "text"), ("text",)])
async def test_an_endpoint_that_knows_no_schema_is_told_the_form(
    chat: ChatServer, formats: tuple[str, ...]
) -> None:
    chat.formats = formats
    await ask(chat, times=2)
    understood = [asked for asked in chat.asked if asked.form == "verdicts" and "Schema" in asked.role]
    assert json.dumps(Verdicts.form()) in understood[-1].role
    # What was refused once is not tried again.
    assert len(chat.asked) == 2 + 3 - len(formats)


@pytest.mark.parametrize("refused", [("max_tokens",), ("temperature",), ("temperature", "max_tokens")])
async def test_a_parameter_that_is_refused_is_left_out(chat: ChatServer, refused: tuple[str, ...]) -> None:
    chat.refused = refused
    await ask(chat)
    assert not set(refused) & set(chat.asked[-1].body)
    assert chat.asked[-1].body["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize("status", [429, 503, 500])
async def test_what_passes_is_tried_again(chat: ChatServer, status: int) -> None:
    chat.statuses = [(status, SOON)] * 2
    await ask(chat)
    assert len(chat.asked) == 3


@pytest.mark.parametrize(
    ("status", "expected", "requests"),
    [
        (429, Failure.OVERLOADED, 3),
        (503, Failure.OVERLOADED, 3),
        (500, Failure.FAILED, 3),
        (401, Failure.UNAUTHORISED, 1),
        (403, Failure.UNAUTHORISED, 1),
        (404, Failure.NOT_FOUND, 1),
        (400, Failure.REFUSED, 3),
        (413, Failure.REFUSED, 1),
        (302, Failure.NOT_FOUND, 1),
    ],
)
async def test_what_stays_is_a_failure_after_a_bounded_number_of_requests(
    chat: ChatServer, status: int, expected: Failure, requests: int
) -> None:
    chat.statuses = [(status, {**SOON, "Location": "/v1/elsewhere"})] * 10
    assert await failure(chat) is expected
    assert len(chat.asked) == requests


async def test_an_endpoint_that_stalls_is_left(chat: ChatServer) -> None:
    chat.stall_seconds = 60
    assert await failure(chat, read_seconds=0.1, retries=0) is Failure.TIMED_OUT


async def test_an_endpoint_that_breaks_off_has_failed(chat: ChatServer) -> None:
    chat.breaks_off = True
    assert await failure(chat) is Failure.FAILED


async def test_an_endpoint_that_is_not_there_is_unreachable() -> None:
    with serving() as chat:
        pass
    assert await failure(chat, retries=0) is Failure.UNREACHABLE


@pytest.mark.parametrize(
    "content",
    [
        '```json\n{"verdicts": [{"claim": 1, "supported": true}]}\n```',
        '<think>{"a": 1}</think> {"verdicts": [{"claim": 1, "supported": true}]}',
        'Here you are: {"verdicts": [{"claim": "1", "supported": "yes", "why": "so"}]} Good luck!',
    ],
)
async def test_what_surrounds_an_answer_is_overlooked(chat: ChatServer, content: str) -> None:
    chat.say["verdicts"] = lambda asked: content
    assert (await ask(chat)).verdicts[0].supported
    assert len(chat.asked) == 1


async def test_an_answer_that_is_not_of_the_form_is_repaired_once(chat: ChatServer) -> None:
    answers = ['{"verdicts": [{"claim": 1, "secret": "said"}]}', json.dumps(VERDICTS)]
    chat.say["verdicts"] = lambda asked: answers.pop(0)
    assert (await ask(chat)).verdicts[0].supported
    repair = chat.asked[-1].request
    assert "verdicts.0.supported missing" in repair
    assert "secret" not in repair


@pytest.mark.parametrize(
    "raw", [b"<html>", b"{}", b'{"choices": []}', b"\xff\xfe", b"", json.dumps(MESSAGE).encode()]
)
async def test_nonsense_is_a_failure_after_one_repair(chat: ChatServer, raw: bytes) -> None:
    chat.raw = raw
    assert await failure(chat) is Failure.INVALID_ANSWER
    assert len(chat.asked) == 2


async def test_an_answer_without_end_is_not_read_to_it(chat: ChatServer) -> None:
    chat.raw = b" " * (5 * 1024 * 1024)
    assert await failure(chat) is Failure.INVALID_ANSWER
    assert len(chat.asked) == 1


async def test_so_many_requests_at_a_time_and_no_more(chat: ChatServer) -> None:
    chat.stall_seconds = 0.05
    async with Endpoint(settings(chat, concurrency=2)).connected() as connection:
        await asyncio.gather(*(connection.ask(prompts_in("en"), "?", Verdicts) for _ in range(6)))
    assert chat.most_at_a_time == 2


async def test_neither_key_nor_words_are_logged(chat: ChatServer, capfd: pytest.CaptureFixture[str]) -> None:
    chat.formats = ("text",)
    chat.say["verdicts"] = lambda asked: "spoken words"
    with structlog.testing.capture_logs() as logs:
        assert await failure(chat) is Failure.INVALID_ANSWER
    heard = f"{logs}{capfd.readouterr()}"
    assert logs
    assert KEY not in heard
    assert "spoken" not in heard
    assert KEY not in repr(settings(chat))


def test_the_client_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import sys, minutier.summarisation.app; sys.exit('openai' in sys.modules or 'httpx2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
