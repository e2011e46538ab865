"""Tokens for the services' APIs: the environment's, or the local sign-in's."""

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Callable

import httpx

from minutier.compose.failures import Failure, Status, WrongUsage
from minutier.compose.people import CLIENT, PARTICIPANT, TENANT

_SECONDS = 10.0


class NoToken(Failure):
    """The local sign-in does not give one."""

    status = Status.UNREACHABLE


class Bearer(httpx.Auth):
    """Shows a token; where it has expired meanwhile, ``fetch`` gives another."""

    def __init__(self, fetch: Callable[[], str]) -> None:
        self._fetch = fetch
        self._token: str | None = None

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        shown = self._token or await self._fresh()
        request.headers["Authorization"] = f"Bearer {shown}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED and (fresh := await self._fresh()) != shown:
            request.headers["Authorization"] = f"Bearer {fresh}"
            yield request

    async def _fresh(self) -> str:
        self._token = await asyncio.to_thread(self._fetch)
        return self._token


def token_of_environment(service: str) -> str:
    """For query or retention. Raises `WrongUsage`."""
    given = {
        "query": os.environ.get("MINUTIER_QUERY_TOKEN"),
        "retention": os.environ.get("MINUTIER_RETENTION_TOKEN"),
    }
    token = given[service]
    if token is None or not re.fullmatch(r"[\x21-\x7e]+", token.strip()):
        raise WrongUsage(
            f"Set MINUTIER_{service.upper()}_TOKEN to a token that the {service} service's identity provider "
            "gives for it."
        )
    return token.strip()


def local_token(
    url: str, secret: str, *, person: str = PARTICIPANT.subject, tenant: str = TENANT, operator: bool = True
) -> str:
    """A token of the local sign-in at ``url`` for one of its people. Raises `NoToken`."""
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT,
        "client_secret": secret,
        "person": person,
        "tenant": tenant,
        **({"operator": "1"} if operator else {}),
    }
    try:
        with httpx.Client(timeout=_SECONDS, trust_env=False, verify=False) as client:
            answer = client.post(f"{url}/token", data=form)
            return str(answer.raise_for_status().json()["access_token"])
    except (httpx.HTTPError, ValueError, KeyError):
        raise NoToken("The local sign-in does not answer. See 'minutier status'.") from None
