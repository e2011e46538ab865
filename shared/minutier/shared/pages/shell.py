"""What is around every answer: how browsers treat it, and refusals as pages for those who read pages."""

from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from minutier.shared.pages.render import Pages

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "media-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_OF_PAGES = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
}

_OF_ALL = {"X-Content-Type-Options": "nosniff"}

_PROBLEM = "application/problem+json"
_KEPT = ("retry-after",)


class Shell:
    """Programs are answered with problem documents, and so are the scripts of pages; people get a page.

    Who is not signed in and wants a page is asked to sign in, and comes back to it.
    """

    def __init__(self, app: ASGIApp, *, pages: Pages) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reads_pages = _reads_pages(scope)
        refusal: Message | None = None

        async def shelled(message: Message) -> None:
            nonlocal refusal
            if message["type"] == "http.response.start":
                _protect(message)
                if reads_pages and _problem(message):
                    refusal = message
                    return
            if refusal is None:
                await send(message)

        await self._app(scope, receive, shelled)
        if refusal is not None:
            await self._answer(refusal, scope, receive, send)

    async def _answer(
        self, refusal: MutableMapping[str, Any], scope: Scope, receive: Receive, send: Send
    ) -> None:
        request = Request(scope)
        status = HTTPStatus(refusal["status"])
        given = Headers(raw=refusal["headers"])
        if status is HTTPStatus.UNAUTHORIZED and request.method == "GET":
            response: Any = RedirectResponse(_sign_in(request), HTTPStatus.SEE_OTHER)
        else:
            person = scope.get("state", {}).get("person")
            retry = given.get("retry-after", "")
            response = await self._pages.page(
                request,
                "refusal.html",
                person=person,
                status=status,
                code=status.value,
                retry_seconds=int(retry) if retry.isdecimal() else None,
            )
            for name in _KEPT:
                if name in given:
                    response.headers[name] = given[name]
            response.headers.update({**_OF_PAGES, **_OF_ALL})
        await response(scope, receive, send)


def _reads_pages(scope: Scope) -> bool:
    accepted = Headers(scope=scope).get("accept", "")
    return "text/html" in accepted and not scope["path"].startswith("/api/")


def _protect(message: MutableMapping[str, Any]) -> None:
    headers = MutableHeaders(scope=message)
    headers.update(_OF_ALL)
    if headers.get("content-type", "").startswith("text/html"):
        for name, value in _OF_PAGES.items():
            headers.setdefault(name, value)


def _problem(message: MutableMapping[str, Any]) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith(_PROBLEM)


def _sign_in(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return f"/sign-in?to={quote(f'{request.url.path}{query}', safe='')}"
