"""httpx: requests to servers that somebody else has named.

A name is resolved once, and the connection goes to an address that was checked (`addresses.checked`); the
certificate is checked for the name.
"""

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from minutier.shared.addresses import Address

if TYPE_CHECKING:
    import httpx

_CONNECT_SECONDS = 5.0


@asynccontextmanager
async def answer(
    method: str,
    url: "httpx.URL",
    addresses: Sequence[Address],
    *,
    headers: Mapping[str, str],
    tls: ssl.SSLContext,
    read_seconds: float,
    content: bytes | None = None,
) -> "AsyncIterator[httpx.Response]":
    """What the first of ``addresses`` that can be connected to answers, of which nothing is read yet.

    Redirects are not followed. Raises `httpx.HTTPError`, also where there is no such address.
    """
    import httpx

    # A client of its own has no cookies, and no connection that was made for another name.
    async with httpx.AsyncClient(
        trust_env=False, verify=tls, timeout=httpx.Timeout(read_seconds, connect=_CONNECT_SECONDS)
    ) as client:
        for address in addresses:
            request = client.build_request(
                method,
                url.copy_with(host=str(address)),
                headers={"Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity", **headers},
                content=content,
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            )
            try:
                response = await client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
            try:
                yield response
            finally:
                await response.aclose()
            return
    raise httpx.ConnectError("no address answers")
