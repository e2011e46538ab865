"""A real OpenID provider, and a browser that signs in with it."""

import json
import re
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from tests.support.node import NODE, packages

API = "urn:minutier:api"
ACCOUNTS: dict[str, dict[str, Any]] = {
    "alice": {
        "name": "Alice Martin",
        "email": "Alice@Example.org",
        "email_verified": True,
        "groups": ["staff", "auditors"],
        "organisation": "acme",
    },
    "bob": {"name": "Bob", "email": "bob@example.org", "email_verified": False, "organisation": "acme"},
    "eve": {"name": "Eve", "email": "eve@example.org", "email_verified": True, "organisation": "elsewhere"},
}
SECRET = "a-secret-of-the-tests, with % and :"

_SECONDS = 30.0


@dataclass
class OpenIdProvider:
    """`oidc-provider` as a process of its own."""

    url: str

    def configure(self, **configuration: Any) -> None:
        """Known clients and accounts."""
        httpx.post(f"{self.url}/configure", json=configuration, timeout=_SECONDS).raise_for_status()

    def rotate(self) -> None:
        """Sign with new keys from now on."""
        httpx.post(f"{self.url}/rotate", timeout=_SECONDS).raise_for_status()

    def token(self, account: str, *, resource: str = API) -> str:
        """A token for the API, of an account that is a client as well."""
        answer = httpx.post(
            f"{self.url}/token",
            data={
                "grant_type": "client_credentials",
                "client_id": account,
                "client_secret": SECRET,
                "resource": resource,
            },
            timeout=_SECONDS,
        )
        assert answer.is_success, answer.text
        return str(answer.json()["access_token"])


def client(id: str, base: str, *, provider: str, **metadata: Any) -> dict[str, Any]:
    """A client whose people come back to ``provider``'s callback at ``base``."""
    return {
        "client_id": id,
        "client_secret": SECRET,
        "redirect_uris": [f"{base}/sign-in/{provider}/callback"],
        "post_logout_redirect_uris": [f"{base}/"],
        **metadata,
    }


def machine(account: str) -> dict[str, Any]:
    """A client that gets tokens for itself."""
    return {
        "client_id": account,
        "client_secret": SECRET,
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["client_credentials"],
        "redirect_uris": [],
        "response_types": [],
    }


@contextmanager
def providing() -> Iterator[OpenIdProvider]:
    process = subprocess.Popen(
        [NODE, packages() / "provider.mjs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    complaints: deque[str] = deque(maxlen=200)

    def listen() -> None:
        assert process.stderr is not None
        complaints.extend(process.stderr)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, "".join(complaints)
        yield OpenIdProvider(url)
    finally:
        process.terminate()
        process.wait(timeout=_SECONDS)
        listener.join()


class Browser:
    """Follows redirects and keeps cookies; whoever asks who it is, is told ``account``."""

    def __init__(self, account: str | None = None) -> None:
        self.http = httpx.AsyncClient(timeout=_SECONDS)
        self.account = account
        self.visited: list[str] = []

    async def __aenter__(self) -> "Browser":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def get(self, url: str, *, until: str | None = None) -> httpx.Response:
        """Where ``url`` leads to; or the redirect to an address that begins with ``until``."""
        for _ in range(20):
            self.visited.append(url)
            answer = await self.http.get(url, headers={"x-account": self.account} if self.account else {})
            if not answer.is_redirect:
                return answer
            url = urljoin(url, answer.headers["location"])
            if until is not None and url.startswith(until):
                return answer
        raise AssertionError(self.visited)

    async def post(self, url: str, data: Mapping[str, str] | None = None) -> httpx.Response:
        """As a form of that site does."""
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
        return await self.http.post(url, data=data, headers=headers)

    async def submit(self, page: httpx.Response, **more: str) -> httpx.Response:
        """The form on a page, with what it holds."""
        (action,) = re.findall(r'<form[^>]* action="([^"]+)"', page.text)
        fields = dict(re.findall(r'<input[^>]* name="(\w+)" value="([^"]*)"', page.text))
        values = {name: unescape(value) for name, value in fields.items()}
        return await self.post(urljoin(str(page.url), unescape(action)), values | more)


def settings(**providers: dict[str, Any]) -> dict[str, str]:
    """What the query service is told of them."""
    return {"MINUTIER_QUERY_PROVIDERS": json.dumps(providers)}
