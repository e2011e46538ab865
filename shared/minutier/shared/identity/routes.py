"""Signing in and out with a browser, and who one is."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from minutier.shared.identity.client import network
from minutier.shared.identity.domain import Person, Role
from minutier.shared.identity.gate import SESSION_COOKIE, Gate
from minutier.shared.identity.sign_in import Entrance, SignedIn, Trouble
from minutier.shared.identity.site import Site, local_path, random_id
from minutier.shared.problems import described

_BROWSER_COOKIE = "minutier-sign-in"
_BROWSER_SECONDS = 600
_SECRET_CHARACTERS = 43
_STATUSES = {
    Trouble.STALE: HTTPStatus.BAD_REQUEST,
    Trouble.REFUSED: HTTPStatus.FORBIDDEN,
    Trouble.UNKNOWN: HTTPStatus.FORBIDDEN,
    Trouble.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}
# What is answered here is of one browser, and its address holds what nobody else is to learn.
_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


@dataclass(frozen=True)
class Choice:
    """A provider to sign in with; ``path`` begins it."""

    label: str
    path: str


@dataclass(frozen=True)
class SignInPage:
    """What the sign-in page shows: the choices, and why an attempt before came to nothing."""

    choices: tuple[Choice, ...]
    trouble: Trouble | None = None
    status: HTTPStatus = HTTPStatus.OK


@dataclass(frozen=True)
class SignedOutPage:
    """What is shown for a moment until the browser goes to ``url``, where the provider ends its session."""

    url: str


Show = Callable[[Request, SignInPage | SignedOutPage], Response]


class Me(BaseModel):
    """Who asks, as the service knows them."""

    id: str
    name: str
    email: str | None
    tenant: str
    roles: list[Role]


def router(*, gate: Gate, entrance: Entrance, site: Site, show: Show) -> APIRouter:
    api = APIRouter()
    asking: Any = Depends(gate.person)
    visiting: Any = Depends(gate.visitor)

    @api.get("/api/v1/me", tags=["people"], responses=described(401, 403))
    async def me(response: Response, person: Person = asking) -> Me:
        """Who you are here."""
        response.headers["Cache-Control"] = "private, no-store"
        roles = sorted(person.roles)
        return Me(id=person.id, name=person.name, email=person.email, tenant=person.tenant, roles=roles)

    @api.get("/sign-in", include_in_schema=False)
    async def choose(request: Request, to: str = "/", visitor: Person | None = visiting) -> Response:
        if visitor is not None:
            return _go(local_path(to))
        page = SignInPage(_choices(entrance, to))
        return _go(page.choices[0].path) if len(page.choices) == 1 else shown(request, page)

    @api.get("/sign-in/{provider}", include_in_schema=False)
    async def begin(request: Request, provider: str, to: str = "/") -> Response:
        _require(entrance, provider)
        browser = _secret(request, site, _BROWSER_COOKIE) or random_id()
        outcome = await entrance.begin(
            provider,
            browser=browser,
            address=network(request),
            redirect_uri=f"{site.base(request)}/sign-in/{provider}/callback",
            return_path=local_path(to),
        )
        if isinstance(outcome, Trouble):
            return troubled(request, outcome)
        answer = _go(outcome.url)
        site.give(answer, request, _BROWSER_COOKIE, browser, seconds=_BROWSER_SECONDS)
        return answer

    @api.get("/sign-in/{provider}/callback", include_in_schema=False)
    async def finish(request: Request, provider: str) -> Response:
        _require(entrance, provider)
        outcome = await entrance.finish(
            provider,
            browser=_secret(request, site, _BROWSER_COOKIE) or "",
            answer=dict(request.query_params),
            before=_secret(request, site, SESSION_COOKIE),
        )
        if not isinstance(outcome, SignedIn):
            return troubled(request, outcome)
        answer = _go(outcome.return_path)
        site.give(answer, request, SESSION_COOKIE, outcome.secret)
        return answer

    @api.post("/sign-out", include_in_schema=False)
    async def leave(request: Request) -> Response:
        gate.refuse_elsewhere(request)
        home = f"{site.base(request)}/"
        secret = _secret(request, site, SESSION_COOKIE)
        url = home if secret is None else (await entrance.leave(secret, home)).url
        # A page's policy for what its forms lead to would stop a redirect to somebody else's.
        answer = _go("/") if url == home else shown(request, SignedOutPage(url))
        site.take(answer, request, SESSION_COOKIE)
        # Nor does going back show whoever sits here next what was read.
        answer.headers["Clear-Site-Data"] = '"cache"'
        return answer

    def troubled(request: Request, trouble: Trouble) -> Response:
        return shown(request, SignInPage(_choices(entrance, "/"), trouble, _STATUSES[trouble]))

    def shown(request: Request, page: SignInPage | SignedOutPage) -> Response:
        answer = show(request, page)
        answer.headers.update(_HEADERS)
        if isinstance(page, SignedOutPage):
            answer.headers["Refresh"] = f"0; url={page.url}"
        return answer

    return api


def _choices(entrance: Entrance, to: str) -> tuple[Choice, ...]:
    query = f"?{urlencode({'to': local_path(to)})}" if local_path(to) != "/" else ""
    return tuple(
        Choice(provider.label or name, f"/sign-in/{name}{query}")
        for name, provider in entrance.providers.items()
    )


def _require(entrance: Entrance, provider: str) -> None:
    if provider not in entrance.providers:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such identity provider. See /sign-in.")


def _secret(request: Request, site: Site, name: str) -> str | None:
    found = request.cookies.get(site.cookie(request, name))
    return found if found is not None and len(found) == _SECRET_CHARACTERS else None


def _go(url: str) -> Response:
    return RedirectResponse(url, HTTPStatus.SEE_OTHER, headers=_HEADERS)
