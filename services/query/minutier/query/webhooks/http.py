"""httpx: one attempt to tell an application something."""

import asyncio
import re
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING

from minutier.query.webhooks.domain import Answer, Fault
from minutier.shared.addresses import (
    ForbiddenAddress,
    Network,
    Resolve,
    checked,
    may_be_reached,
    resolve,
    within,
)
from minutier.shared.outgoing import answer

if TYPE_CHECKING:
    import ssl

    import httpx

_SECONDS = 15.0
# What a receiver says is not looked at; reading a little lets it finish saying it.
_MOST_BYTES = 4096
# One for each attempt under way: names that take long keep no others waiting.
_NAMES_AT_ONCE = 64


class ForbiddenUrl(ValueError):
    """The text says what is wrong with an address, and does not quote it."""


def check_url(text: str, networks: Collection[Network]) -> None:
    """What can be told of an address without asking anybody. Raises `ForbiddenUrl`."""
    import httpx

    try:
        url = httpx.URL(text)
        host = url.raw_host.decode("ascii")
    except (httpx.InvalidURL, ValueError):
        raise ForbiddenUrl("This is no URL.") from None
    if url.scheme not in ("https", "http") or not host or not 0 < (url.port or 443) < 2**16:
        raise ForbiddenUrl("Give an https URL with a host.")
    if url.userinfo or url.fragment:
        raise ForbiddenUrl("Give a URL without a name, a password or a fragment.")
    if url.scheme == "http" and not networks:
        raise ForbiddenUrl("Give an https URL: http is only for networks that the operator lists.")
    try:
        address = ip_address(host)
    except ValueError:
        return
    if not may_be_reached(address, networks) or (url.scheme == "http" and not within(address, networks)):
        raise ForbiddenUrl("Give a public address, or have its network listed by who runs this server.")


class HttpPost:
    """Sends to public addresses over TLS, and to those of ``networks`` also without."""

    def __init__(
        self, networks: Collection[Network], *, resolve: Resolve | None = None, seconds: float = _SECONDS
    ) -> None:
        self._networks = networks
        self._resolve = resolve or _in_threads()
        self._seconds = seconds
        self._context: ssl.SSLContext | None = None

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send it once, within a bounded time; nothing is raised for what a receiver does."""
        import httpx

        try:
            check_url(url, self._networks)
            async with asyncio.timeout(self._seconds):
                return await self._send(httpx.URL(url), body, headers)
        except (ForbiddenUrl, ForbiddenAddress):
            return Answer(fault=Fault.FORBIDDEN_ADDRESS)
        except (TimeoutError, httpx.TimeoutException):
            return Answer(fault=Fault.TIMEOUT)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError):
            return Answer(fault=Fault.UNREACHABLE)

    async def _send(self, url: "httpx.URL", body: bytes, headers: Mapping[str, str]) -> Answer:
        addresses = await checked(url.raw_host.decode("ascii"), self._networks, self._resolve)
        if url.scheme == "http" and not all(within(address, self._networks) for address in addresses):
            raise ForbiddenAddress
        async with answer(
            "POST",
            url,
            addresses,
            headers={"Content-Type": "application/json", "User-Agent": "Minutier", **headers},
            content=body,
            tls=self._tls(),
            read_seconds=self._seconds,
        ) as response:
            read = 0
            async for chunk in response.aiter_raw():
                read += len(chunk)
                if read > _MOST_BYTES:
                    break
            return Answer(response.status_code, retry_after=_retry_after(response))

    def _tls(self) -> "ssl.SSLContext":
        import httpx

        if self._context is None:
            self._context = httpx.create_ssl_context()
        return self._context


def _in_threads() -> Resolve:
    return partial(resolve, threads=ThreadPoolExecutor(_NAMES_AT_ONCE, "webhook-names"))


def _retry_after(response: "httpx.Response") -> timedelta | None:
    given = response.headers.get("retry-after", "")
    # A date, the header's other form, is as good as nothing: the usual delay is then waited.
    return timedelta(seconds=int(given)) if re.fullmatch(r"[0-9]{1,7}", given) else None
