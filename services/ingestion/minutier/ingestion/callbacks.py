"""Other people's servers over HTTP: a tenant's webhook, and its La Suite Docs."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from minutier.ingestion.jobs_ports import NotAccepted
from minutier.ingestion.tenants import Tenant

_CONNECT_SECONDS = 5.0
_WEBHOOK_SECONDS = 30.0
# Docs converts what it is sent before it answers.
_DOCS_SECONDS = 120.0
_MOST_BYTES = 64 * 1024


class _Created(BaseModel):
    id: str


_CREATED = TypeAdapter(_Created)


class HttpCallbacks:
    """The webhook that hears of jobs."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def send(self, tenant: Tenant, payload: Mapping[str, Any]) -> None:
        if tenant.webhook_url is not None:
            url = str(tenant.webhook_url)
            await _post(self._client, url, tenant.webhook_api_key, payload, seconds=_WEBHOOK_SECONDS)


class HttpDocs:
    """La Suite Docs, which makes documents for their owners."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def create(self, tenant: Tenant, *, title: str, content: str, email: str, sub: str) -> str:
        if tenant.docs_url is None:
            raise NotAccepted
        url = f"{str(tenant.docs_url).rstrip('/')}/api/v1.0/documents/create-for-owner/"
        document = {"title": title, "content": content, "email": email, "sub": sub}
        answer = await _post(self._client, url, tenant.docs_api_key, document, seconds=_DOCS_SECONDS)
        try:
            return _CREATED.validate_json(answer).id
        except ValidationError:
            # It was made all the same: asking again would make another.
            return ""


def client() -> httpx.AsyncClient:
    """Follows no redirect, which would take what was said, and a key, to another server."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(_DOCS_SECONDS, connect=_CONNECT_SECONDS), follow_redirects=False
    )


async def _post(
    client: httpx.AsyncClient, url: str, key: SecretStr | None, body: Mapping[str, Any], *, seconds: float
) -> bytes:
    """The beginning of the answer to what was accepted; all else is `NotAccepted`, without what was said."""
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    received = bytearray()
    try:
        async with asyncio.timeout(seconds), client.stream("POST", url, json=body, headers=headers) as answer:
            if not answer.is_success:
                raise NotAccepted
            async for chunk in answer.aiter_bytes():
                received += chunk
                if len(received) > _MOST_BYTES:
                    break
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
        raise NotAccepted from None
    return bytes(received)
