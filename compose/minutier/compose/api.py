"""The query service, as the command line sees it."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote
from uuid import UUID

import httpx
import httpx_sse

from minutier.compose.failures import Failure, Status, WrongUsage
from minutier.compose.tokens import Bearer

Recording = dict[str, Any]

FINAL = frozenset({"completed", "rejected", "failed", "cancelled"})

_SECONDS = httpx.Timeout(10.0)
# The service sends a comment more often than this.
_PROGRESS_SECONDS = httpx.Timeout(10.0, read=60.0)
_PAGE = 200
_PAGES = 500


class Unreachable(Failure):
    """The query service does not answer."""

    status = Status.UNREACHABLE

    def __init__(self, url: str) -> None:
        super().__init__(f"The query service at {url} does not answer. See 'minutier status'.")


class Refused(Failure):
    """The query service answers, but not with what was asked for."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The query service could not answer: {reason}")


class NotAdmitted(WrongUsage):
    """The query service does not know who asks."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} MINUTIER_QUERY_TOKEN is what the command shows to a service elsewhere.")


class Forbidden(Failure):
    """Whoever asks may not do this; the text is what the service said."""


class Unacceptable(WrongUsage):
    """What was given is not of the form that the query service takes; the text is what it said."""


class NotFound(Failure):
    """There is no such recording, or it has no such document yet."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} See 'minutier list'.")


class Ambiguous(WrongUsage):
    """More than one recording's id begins so."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} recordings begin so. Give more of the id.")


class Api:
    """A client of the HTTP API, which shows what ``token`` gives.

    Every call raises `Unreachable`, `NotAdmitted`, `Forbidden`, `NotFound`, `Unacceptable` or `Refused`, or
    what ``token`` does.
    """

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        self._url = url
        try:
            self._client = httpx.AsyncClient(
                base_url=f"{url}/api/v1",
                timeout=_SECONDS,
                auth=Bearer(token),
                trust_env=False,
                # Reading the certificates takes a while, and only https has a use for them.
                verify=url.startswith("https:"),
            )
        except httpx.InvalidURL:
            raise Unreachable(url) from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def recordings(self) -> list[Recording]:
        """All that may be seen, newest first, as the service orders them."""
        found: list[Recording] = []
        cursor: str | None = None
        for _ in range(_PAGES):
            given = {"limit": str(_PAGE)} | ({"after": cursor} if cursor else {})
            page = await self._document("recordings", given)
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        return found

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
                    _checked(source.response)
                async for event in source.aiter_sse():
                    if event.event in {"progress", "state"}:
                        yield event.event, json.loads(event.data)
        except (httpx.HTTPError, httpx_sse.SSEError):
            raise Unreachable(self._url) from None

    async def resolve(self, id: str) -> str:
        """A recording's id from any beginning that only one has; raises `NotFound` or `Ambiguous`."""
        try:
            return str(UUID(id))
        except ValueError:
            matches = [item["id"] for item in await self.recordings() if item["id"].startswith(id.lower())]
        if not matches:
            raise NotFound("There is no recording with this id.")
        if len(matches) > 1:
            raise Ambiguous(len(matches))
        return str(matches[0])

    async def _document(self, path: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
        return self._read(await self._get(path, parameters))

    async def _get(self, path: str, parameters: Mapping[str, str] | None = None) -> httpx.Response:
        return await self._send("GET", path, params=parameters)

    async def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            response = await self._client.request(method, path, **request)
        except (httpx.HTTPError, httpx.InvalidURL):
            raise Unreachable(self._url) from None
        return _checked(response)

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        try:
            found: dict[str, Any] = response.json()
        except ValueError:
            raise Refused(f"{self._url} is no query service of Minutier.") from None
        return found


def _checked(response: httpx.Response) -> httpx.Response:
    """Raises what the service's problem document (RFC 9457) says, where it answers with one."""
    if not response.is_error:
        return response
    if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        raise Unreachable(f"{response.url.scheme}://{response.url.netloc.decode()}")
    try:
        detail = str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = f"HTTP status {response.status_code}."
    match response.status_code:
        case httpx.codes.UNAUTHORIZED:
            raise NotAdmitted(detail)
        case httpx.codes.FORBIDDEN:
            raise Forbidden(detail)
        case httpx.codes.NOT_FOUND:
            raise NotFound(detail)
        case httpx.codes.UNPROCESSABLE_ENTITY:
            raise Unacceptable(detail)
        case _:
            raise Refused(detail)
