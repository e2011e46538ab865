"""Any OpenAI-compatible endpoint: one request, one answer of the form asked for.

The client is imported with the first meeting that needs it: it takes a second, and more memory than
all the rest of the service.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import structlog
from pydantic import BaseModel, Field, ValidationError

from minutier.schemas.fallbacks import Failure
from minutier.summarisation.answers import Answer
from minutier.summarisation.ports import CannotWrite
from minutier.summarisation.prompts import Prompts, fill
from minutier.summarisation.settings import SummarisationSettings

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

log = structlog.get_logger(__name__)

A = TypeVar("A", bound=Answer)

_MOST_BYTES = 4 * 1024 * 1024
_MOST_PROBLEMS = 5
_REASONING = re.compile(r"<think>.*?</think>", re.DOTALL)
_CUT_OFF = "length"


@dataclass(frozen=True)
class Dialect:
    """What an endpoint understands of the protocol; begins with all of it and gives up what is refused."""

    format: Literal["json_schema", "json_object", "text"] = "json_schema"
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    temperature: bool = True

    def without(self, parameter: str | None) -> "Dialect | None":
        """A simpler one after ``parameter`` was refused, or something that the endpoint does not name."""
        if parameter == "max_tokens" and self.limit == "max_tokens":
            return replace(self, limit="max_completion_tokens")
        if parameter == "temperature" and self.temperature:
            return replace(self, temperature=False)
        if self.format == "json_schema":
            return replace(self, format="json_object")
        if self.format == "json_object":
            return replace(self, format="text")
        return None


class Endpoint:
    """Keeps what it has learnt of the endpoint's dialect from one meeting to the next."""

    def __init__(self, settings: SummarisationSettings) -> None:
        self._settings = settings
        self._dialect = Dialect()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["Connection"]:
        client = await asyncio.to_thread(_client, self._settings)
        async with client:
            yield Connection(self, client, self._settings)

    @property
    def dialect(self) -> Dialect:
        return self._dialect

    def understands(self, dialect: Dialect) -> None:
        if dialect != self._dialect:
            self._dialect = dialect
            log.info("endpoint speaks a simpler dialect", format=dialect.format, limit=dialect.limit)


class Connection:
    """Requests to the endpoint, so many at a time; every failure is a `CannotWrite`."""

    def __init__(self, endpoint: Endpoint, client: "AsyncOpenAI", settings: SummarisationSettings) -> None:
        self._endpoint = endpoint
        self._client = client
        self._settings = settings
        self._free = asyncio.Semaphore(settings.concurrency)

    async def ask(self, prompts: Prompts, request: str, form: type[A]) -> A:
        """An answer of the ``form``; one that is not is asked for once more. Raises `CannotWrite`."""
        async with self._free:
            try:
                return _read(await self._send(prompts, request, form), form)
            except _Unusable as unusable:
                log.info("answer asked for once more", form=form.__name__)
                request = f"{request}\n\n{fill(prompts.repair, problem=unusable.problem)}"
            try:
                return _read(await self._send(prompts, request, form), form)
            except _Unusable:
                raise CannotWrite(Failure.INVALID_ANSWER) from None

    async def _send(self, prompts: Prompts, request: str, form: type[Answer]) -> bytes:
        """The body of the answer, in the fullest dialect that the endpoint takes."""
        import httpx2
        import openai

        dialect: Dialect | None = self._endpoint.dialect
        while dialect is not None:
            try:
                body = await self._post(self._body(dialect, prompts, request, form))
            except openai.APIStatusError as error:
                simpler = dialect.without(error.param) if error.status_code in (400, 422, 501) else None
                if simpler is None:
                    raise CannotWrite(_failure(error)) from None
                dialect = simpler
            except (openai.APITimeoutError, httpx2.TimeoutException) as error:
                unconnected = isinstance(error.__cause__, httpx2.ConnectTimeout)
                raise CannotWrite(Failure.UNREACHABLE if unconnected else Failure.TIMED_OUT) from None
            except openai.APIConnectionError:
                raise CannotWrite(Failure.UNREACHABLE) from None
            except (openai.OpenAIError, httpx2.HTTPError):
                raise CannotWrite(Failure.FAILED) from None
            else:
                self._endpoint.understands(dialect)
                return body
        raise CannotWrite(Failure.REFUSED)

    async def _post(self, body: dict[str, Any]) -> bytes:
        received = bytearray()
        async with self._client.chat.completions.with_streaming_response.create(**body) as response:
            async for chunk in response.iter_bytes():
                received += chunk
                if len(received) > _MOST_BYTES:
                    raise CannotWrite(Failure.INVALID_ANSWER)
        return bytes(received)

    def _body(self, dialect: Dialect, prompts: Prompts, request: str, form: type[Answer]) -> dict[str, Any]:
        role = prompts.role
        body: dict[str, Any] = {"model": self._settings.model, dialect.limit: self._settings.answer_tokens}
        if dialect.temperature:
            body["temperature"] = 0
        match dialect.format:
            case "json_schema":
                schema = {"name": form.__name__.lower(), "strict": True, "schema": form.form()}
                body["response_format"] = {"type": "json_schema", "json_schema": schema}
            case "json_object":
                body["response_format"] = {"type": "json_object"}
        if dialect.format != "json_schema":
            role = f"{role}\n\n{prompts.form}\n{json.dumps(form.form())}"
        body["messages"] = [{"role": "system", "content": role}, {"role": "user", "content": request}]
        return body


def _client(settings: SummarisationSettings) -> "AsyncOpenAI":
    """Retries with the client's own growing delay, or the one the endpoint names; never follows a redirect,
    which would take speech and key to another server."""
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

    timeout = Timeout(settings.read_seconds, connect=settings.connect_seconds)
    return AsyncOpenAI(
        base_url=str(settings.base_url),
        api_key=settings.api_key.get_secret_value() if settings.api_key else "none",
        max_retries=settings.retries,
        timeout=timeout,
        http_client=DefaultAsyncHttpxClient(timeout=timeout, follow_redirects=False),
    )


def _failure(error: "APIStatusError") -> Failure:
    match error.status_code:
        case 401 | 403:
            return Failure.UNAUTHORISED
        case 301 | 302 | 303 | 307 | 308 | 404 | 405:
            return Failure.NOT_FOUND
        case 408:
            return Failure.TIMED_OUT
        case 429 | 503:
            return Failure.OVERLOADED
        case 400 | 413 | 422:
            return Failure.REFUSED
        case _:
            return Failure.FAILED


class _Message(BaseModel):
    content: str


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)


class _Unusable(Exception):
    """``problem`` tells the model what to mend, in terms of the form alone."""

    def __init__(self, problem: str) -> None:
        super().__init__()
        self.problem = problem


def _read(body: bytes, form: type[A]) -> A:
    try:
        choice = _Completion.model_validate_json(body).choices[0]
    except ValidationError:
        raise _Unusable("no message") from None
    content = _REASONING.sub("", choice.message.content)
    start, end = content.find("{"), content.rfind("}")
    try:
        return form.model_validate_json(content[start : end + 1])
    except ValidationError as error:
        if choice.finish_reason == _CUT_OFF:
            raise _Unusable("cut off") from None
        problems = error.errors(include_url=False, include_context=False, include_input=False)[
            :_MOST_PROBLEMS
        ]
        told = [f"{'.'.join(map(str, problem['loc']))} {problem['type']}".strip() for problem in problems]
        raise _Unusable("; ".join(told)) from None
