"""The local sign-in: a small OpenID provider for the people of `minutier.compose.people`.

It asks nobody for a password, and so listens on the loopback interface only. Whoever has the secret of the
data directory may have a token for any of them, and, since they may read the directory itself, as an operator.
"""

import hmac
import time
from http import HTTPStatus
from typing import Any

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from minutier.compose.people import GROUPS_OF_STAFF, PEOPLE, TENANT, LocalPerson
from minutier.shared.settings import Settings

API = "minutier"
_TOKEN_SECONDS = 3600
_ALGORITHM = "ES256"


class SignInSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="MINUTIER_SIGNIN_")

    port: int = Field(0, ge=0, le=65535)
    secret: SecretStr


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


def build(issuer: Issuer, secret: str) -> Starlette:
    """The provider as an application."""

    async def configuration(request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": issuer.url,
                "authorization_endpoint": f"{issuer.url}/authorize",
                "token_endpoint": f"{issuer.url}/token",
                "jwks_uri": f"{issuer.url}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [_ALGORITHM],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def keys(request: Request) -> Response:
        return JSONResponse(issuer.keys)

    async def token(request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=20)
        if not hmac.compare_digest(str(form.get("client_secret", "")).encode(), secret.encode()):
            return _refused("invalid_client", HTTPStatus.UNAUTHORIZED)
        if form.get("grant_type") == "client_credentials":
            person = PEOPLE.get(str(form.get("person")))
            if person is None:
                return _refused("invalid_grant", HTTPStatus.BAD_REQUEST)
            groups = [*person.groups, *([GROUPS_OF_STAFF["operator"]] if form.get("operator") else [])]
            tenant = str(form.get("tenant") or TENANT)
            access = issuer.token(person, audience=API, tenant=tenant, groups=groups)
            return JSONResponse(
                {"access_token": access, "token_type": "Bearer", "expires_in": _TOKEN_SECONDS},
                headers={"Cache-Control": "no-store"},
            )
        return _refused("unsupported_grant_type", HTTPStatus.BAD_REQUEST)

    async def health(request: Request) -> Response:
        return JSONResponse({"service": "signin"})

    return Starlette(
        routes=[
            Route("/healthz", health),
            Route("/.well-known/openid-configuration", configuration),
            Route("/jwks", keys),
            Route("/token", token, methods=["POST"]),
        ]
    )


def _refused(error: str, status: HTTPStatus) -> Response:
    return JSONResponse({"error": error}, status, headers={"Cache-Control": "no-store"})


def main() -> None:
    settings = SignInSettings()
    issuer = Issuer(f"http://127.0.0.1:{settings.port}")
    uvicorn.run(
        build(issuer, settings.secret.get_secret_value()),
        host="127.0.0.1",
        port=settings.port,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
