"""httpx: media behind a link, which somebody outside has written.

A link is a request to make this service talk to somebody. It leads to hosts that the tenant names, and
there to public addresses, or to such as the operator lists; a name is resolved once, and the connection
goes to the address that was checked. Nothing here names the link in an error: it may hold a signature.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from minutier.ingestion.domain import Taken
from minutier.ingestion.media.addresses import is_listed
from minutier.ingestion.ports import Unreachable
from minutier.schemas.rejections import RejectionReason
from minutier.shared.addresses import Address, ForbiddenAddress, Network, Resolve, checked, resolve
from minutier.shared.outgoing import answer

if TYPE_CHECKING:
    import httpx

_REDIRECTS = 3
_READ_SECONDS = 30.0

_ELSEWHERE = {301, 302, 303, 307, 308}
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


class Fetcher:
    """Fetches what a link leads to; ``networks`` are private ones that links may lead into."""

    def __init__(
        self, *, networks: Collection[Network], limit_seconds: float, resolve: Resolve = resolve
    ) -> None:
        """``limit_seconds`` bounds one fetch, redirects included."""
        self._networks = networks
        self._limit_seconds = limit_seconds
        self._resolve = resolve

    async def fetch(
        self, link: str, into: Path, *, hosts: Collection[str], limit: int
    ) -> Taken | RejectionReason:
        """Stream what is there into a file, as it is sent.

        Raises `Unreachable` where it may be there later.
        """
        import httpx

        try:
            async with asyncio.timeout(self._limit_seconds):
                return await self._fetch(httpx.URL(link), into, hosts, limit)
        except (_Forbidden, httpx.InvalidURL, UnicodeError):
            return RejectionReason.FORBIDDEN_LOCATION
        except (httpx.HTTPError, TimeoutError):
            raise Unreachable from None

    async def _fetch(
        self, url: "httpx.URL", into: Path, hosts: Collection[str], limit: int
    ) -> Taken | RejectionReason:
        for _ in range(_REDIRECTS + 1):
            async with self._response(url, hosts) as response:
                if response.status_code == HTTPStatus.OK:
                    with into.open("wb") as file:
                        return await _save(response, file, limit)
                if response.status_code in _ELSEWHERE and "location" in response.headers:
                    url = _next(url, response.headers["location"])
                    continue
                if response.is_server_error or response.status_code in _PASSING:
                    raise Unreachable
                break
        return RejectionReason.NOT_FOUND

    @asynccontextmanager
    async def _response(self, url: "httpx.URL", hosts: Collection[str]) -> "AsyncIterator[httpx.Response]":
        """From the first of the host's addresses that answers. Raises `_Forbidden`, `httpx.HTTPError`."""
        import httpx

        addresses = await self._addresses(url, hosts)
        async with answer(
            "GET",
            url,
            addresses,
            headers={},
            tls=httpx.create_ssl_context(),
            read_seconds=_READ_SECONDS,
        ) as response:
            yield response

    async def _addresses(self, url: "httpx.URL", hosts: Collection[str]) -> list[Address]:
        """All of a host's addresses, each of which may be reached. Raises `_Forbidden`, `Unreachable`."""
        host = url.raw_host.decode("ascii")
        if url.userinfo or not is_listed(url.scheme, host, url.port, hosts):
            raise _Forbidden
        try:
            return await checked(host, self._networks, self._resolve)
        except ForbiddenAddress:
            raise _Forbidden from None
        except (OSError, UnicodeError):
            raise Unreachable from None


class _Forbidden(Exception):
    pass


def _next(url: "httpx.URL", location: str) -> "httpx.URL":
    """Where a redirect leads; from https to http it would tell everybody on the way."""
    try:
        following = url.join(location)
    except ValueError:
        raise _Forbidden from None
    if url.scheme == "https" and following.scheme != "https":
        raise _Forbidden
    return following


async def _save(response: "httpx.Response", file: BinaryIO, limit: int) -> Taken | RejectionReason:
    """Byte for byte: what is compressed on the way stays so, whatever it would swell to."""
    digest = hashlib.sha256()
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > limit:
            return RejectionReason.TOO_LARGE
        digest.update(chunk)
        await asyncio.to_thread(file.write, chunk)
    return Taken(digest.hexdigest(), size)
