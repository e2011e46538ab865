"""The query service, as the command line sees it."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import httpx_sse

Recording = dict[str, Any]

_SECONDS = httpx.Timeout(10.0)
_PROGRESS_SECONDS = httpx.Timeout(10.0, read=120.0)
_PAGE = 200
_PAGES = 500
FINAL = frozenset({"completed", "rejected", "failed"})


class Unreachable(Exception):
    """The query service does not answer."""


class NotFound(Exception):
    """There is no such recording, or it has no such document yet."""


class Api:
    """A client of the HTTP API; every call raises `Unreachable` or `NotFound`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.Client(base_url=f"{url}/api/v1", timeout=_SECONDS, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def recordings(self, tenant: str | None = None) -> list[Recording]:
        """All of them, newest first, as the service orders them."""
        found: list[Recording] = []
        cursor: str | None = None
        for _ in range(_PAGES):
            given = {"tenant": tenant, "after": cursor, "limit": str(_PAGE)}
            page = self._get("recordings", {key: value for key, value in given.items() if value}).json()
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        return found

    def recording(self, id: str) -> Recording:
        found: Recording = self._get(f"recordings/{id}").json()
        return found

    def transcript(self, id: str, format: str) -> str:
        return self._get(f"recordings/{id}/transcript", {"format": format}).text

    def minutes(self, id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._get(f"recordings/{id}/minutes").json()
        return found

    def progress(self, id: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Events (``progress`` or ``state``, data) until the recording is done or the connection ends."""
        try:
            with httpx_sse.connect_sse(
                self._client, "GET", f"recordings/{id}/progress", timeout=_PROGRESS_SECONDS
            ) as source:
                if source.response.status_code == httpx.codes.NOT_FOUND:
                    raise NotFound
                for event in source.iter_sse():
                    if event.event in {"progress", "state"}:
                        yield event.event, json.loads(event.data)
        except (httpx.HTTPError, httpx_sse.SSEError):
            raise Unreachable(self._url) from None

    def resolve(self, id: str) -> str:
        """A recording's id from any beginning that only one has; raises `NotFound` or `Ambiguous`."""
        try:
            return str(UUID(id))
        except ValueError:
            matches = [item["id"] for item in self.recordings() if item["id"].startswith(id.lower())]
        if not matches:
            raise NotFound
        if len(matches) > 1:
            raise Ambiguous(len(matches))
        return str(matches[0])

    def _get(self, path: str, parameters: dict[str, str] | None = None) -> httpx.Response:
        try:
            response = self._client.get(path, params=parameters)
        except httpx.HTTPError:
            raise Unreachable(self._url) from None
        if response.status_code == httpx.codes.NOT_FOUND:
            raise NotFound
        if response.is_error:
            raise Unreachable(self._url)
        return response


class Ambiguous(Exception):
    """More than one recording's id begins so."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count
