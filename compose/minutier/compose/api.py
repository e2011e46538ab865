"""The query service, as the command line sees it."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
import httpx_sse

from minutier.compose.client import Client, Unreachable, full_id

Recording = dict[str, Any]

FINAL = frozenset({"completed", "rejected", "failed", "cancelled"})

# The service sends a comment more often than this.
_PROGRESS_SECONDS = httpx.Timeout(10.0, read=60.0)


class Api(Client):
    """A client of query's HTTP API."""

    SERVICE = "query"
    LISTS = "'minutier list'"

    def __init__(self, url: str, token: Callable[[], str], *, reason: str | None = None) -> None:
        """``reason`` is why whoever asks reads what is restricted."""
        super().__init__(url, token)
        if reason is not None:
            self._client.headers["Minutier-Reason"] = quote(reason, safe="")

    async def recordings(self) -> list[Recording]:
        """All that may be seen, newest first, as the service orders them."""
        return await self._items("recordings")

    async def recording(self, id: str) -> Recording:
        return await self._document(f"recordings/{id}")

    async def transcript(self, id: str) -> dict[str, Any]:
        return await self._document(f"recordings/{id}/transcript", {"format": "json"})

    async def rendered_transcript(self, id: str, format: str) -> str:
        return (await self._get(f"recordings/{id}/transcript", {"format": format})).text

    async def minutes(self, id: str) -> dict[str, Any]:
        return await self._document(f"recordings/{id}/minutes")

    async def name(self, id: str, speaker: str, name: str | None) -> Recording:
        """Say who a speaker is; ``None`` takes back what was said."""
        path = f"recordings/{id}/speakers/{speaker}"
        return self._read(await self._send("PUT", path, json={"name": name}))

    async def shares(self, id: str) -> list[dict[str, Any]]:
        """Who may see a recording."""
        found: list[dict[str, Any]] = (await self._get(f"recordings/{id}/shares")).json()
        return found

    async def share(self, id: str, whom: str, name: str, level: str, until: datetime | None) -> None:
        """Give a ``person`` or a ``group`` to ``read`` or ``edit``, before ``until`` where there is one."""
        given = {"level": level, "until": until.isoformat() if until else None}
        await self._send("PUT", f"recordings/{id}/shares/{whom}/{quote(name, safe='')}", json=given)

    async def take_back(self, id: str, whom: str, name: str) -> None:
        """Take a share back."""
        await self._send("DELETE", f"recordings/{id}/shares/{whom}/{quote(name, safe='')}")

    async def give(self, id: str, email: str) -> None:
        """Give a recording that nobody owns to somebody."""
        await self._send("PUT", f"recordings/{id}/owner", json={"email": email})

    async def cancel(self, id: str) -> Recording:
        """Have all that is done for a recording stopped."""
        return self._read(await self._send("POST", f"recordings/{id}/cancel"))

    async def reprocess(self, id: str, stage: str, model: str | None) -> Recording:
        """Have a stage done again, with a model that the service offers, or its default."""
        asked = {"stage": stage, "model": model}
        return self._read(await self._send("POST", f"recordings/{id}/reprocess", json=asked))

    async def progress(self, id: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """Events (``progress`` or ``state``, data) until the recording is done or the connection ends."""
        path = f"recordings/{id}/progress"
        try:
            async with httpx_sse.aconnect_sse(self._client, "GET", path, timeout=_PROGRESS_SECONDS) as source:
                if source.response.is_error:
                    await source.response.aread()
                    self._checked(source.response)
                async for event in source.aiter_sse():
                    if event.event in {"progress", "state"}:
                        yield event.event, json.loads(event.data)
        except (httpx.HTTPError, httpx_sse.SSEError):
            raise Unreachable(self.SERVICE, self._url) from None

    async def resolve(self, id: str) -> str:
        """A recording's id from any beginning that only one has; raises `NotFound` or `Ambiguous`."""
        return full_id(id) or self._only(id, (found["id"] for found in await self.recordings()), "recording")
