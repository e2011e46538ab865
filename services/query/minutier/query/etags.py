"""Versions of what is answered, and requests that depend on them (RFC 9110, 13)."""

import hashlib
from http import HTTPStatus

from fastapi import Request
from starlette.exceptions import HTTPException

# What was said is for the one who asked, not for a cache on the way; a browser asks whether it has changed.
PRIVATE = {"Cache-Control": "private, no-cache"}


def etag(*parts: object) -> str:
    """A strong validator of what ``parts`` lead to."""
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


class NotModified(HTTPException):
    """Whoever asked has it already."""

    def __init__(self, tag: str) -> None:
        super().__init__(HTTPStatus.NOT_MODIFIED, headers={"ETag": tag, **PRIVATE})


def headers(request: Request, tag: str) -> dict[str, str]:
    """What an answer of this version says. Raises `NotModified` where whoever asks has it."""
    given = request.headers.get("if-none-match")
    if given is not None and (given.strip() == "*" or tag in _tags(given)):
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
