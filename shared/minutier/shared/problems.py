"""What is answered when a request cannot be: problem documents (RFC 9457) that repeat nothing of it."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from itertools import islice
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

_MOST_FAULTS = 5

_MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What went wrong, as RFC 9457 has it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    reason: str | None = Field(None, description="a code for what was refused, where several things may be")


class Refusal(HTTPException):
    """An answer that its ``reason`` tells from others of the same status, whatever its text says."""

    def __init__(self, status: int, detail: str, reason: str) -> None:
        super().__init__(status, detail)
        self.reason = reason


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of answers with these statuses: that they are problem documents."""
    content = {_MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {status: {"content": content} for status in statuses}


def install(app: FastAPI) -> None:
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_middleware(Unexpected)


class Unexpected:
    """Logs where an unforeseen exception came from, and lets nobody log its text, which may quote speech."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, note)
        except ClientDisconnect:
            # Whoever hangs up while they send has changed their mind, and nobody is left to be answered.
            return
        except Exception as error:
            log.error("request failed", exc_info=error)
            if not begun:
                detail = "The server could not answer. Its log says why."
                await problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)(scope, receive, send)


def problem(
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    *,
    reason: str | None = None,
    **extensions: Any,
) -> JSONResponse:
    """``extensions`` are members that those who ask here look for besides (RFC 9457, 3.2)."""
    document = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, reason=reason)
    told = document.model_dump(exclude_none=True)
    return JSONResponse({**told, **extensions}, status, headers, media_type=_MEDIA_TYPE)


def faults(errors: Iterable[Mapping[str, Any]]) -> str:
    """What is wrong where, of the first of pydantic's ``errors``."""
    return "; ".join(
        f"'{'.'.join(map(str, fault['loc']))}': {fault['msg'].removeprefix('Value error, ')}"
        for fault in islice(errors, _MOST_FAULTS)
    )


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code < HTTPStatus.BAD_REQUEST:
        return Response(status_code=error.status_code, headers=error.headers)
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {**(headers or {}), "Allow": ", ".join(sorted(_allowed(request)))}
    reason = error.reason if isinstance(error, Refusal) else None
    return problem(error.status_code, error.detail, headers, reason=reason)


def _allowed(request: Request) -> set[str]:
    """The methods of all routes that have this path; each of them knows its own alone."""
    return {
        method
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # A place begins with the part of the request: the body, the query, the path.
    found = [{**fault, "loc": fault["loc"][1:] or fault["loc"]} for fault in error.errors()]
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, faults(found))
