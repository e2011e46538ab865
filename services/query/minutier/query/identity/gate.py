"""The door of every endpoint."""

from http import HTTPStatus
from typing import Annotated, Protocol

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from minutier.query.identity.discovery import ProviderUnavailable
from minutier.query.identity.domain import Person, UnknownPerson
from minutier.query.identity.tokens import InvalidToken

_BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="a token of an identity provider")
_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_INVALID = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
_RETRY_SECONDS = 10

Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


class Bearers(Protocol):
    async def person(self, token: str) -> Person:
        """Raises `InvalidToken`, `UnknownPerson` or `ProviderUnavailable`."""
        ...


class Gate:
    """Tells who asks, by what they show."""

    def __init__(self, bearers: Bearers) -> None:
        self._bearers = bearers

    async def person(self, request: Request, credentials: Credentials) -> Person:
        """Who asks; answers 401 to nobody, 403 to somebody of no tenant, 503 while nobody can tell."""
        if (known := getattr(request.state, "person", None)) is not None:
            return known  # type: ignore[no-any-return]
        if credentials is None:
            raise HTTPException(
                HTTPStatus.UNAUTHORIZED, "Send a token as 'Authorization: Bearer …', or sign in.", _CHALLENGE
            )
        try:
            found = await self._bearers.person(credentials.credentials)
        except InvalidToken as error:
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
        request.state.person = found
        return found
