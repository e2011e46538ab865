"""The door of every endpoint."""

from http import HTTPStatus
from typing import Annotated, Protocol

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from minutier.shared.identity.domain import Person, UnknownPerson
from minutier.shared.identity.outgoing import ProviderUnavailable
from minutier.shared.identity.rates import Rates
from minutier.shared.identity.site import Site
from minutier.shared.identity.tokens import InvalidToken

SESSION_COOKIE = "minutier"

_BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="a token of an identity provider")
# Only for the document: over plain http on this machine the cookie has another name.
_COOKIE = APIKeyCookie(
    name=f"__Host-{SESSION_COOKIE}", auto_error=False, scheme_name="session", description="of a browser"
)
_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_INVALID = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
_RETRY_SECONDS = 10

Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
Cookie = Annotated[str | None, Depends(_COOKIE)]


class Bearers(Protocol):
    async def person(self, token: str) -> Person:
        """Raises `InvalidToken`, `UnknownPerson` or `ProviderUnavailable`."""
        ...


class Browsers(Protocol):
    async def person(self, secret: str) -> Person | None:
        """Whose session it is, while it lasts."""
        ...


class Gate:
    """Tells who asks, by what they show: a token, or else the cookie of a browser that has signed in."""

    def __init__(self, bearers: Bearers, browsers: Browsers, site: Site, rates: Rates) -> None:
        self._bearers = bearers
        self._browsers = browsers
        self.site = site
        self._rates = rates

    async def person(self, request: Request, credentials: Credentials, cookie: Cookie) -> Person:
        """Who asks, which counts as a request of theirs.

        Answers 401 to nobody, 403 to somebody of no tenant, 429 to who asks too often, and 503 while nobody
        can tell who it is.
        """
        if (known := getattr(request.state, "person", None)) is not None:
            return known  # type: ignore[no-any-return]
        if credentials is not None:
            found = await self._bearer(request, credentials.credentials)
        else:
            visitor = await self.visitor(request)
            if visitor is None:
                remedy = "Send a token as 'Authorization: Bearer …', or sign in."
                raise HTTPException(HTTPStatus.UNAUTHORIZED, remedy, _CHALLENGE)
            found = visitor
        await self._rates.admit(request, found)
        request.state.person = found
        return found

    async def searcher(self, request: Request, credentials: Credentials, cookie: Cookie) -> Person:
        """As `person`, for what costs much, of which there may be less."""
        found = await self.person(request, credentials, cookie)
        await self._rates.admit_search(request, found)
        return found

    async def visitor(self, request: Request) -> Person | None:
        """Who has signed in with this browser, if anybody; 403 where another site has it send something.

        Pages are for browsers alone, and take no tokens.
        """
        secret = self.session(request)
        found = None if secret is None else await self._browsers.person(secret)
        if found is not None:
            self.refuse_elsewhere(request)
        return found

    def session(self, request: Request) -> str | None:
        """What the browser shows, whose ever it is; nothing of who shows a token."""
        if "authorization" in request.headers or not self.site.answers(request.headers):
            return None
        return request.cookies.get(self.site.cookie(request, SESSION_COOKIE))

    def refuse_elsewhere(self, request: Request) -> None:
        """Answers 403 to what another site has a browser send."""
        if self.site.from_elsewhere(request):
            raise HTTPException(
                HTTPStatus.FORBIDDEN,
                "A page of another site has sent this. Do it on a page of this server, or send a token.",
            )

    async def _bearer(self, request: Request, token: str) -> Person:
        try:
            return await self._bearers.person(token)
        except InvalidToken as error:
            await self._rates.failed(request)
            raise HTTPException(
                HTTPStatus.UNAUTHORIZED, f"The token is not accepted: {error}. Get a new one.", _INVALID
            ) from None
        except UnknownPerson as error:
            raise HTTPException(HTTPStatus.FORBIDDEN, str(error)) from None
        except ProviderUnavailable:
            raise HTTPException(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "The identity provider does not answer. Ask again later.",
                {"Retry-After": str(_RETRY_SECONDS)},
            ) from None
