"""Where people reach the pages: what redirects, cookies and the check of an origin follow from."""

import secrets
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from minutier.shared.loopback import host_and_port, is_loopback
from minutier.shared.problems import problem

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# What programs ask, by whatever name they have for this service; the gate takes no cookie there by another.
_FOR_PROGRAMS = ("/api/", "/openapi.json")


class Site:
    """With ``public_url``, an origin, that alone; without one, whatever name of this machine is asked for.

    A page elsewhere whose name is made to lead here has a name of its own, and so is answered nothing.
    """

    def __init__(self, public_url: str | None, *, setting: str) -> None:
        """``setting`` is what whoever runs the service gives ``public_url`` by."""
        self._public = public_url.rstrip("/") if public_url else None
        self._setting = setting

    @property
    def remedy(self) -> str:
        if self._public is not None:
            return "This server is reached by another name. A proxy before it has to hand the Host header on."
        return f"Only this machine is answered. Set {self._setting} to where people reach it."

    def base(self, request: HTTPConnection) -> str:
        """The origin that people see; to be asked for where `answers`."""
        if self._public is not None:
            return self._public
        scheme = "https" if request.url.scheme in {"https", "wss"} else "http"
        return f"{scheme}://{request.headers['host']}"

    def answers(self, headers: Headers) -> bool:
        """Whether a request is for a name that people reach this service by."""
        asked = host_and_port(headers.get("host", ""))
        if asked is None:
            return False
        name, port = asked
        if self._public is None:
            return is_loopback(name)
        public = urlsplit(self._public)
        usual = {"https": 443, "http": 80}[public.scheme]
        return (name, port or usual) == (public.hostname, public.port or usual)

    def from_elsewhere(self, request: Request) -> bool:
        """Whether another site has a browser send what may change something."""
        if request.method in _SAFE:
            return False
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site != "same-origin"
        return request.headers.get("origin") != self.base(request)

    def cookie(self, request: HTTPConnection, name: str, *, path: str = "/") -> str:
        """What a cookie is called: with the prefix, no other host and no plain connection can set it.

        One for a ``path`` other hosts may set. Without a prefix the port is in the name, since browsers tell
        services of one machine apart by nothing else.
        """
        base = self.base(request)
        if not base.startswith("https:"):
            return f"{name}-{urlsplit(base).port or 80}"
        return f"{'__Host' if path == '/' else '__Secure'}-{name}"

    def give(
        self,
        answer: Response,
        request: HTTPConnection,
        name: str,
        value: str,
        seconds: int | None = None,
        *,
        path: str = "/",
    ) -> None:
        """Have the browser keep a cookie, for so long, or until it is closed."""
        secure = self.base(request).startswith("https:")
        answer.set_cookie(
            self.cookie(request, name, path=path),
            value,
            max_age=seconds,
            path=path,
            secure=secure,
            httponly=True,
            samesite="lax",
        )

    def take(self, answer: Response, request: HTTPConnection, name: str) -> None:
        """Have the browser forget a cookie."""
        self.give(answer, request, name, "", seconds=0)


class OnlyHere:
    """Answers 421 to whoever asks for a page by a name that is not the site's."""

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for_people = scope["type"] == "http" and not scope["path"].startswith(_FOR_PROGRAMS)
        if for_people and not self._site.answers(Headers(scope=scope)):
            answer = problem(HTTPStatus.MISDIRECTED_REQUEST, self._site.remedy)
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


def local_path(given: str | None) -> str:
    """``given`` where it is a path of this site, and no browser takes it for another's; else ``/``."""
    if given is None or len(given) > 2000 or not given.startswith("/") or given.startswith(("//", "/\\")):
        return "/"
    # Browsers drop some characters, and read a backslash as a slash.
    if any(character <= " " or character in "\\\x7f" for character in given):
        return "/"
    return given


def random_id() -> str:
    """256 bits that nobody guesses."""
    return secrets.token_urlsafe(32)
