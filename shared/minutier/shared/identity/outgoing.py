"""Requests to identity providers: each has a time, and a size that its answer may have."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

_TIMEOUT = httpx.Timeout(5.0)
# However slowly an answer comes.
_SECONDS = 15.0
_BYTES = 256 * 1024


class ProviderUnavailable(Exception):
    """The provider does not answer, or not as one."""


@dataclass(frozen=True)
class Answer:
    """``kind`` is the media type, without its parameters."""

    status: int
    kind: str
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object that it is. Raises `ProviderUnavailable`."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            raise ProviderUnavailable from None
        if not isinstance(found, dict):
            raise ProviderUnavailable
        return found


async def ask(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    bearer: str | None = None,
) -> Answer:
    """What ``url`` answers, whatever its status below 500. Raises `ProviderUnavailable`."""
    headers = {"Accept": "application/json"} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    try:
        async with (
            asyncio.timeout(_SECONDS),
            http.stream(
                method,
                url,
                data=form,
                headers=headers,
                auth=auth if auth is not None else httpx.USE_CLIENT_DEFAULT,
                timeout=_TIMEOUT,
            ) as response,
        ):
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _BYTES:
                    raise ProviderUnavailable
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, UnicodeError):
        raise ProviderUnavailable from None
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise ProviderUnavailable
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Answer(response.status_code, kind, body)
