"""Versions of what is answered, and requests that depend on them (RFC 9110, 13)."""

import hashlib
from http import HTTPStatus

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What was said is for the one who asked, not for a cache on the way; a browser asks whether it has changed.
PRIVATE = {"Cache-Control": "private, no-cache"}


class Unkept:
    """What does not say for how long it may be kept is kept by nobody: left to themselves, caches guess."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, told)


def etag(*parts: object) -> str:
    """A strong validator of what ``parts`` lead to."""
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


class NotModified(HTTPException):
    """Whoever asked has it already."""

    def __init__(self, tag: str) -> None:
        super().__init__(HTTPStatus.NOT_MODIFIED, headers={"ETag": tag, **PRIVATE})


def has(request: Request, tag: str) -> bool:
    """Whether whoever asks has this version already; a weak one is as good (RFC 9110, 13.1.2)."""
    given = request.headers.get("if-none-match")
    return given is not None and (given.strip() == "*" or tag.removeprefix("W/") in _tags(given))


def headers(request: Request, tag: str) -> dict[str, str]:
    """What an answer of this version says. Raises `NotModified` where whoever asks has it."""
    if has(request, tag):
        raise NotModified(tag)
    return {"ETag": tag, **PRIVATE}


def expect(request: Request, tag: str) -> None:
    """Answers 412 where the request is for another version than that which there is."""
    given = request.headers.get("if-match")
    if given is not None and given.strip() != "*" and tag not in _tags(given):
        raise HTTPException(
            HTTPStatus.PRECONDITION_FAILED,
            "It has changed since you read it. Read it again, then say what is to change.",
        )


def _tags(given: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in given.split(",")}
