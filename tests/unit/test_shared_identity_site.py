"""Where browsers are sent and believed."""

from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.requests import Request

from minutier.query.settings import QuerySettings
from minutier.shared.identity.ports import Session
from minutier.shared.identity.providers import Provider
from minutier.shared.identity.relying_party import Challenge, Vouched
from minutier.shared.identity.site import Site, local_path
from minutier.shared.settings import InvalidSettings
from tests.support.query_events import Documents
from tests.support.query_fakes import Table, application
from tests.support.query_identity import Sessions, entrance
from tests.support.query_people import OWNER

PUBLIC = "https://minutier.example.org"


class Party:
    """A provider that knows one person, and takes every code for theirs."""

    async def authorization_url(self, challenge: Challenge) -> str:
        return f"https://id.example.org/auth?state={challenge.state}&redirect_uri={challenge.redirect_uri}"

    async def redeem(self, answer: Any, challenge: Challenge) -> Vouched:
        return Vouched({"sub": "zoe", "email": "zoe@example.org", "email_verified": True}, "id-token")

    async def end_session_url(self, id_token: str, back: str) -> str | None:
        return None


PROVIDER = Provider(issuer="https://id.example.org", client_id="pages", tenant="acme")


def app(*, public_url: str | None = PUBLIC, sessions: Sessions | None = None) -> FastAPI:
    return application(
        Table(Documents()),
        entrance=entrance({"acme": PROVIDER}, {"acme": Party()}, sessions=sessions),
        settings=QuerySettings(public_url=public_url),
    )


def visiting(app: FastAPI, base: str = PUBLIC) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base)


@given(
    st.one_of(
        st.text(),
        st.text(alphabet="/\\:.@?#%\t\n\r a").map(lambda text: f"/{text}"),
        st.sampled_from(
            ["//e.org", "/\\e.org", "/\t/e.org", "\\/e.org", "https:e.org", "javascript:alert(1)"]
        ),
    )
)
def test_nobody_is_sent_to_another_site(given: str) -> None:
    path = local_path(given)
    # As browsers read it: they drop tabs and newlines, and take a backslash for a slash.
    seen = "".join(character for character in path if character not in "\t\n\r").strip().replace("\\", "/")
    landed = urlsplit(urljoin(f"{PUBLIC}/sign-in/acme/callback", seen))
    assert (landed.scheme, landed.netloc) == ("https", "minutier.example.org")


def test_services_of_one_machine_have_cookies_of_their_own() -> None:
    """Browsers send a cookie to every port of its host."""

    def cookie(site: Site, host: str) -> str:
        scope = {"type": "http", "scheme": "http", "path": "/", "headers": [(b"host", host.encode())]}
        return site.cookie(Request(scope), "minutier")

    here = Site(None, setting="URL")
    hosts = ("127.0.0.1:8001", "127.0.0.1:8002", "[::1]:8001", "localhost")
    assert [cookie(here, host) for host in hosts] == [
        "minutier-8001",
        "minutier-8002",
        "minutier-8001",
        "minutier-80",
    ]
    assert cookie(Site(PUBLIC, setting="URL"), "minutier.example.org") == "__Host-minutier"


@pytest.mark.parametrize("path", ["/", "/meetings/1?at=3#words", "/search?q=%2F%2Fe.org", "/réunions"])
def test_a_path_of_the_site_is_kept(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    ("public", "host", "answered"),
    [
        (None, "127.0.0.1:8000", True),
        (None, "localhost", True),
        (None, "LOCALHOST:1", True),
        (None, "[::1]:8000", True),
        (None, "127.8.8.8", True),
        (None, "minutier.example.org", False),
        (None, "localhost.example.org", False),
        (None, "127.0.0.1.example.org", False),
        (None, "e.org@127.0.0.1", False),
        (None, "127.0.0.1/", False),
        (None, "10.0.0.1", False),
        (None, "", False),
        (PUBLIC, "minutier.example.org", True),
        (PUBLIC, "Minutier.Example.org:443", True),
        (PUBLIC, "minutier.example.org:80", False),
        (PUBLIC, "127.0.0.1", False),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("http://127.0.0.1:8000", "127.0.0.1", False),
        ("https://[2001:db8::1]", "[2001:db8::1]", True),
    ],
)
def test_pages_are_answered_by_the_sites_name_alone(public: str | None, host: str, answered: bool) -> None:
    assert Site(public, setting="URL").answers(Headers({"host": host})) is answered


async def test_over_https_cookies_are_bound_to_the_host_and_hidden_from_scripts() -> None:
    sessions = Sessions()
    async with visiting(app(sessions=sessions)) as http:
        sent = await http.get("/sign-in/acme", params={"to": "/meetings/1"})
        assert "redirect_uri=https://minutier.example.org/sign-in/acme/callback" in sent.headers["location"]
        state = sent.headers["location"].partition("state=")[2].partition("&")[0]
        done = await http.get("/sign-in/acme/callback", params={"state": state, "code": "code"})
        assert done.headers["location"] == "/meetings/1"
        (secret,) = sessions.kept
        assert done.headers["set-cookie"] == (
            f"__Host-minutier={secret}; HttpOnly; Path=/; SameSite=lax; Secure"
        )
        assert "no-store" in done.headers["cache-control"]
        assert (await http.get("/api/v1/me")).json()["email"] == "zoe@example.org"
        assert (await http.get("/sign-in", params={"to": "/meetings/2"})).headers["location"] == "/meetings/2"


async def test_a_cookie_of_another_name_or_value_is_nobodys() -> None:
    sessions = Sessions()
    secret = await sessions.open(Session("acme", OWNER, "id-token"), PROVIDER.standing)
    async with visiting(app(sessions=sessions)) as http:
        for cookie, status in (
            (f"__Host-minutier={secret}", 200),
            (f"minutier={secret}", 401),
            (f"__Host-minutier={secret[:-1]}_", 401),
            ("__Host-minutier=", 401),
        ):
            answer = await http.get("/api/v1/me", headers={"Cookie": cookie})
            assert answer.status_code == status


async def test_with_a_cookie_only_pages_of_the_site_change_anything() -> None:
    sessions = Sessions()
    secret = await sessions.open(Session("acme", OWNER, "id-token"), PROVIDER.standing)
    path = "/api/v1/recordings/00000000-0000-0000-0000-000000000001/shares/person/zoe%40example.org"
    async with visiting(app(sessions=sessions)) as http:
        http.headers["Cookie"] = f"__Host-minutier={secret}"
        for headers, status in (
            ({"Sec-Fetch-Site": "same-origin"}, 404),
            ({"Origin": PUBLIC}, 404),
            ({"Sec-Fetch-Site": "same-site", "Origin": PUBLIC}, 403),
            ({"Sec-Fetch-Site": "none"}, 403),
            ({"Origin": "https://e.org"}, 403),
            ({"Origin": "null"}, 403),
            ({}, 403),
        ):
            assert (await http.delete(path, headers=headers)).status_code == status
        assert len(sessions.kept) == 1


async def test_whoever_leaves_leaves_nothing_in_the_browser() -> None:
    sessions = Sessions()
    secret = await sessions.open(Session("acme", OWNER, "id-token"), PROVIDER.standing)
    async with visiting(app(sessions=sessions)) as http:
        headers = {"Cookie": f"__Host-minutier={secret}", "Sec-Fetch-Site": "same-origin"}
        left = await http.post("/sign-out", headers=headers)
    assert left.headers["clear-site-data"] == '"cache"'
    assert sessions.kept == {}


async def test_one_provider_is_gone_to_at_once() -> None:
    async with visiting(app()) as http:
        sent = await http.get("/sign-in", params={"to": "/meetings/1"})
        assert sent.headers["location"] == "/sign-in/acme?to=%2Fmeetings%2F1"
        elsewhere = await http.get("/sign-in", params={"to": "//e.org"})
        assert elsewhere.headers["location"] == "/sign-in/acme"


async def test_without_providers_the_page_says_what_to_set() -> None:
    bare = application(Table(Documents()), settings=QuerySettings(public_url=PUBLIC))
    async with visiting(bare) as http:
        assert "MINUTIER_QUERY_PROVIDERS" in (await http.get("/sign-in")).text


@pytest.mark.parametrize(
    "url",
    ["http://minutier.example.org", "https://minutier.example.org/minutier", "https://a:b@e.org", "e.org"],
)
def test_a_public_url_is_an_origin_that_nobody_listens_on(url: str) -> None:
    with pytest.raises(InvalidSettings, match="MINUTIER_QUERY_PUBLIC_URL"):
        QuerySettings(public_url=url)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"issuer": "http://id.example.org"}, "https"),
        ({"algorithms": ["HS256"]}, "RS256"),
        ({"algorithms": ["none"]}, "RS256"),
        ({"tenant": None}, "tenant"),
        ({"tenant": "acme", "tenant_claim": "organisation"}, "tenant"),
        ({"tenant": "unknown"}, "give another"),
        ({"tenant": None, "tenant_claim": "organisation", "tenants": {"a": "unknown"}}, "give another"),
        ({"audience": "pages"}, "client_id"),
        ({"secret": "x"}, "SECRET"),
    ],
)
def test_settings_that_let_anybody_in_are_refused(wrong: dict[str, Any], said: str) -> None:
    known = {"issuer": "https://id.example.org", "client_id": "pages", "tenant": "acme"}
    with pytest.raises(InvalidSettings, match=said):
        QuerySettings(providers={"acme": known | wrong})
