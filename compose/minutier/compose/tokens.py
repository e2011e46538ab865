"""Tokens for the query service: the environment's, or the local sign-in's."""

import httpx

from minutier.compose.failures import Failure
from minutier.compose.people import CLIENT, PARTICIPANT, TENANT

_SECONDS = 10.0


class NoToken(Failure):
    """The local sign-in does not give one."""


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
