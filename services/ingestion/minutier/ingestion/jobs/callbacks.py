"""Other people's servers over HTTP: a tenant's webhook, and its La Suite Docs."""

import asyncio
import time
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, SecretStr, TypeAdapter, ValidationError

from minutier.ingestion.jobs.ports import NotAccepted
from minutier.ingestion.tenants import Tenant
from minutier.schemas.base import Text

if TYPE_CHECKING:
    import httpx

_CONNECT_SECONDS = 5.0
_WEBHOOK_SECONDS = 30.0
# Docs converts what it is sent before it answers.
_DOCS_SECONDS = 120.0
_REST_SECONDS = 30.0
_MOST_BYTES = 64 * 1024


class _Created(BaseModel):
    id: Text = Field(max_length=255)


_CREATED = TypeAdapter(_Created)


class Outgoing:
    """Requests to other people's servers, through one client, which is made with the first of them.

    A server that could not be reached, or did not answer in time, is left alone for a while: it is waited
    for once, and not for each of its jobs, while those of others wait behind them.
    """

    def __init__(self, *, rest_seconds: float = _REST_SECONDS) -> None:
        self._client: httpx.AsyncClient | None = None
        self._rest_seconds = rest_seconds
        self._resting: dict[str, float] = {}

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def post(
        self, url: str, key: SecretStr | None, body: Mapping[str, Any], *, seconds: float
    ) -> bytes:
        """The beginning of the answer to what was accepted, byte for byte: what is compressed stays so,
        whatever it would swell to. Raises `NotAccepted`, which quotes nothing.
        """
        import httpx

        if time.monotonic() < self._resting.get(url, 0.0):
            raise NotAccepted
        headers = {"Accept-Encoding": "identity"}
        if key:
            headers["Authorization"] = f"Bearer {key.get_secret_value()}"
        client = self._made()
        received = bytearray()
        try:
            async with (
                asyncio.timeout(seconds),
                client.stream("POST", url, json=body, headers=headers) as answer,
            ):
                if not answer.is_success:
                    raise NotAccepted
                async for chunk in answer.aiter_raw():
                    received += chunk
                    if len(received) > _MOST_BYTES:
                        break
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            self._resting[url] = time.monotonic() + self._rest_seconds
            raise NotAccepted from None
        return bytes(received)

    def _made(self) -> "httpx.AsyncClient":
        """Follows no redirect, which would take what was said, and a key, to another server; and keeps no
        cookie, since tenants may share one.
        """
        import httpx

        if self._client is None:
            timeout = httpx.Timeout(_DOCS_SECONDS, connect=_CONNECT_SECONDS)
            no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
            self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False, cookies=no_cookies)
        return self._client


class HttpCallbacks:
    """The webhook that hears of jobs."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def send(self, tenant: Tenant, payload: Mapping[str, Any]) -> None:
        if tenant.webhook_url is not None:
            url = str(tenant.webhook_url)
            await self._outgoing.post(url, tenant.webhook_api_key, payload, seconds=_WEBHOOK_SECONDS)


class HttpDocs:
    """La Suite Docs, which makes documents for their owners."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def create(self, tenant: Tenant, *, title: str, content: str, email: str, sub: str) -> str:
        if tenant.docs_url is None:
            raise NotAccepted
        url = f"{str(tenant.docs_url).rstrip('/')}/api/v1.0/documents/create-for-owner/"
        document = {"title": title, "content": content, "email": email, "sub": sub}
        answer = await self._outgoing.post(url, tenant.docs_api_key, document, seconds=_DOCS_SECONDS)
        try:
            return _CREATED.validate_json(answer).id
        except ValidationError:
            # It was made all the same: asking again would make another.
            return ""
