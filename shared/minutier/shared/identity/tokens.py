"""Bearer tokens of the API: JSON Web Tokens that an identity provider has signed for it (RFC 9068)."""

import json
from collections.abc import Mapping

import httpx
from joserfc import jws, jwt
from joserfc.errors import JoseError

from minutier.shared.identity.discovery import Discovery
from minutier.shared.identity.domain import Person, person
from minutier.shared.identity.providers import Provider

# Clocks differ.
LEEWAY_SECONDS = 30
_MOST_CHARACTERS = 16 * 1024


class InvalidToken(Exception):
    """The token proves nothing; the text says why, without quoting it."""


class Tokens:
    """Whom a bearer token is of."""

    def __init__(self, providers: Mapping[str, Provider], http: httpx.AsyncClient) -> None:
        self._providers = dict(providers)
        self.discoveries = {name: Discovery(provider, http) for name, provider in providers.items()}

    async def person(self, token: str) -> Person:
        """Raises `InvalidToken`, `UnknownPerson` or `ProviderUnavailable`."""
        name, kid = self._signer(token)
        provider = self._providers[name]
        keys = await self.discoveries[name].keys(kid)
        try:
            decoded = jwt.decode(token, keys, algorithms=list(provider.algorithms))
            jwt.JWTClaimsRegistry(
                leeway=LEEWAY_SECONDS,
                iss={"essential": True},
                sub={"essential": True},
                exp={"essential": True},
                aud={"essential": True, "value": provider.audience},
            ).validate(decoded.claims)
        except (JoseError, ValueError) as error:
            raise InvalidToken(_reason(error)) from None
        return person(name, decoded.claims, provider.claims)

    def _signer(self, token: str) -> tuple[str, str | None]:
        """Which provider says that it has signed ``token``, and with which key."""
        if len(token) > _MOST_CHARACTERS:
            raise InvalidToken("it is too long")
        try:
            kid = signing_key(token)
            issuer = json.loads(jws.extract_compact(token.encode()).payload)["iss"].rstrip("/")
        except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise InvalidToken("it is no signed JSON Web Token") from None
        for name, provider in self._providers.items():
            if str(provider.issuer).rstrip("/") == issuer:
                return name, kid
        raise InvalidToken("its issuer is not known here")


def signing_key(token: str) -> str | None:
    """The id of the key that ``token`` says it is signed with. Raises `JoseError` or `ValueError`."""
    kid = jws.extract_compact(token.encode()).headers().get("kid")
    return kid if isinstance(kid, str) else None


def _reason(error: Exception) -> str:
    match getattr(error, "error", None):
        case "expired_token":
            return "it has expired"
        case "invalid_claim" | "missing_claim":
            return f"its claim '{getattr(error, 'claim', '')}' is missing or not for this service"
        case _:
            return "its signature is not one of the provider's"
