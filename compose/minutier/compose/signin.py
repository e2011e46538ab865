"""The local sign-in: a small OpenID provider for the people of `minutier.compose.people`.

It asks nobody for a password, and so listens on the loopback interface, answers names of this machine alone,
and sends people back to this machine alone. Whoever has the secret of the data directory may have a token for
any of them, and, since they may read the directory itself, as an operator.
"""

import base64
import hashlib
import hmac
import os
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from minutier.compose import signin_page
from minutier.compose.people import CLIENT, GROUPS_OF_STAFF, PEOPLE, TENANT, LocalPerson
from minutier.shared.loopback import host_and_port, is_loopback

API = "minutier"
_TOKEN_SECONDS = 3600
_CODE_SECONDS = 60
_CODES = 100
_ALGORITHM = "ES256"
_CALLBACK = re.compile(r"/sign-in/[a-z0-9-]+/callback")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_PASSED_ON = ("client_id", "redirect_uri", "state", "nonce", "code_challenge")
_MOST_CHARACTERS = 2000
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


class Issuer:
    """Signs tokens with a key of its own, which ends with the process."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._key = ECKey.generate_key("P-256", {"use": "sig", "alg": _ALGORITHM}, auto_kid=True)

    @property
    def keys(self) -> dict[str, Any]:
        return dict(KeySet([self._key]).as_dict(private=False))

    def token(self, person: LocalPerson, *, audience: str, tenant: str, **claims: Any) -> str:
        now = int(time.time())
        return jwt.encode(
            {"alg": _ALGORITHM, "kid": self._key.kid},
            {
                "iss": self.url,
                "aud": audience,
                "iat": now,
                "exp": now + _TOKEN_SECONDS,
                "tenant": tenant,
                **claims_of(person),
                **claims,
            },
            self._key,
        )


def claims_of(person: LocalPerson) -> dict[str, Any]:
    return {
        "sub": person.subject,
        "name": person.name,
        "email": person.email,
        "email_verified": True,
        "groups": list(person.groups),
    }


@dataclass(frozen=True)
class Asked:
    """A request to be signed in (RFC 6749, 4.1.1) that is for this machine."""

    redirect_uri: str
    state: str
    nonce: str
    code_challenge: str

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Asked":
        """Raises `ValueError`, which says what is wrong."""
        values = {name: str(given.get(name, "")) for name in _PASSED_ON}
        if values.pop("client_id") != CLIENT:
            raise ValueError("This sign-in knows the services of its own system alone.")
        target = urlsplit(values["redirect_uri"])
        if (
            values["redirect_uri"] != f"http://{target.netloc}{target.path}"
            or "@" in target.netloc
            or not is_loopback(target.hostname)
            or not _CALLBACK.fullmatch(target.path)
        ):
            raise ValueError("People are sent back to this machine alone, where they began to sign in.")
        if not _CHALLENGE.fullmatch(values["code_challenge"]):
            raise ValueError("A challenge is missing: use PKCE with S256.")
        if any(len(value) > _MOST_CHARACTERS for value in values.values()) or not values["state"]:
            raise ValueError("A state is missing, or something is too long.")
        return cls(**values)


class Codes:
    """Who was chosen for which request; each is taken once, within a minute."""

    def __init__(self) -> None:
        self._given: OrderedDict[str, tuple[Asked, LocalPerson, float]] = OrderedDict()

    def give(self, asked: Asked, person: LocalPerson) -> str:
        code = secrets.token_urlsafe(32)
        self._given[code] = (asked, person, time.monotonic() + _CODE_SECONDS)
        if len(self._given) > _CODES:
            self._given.popitem(last=False)
        return code

    def take(self, code: str, *, redirect_uri: str, verifier: str) -> tuple[Asked, LocalPerson] | None:
        found = self._given.pop(code, None)
        if found is None or found[2] < time.monotonic():
            return None
        asked, person, _ = found
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        fits = hmac.compare_digest(digest, asked.code_challenge) and redirect_uri == asked.redirect_uri
        return (asked, person) if fits else None


class OnlyHere:
    """Answers 421 by a name that is not this machine's, which a page elsewhere has led here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            asked = host_and_port(Request(scope).headers.get("host", ""))
            if asked is None or not is_loopback(asked[0]):
                answer = PlainTextResponse("Only this machine is answered.", HTTPStatus.MISDIRECTED_REQUEST)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def build(issuer: Issuer, secret: str) -> Starlette:
    """The provider as an application."""
    codes = Codes()

    async def configuration(request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": issuer.url,
                "authorization_endpoint": f"{issuer.url}/authorize",
                "token_endpoint": f"{issuer.url}/token",
                "jwks_uri": f"{issuer.url}/jwks",
                "end_session_endpoint": f"{issuer.url}/end-session",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [_ALGORITHM],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def keys(request: Request) -> Response:
        return JSONResponse(issuer.keys)

    async def ask(request: Request) -> Response:
        given = request.query_params
        if given.get("response_type") != "code" or given.get("code_challenge_method") != "S256":
            return _told("Only codes are given, and with PKCE (S256).")
        try:
            asked = Asked.of(given)
        except ValueError as error:
            return _told(str(error))
        hidden = {name: given.get(name, "") for name in _PASSED_ON}
        page = signin_page.choice(request.headers.get("accept-language", ""), hidden)
        target = urlsplit(asked.redirect_uri)
        return _page(page, f"{target.scheme}://{target.netloc}")

    async def chosen(request: Request) -> Response:
        if not _from_here(request, issuer.url):
            return _told("Only the page of this sign-in may choose somebody.", HTTPStatus.FORBIDDEN)
        form = await request.form(max_files=0, max_fields=20)
        person = PEOPLE.get(str(form.get("person")))
        try:
            asked = Asked.of(form)
        except ValueError as error:
            return _told(str(error))
        if person is None:
            return _told("There is nobody so called.")
        answer = {"code": codes.give(asked, person), "state": asked.state, "iss": issuer.url}
        return RedirectResponse(f"{asked.redirect_uri}?{urlencode(answer)}", HTTPStatus.SEE_OTHER, _PRIVATE)

    async def token(request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=20)
        given = {name: str(value) for name, value in form.items()}
        if not hmac.compare_digest(given.get("client_secret", "").encode(), secret.encode()):
            return _refused("invalid_client", HTTPStatus.UNAUTHORIZED)
        match given.get("grant_type"):
            case "client_credentials":
                return _tokens_of_client(issuer, given)
            case "authorization_code":
                return _tokens_of_code(issuer, codes, given)
        return _refused("unsupported_grant_type")

    async def leave(request: Request) -> Response:
        # Nobody is remembered here: there is nothing to end.
        back = request.query_params.get("post_logout_redirect_uri", "")
        target = urlsplit(back)
        if target.scheme == "http" and is_loopback(target.hostname) and target.path == "/":
            return RedirectResponse(f"http://{target.netloc}/", HTTPStatus.SEE_OTHER, _PRIVATE)
        return _page(signin_page.farewell(request.headers.get("accept-language", "")))

    async def health(request: Request) -> Response:
        return JSONResponse({"service": "signin"})

    return Starlette(
        routes=[
            Route("/healthz", health),
            Route("/.well-known/openid-configuration", configuration),
            Route("/jwks", keys),
            Route("/authorize", ask),
            Route("/authorize", chosen, methods=["POST"]),
            Route("/token", token, methods=["POST"]),
            Route("/end-session", leave),
        ],
        middleware=[Middleware(OnlyHere)],
    )


def _tokens_of_client(issuer: Issuer, given: Mapping[str, str]) -> Response:
    person = PEOPLE.get(given.get("person", ""))
    if person is None:
        return _refused("invalid_grant")
    groups = [*person.groups, *([GROUPS_OF_STAFF["operator"]] if given.get("operator") else [])]
    tenant = given.get("tenant") or TENANT
    return _tokens(access_token=issuer.token(person, audience=API, tenant=tenant, groups=groups))


def _tokens_of_code(issuer: Issuer, codes: Codes, given: Mapping[str, str]) -> Response:
    code, verifier = given.get("code", ""), given.get("code_verifier", "")
    found = codes.take(code, redirect_uri=given.get("redirect_uri", ""), verifier=verifier)
    if found is None:
        return _refused("invalid_grant")
    asked, person = found
    return _tokens(
        access_token=issuer.token(person, audience=API, tenant=TENANT),
        id_token=issuer.token(person, audience=CLIENT, tenant=TENANT, nonce=asked.nonce),
    )


def _tokens(**tokens: str) -> Response:
    return JSONResponse({**tokens, "token_type": "Bearer", "expires_in": _TOKEN_SECONDS}, headers=_PRIVATE)


def _refused(error: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Response:
    return JSONResponse({"error": error}, status, headers=_PRIVATE)


def _told(what: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Response:
    return PlainTextResponse(what, status, headers=_PRIVATE)


def _page(body: str, *targets: str) -> Response:
    return HTMLResponse(
        body,
        headers={
            **_PRIVATE,
            "Content-Security-Policy": signin_page.policy(*targets),
            "X-Content-Type-Options": "nosniff",
            "Vary": "Accept-Language",
        },
    )


def _from_here(request: Request, url: str) -> bool:
    site = request.headers.get("sec-fetch-site")
    return site == "same-origin" if site is not None else request.headers.get("origin") == url


def main() -> None:
    """As the supervisor starts it, which says where and with which secret."""
    port, secret = int(os.environ["MINUTIER_SIGNIN_PORT"]), os.environ["MINUTIER_SIGNIN_SECRET"]
    uvicorn.run(
        build(Issuer(f"http://127.0.0.1:{port}"), secret),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
