"""The local sign-in, and what it refuses."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from minutier.compose.people import CLIENT, PEOPLE
from minutier.compose.signin import Issuer, build
from minutier.compose.signin_page import language

URL = "http://127.0.0.1:8765"
SECRET = "secret-of-the-directory"
CALLBACK = "http://127.0.0.1:8000/sign-in/local/callback"
VERIFIER = "verifier-of-the-tests"
ASKED = {
    "response_type": "code",
    "client_id": CLIENT,
    "redirect_uri": CALLBACK,
    "scope": "openid",
    "state": "the-state",
    "nonce": "the-nonce",
    "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
    .rstrip(b"=")
    .decode(),
    "code_challenge_method": "S256",
}
CHOSEN = {**ASKED, "person": "participant"}
SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(build(Issuer(URL), SECRET))
    async with httpx.AsyncClient(transport=transport, base_url=URL) as http:
        yield http


async def code(http: httpx.AsyncClient, **changed: str) -> str:
    sent = await http.post("/authorize", data=CHOSEN | changed, headers=SAME)
    target = urlsplit(sent.headers["location"])
    answer = parse_qs(target.query)
    assert f"{target.scheme}://{target.netloc}{target.path}" == CHOSEN["redirect_uri"]
    assert (answer["state"], answer["iss"]) == (["the-state"], [URL])
    return answer["code"][0]


async def redeemed(http: httpx.AsyncClient, given: str, **changed: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "code": given,
        "code_verifier": VERIFIER,
        "redirect_uri": CALLBACK,
    }
    return await http.post("/token", data=form | changed)


@pytest.mark.parametrize("subject", PEOPLE)
async def test_whoever_is_chosen_is_told_of_in_an_id_token(http: httpx.AsyncClient, subject: str) -> None:
    tokens = (await redeemed(http, await code(http, person=subject))).json()
    keys = KeySet.import_key_set((await http.get("/jwks")).json())
    told = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims
    assert {name: told[name] for name in ("iss", "aud", "sub", "nonce", "name", "tenant")} == {
        "iss": URL,
        "aud": CLIENT,
        "sub": subject,
        "nonce": "the-nonce",
        "name": PEOPLE[subject].name,
        "tenant": "default",
    }
    access = jwt.decode(tokens["access_token"], keys, algorithms=["ES256"]).claims
    assert (access["aud"], access["groups"]) == ("minutier", list(PEOPLE[subject].groups))


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "another"},
        {"code_verifier": ""},
        {"redirect_uri": f"{CALLBACK}2"},
        {"code": "another"},
        {"client_secret": "another"},
        {"client_secret": ""},
        {"grant_type": "password"},
    ],
)
async def test_a_code_is_for_who_asked_for_it(http: httpx.AsyncClient, changed: dict[str, str]) -> None:
    refused = await redeemed(http, await code(http), **changed)
    assert refused.status_code in {400, 401}
    assert "id_token" not in refused.text


async def test_a_code_is_taken_once_and_for_a_minute(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await code(http)
    assert (await redeemed(http, first)).status_code == 200
    assert (await redeemed(http, first)).status_code == 400
    late = await code(http)
    monkeypatch.setattr("minutier.compose.signin._CODE_SECONDS", -1)
    assert (await redeemed(http, await code(http))).status_code == 400
    assert (await redeemed(http, late)).status_code == 200


async def test_only_so_many_codes_are_kept(http: httpx.AsyncClient) -> None:
    first, *_, last = [await code(http) for _ in range(101)]
    assert (await redeemed(http, first)).status_code == 400
    assert (await redeemed(http, last)).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "https://minutier.example.org/sign-in/local/callback"},
        {"redirect_uri": "http://127.0.0.1.example.org/sign-in/local/callback"},
        {"redirect_uri": "http://127.0.0.1:8000@e.org/sign-in/local/callback"},
        {"redirect_uri": "http://e.org@127.0.0.1/sign-in/local/callback"},
        {"redirect_uri": "http://127.0.0.1:8000/elsewhere"},
        {"redirect_uri": "http://127.0.0.1:8000/sign-in/local/callback?to=x"},
        {"redirect_uri": "http://127.0.0.1:8000/sign-in/../x/callback"},
        {"redirect_uri": "http://[/sign-in/local/callback"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": ""},
        {"client_id": "another"},
        {"code_challenge": "plain"},
        {"code_challenge_method": "plain"},
        {"response_type": "token"},
        {"state": ""},
        {"state": "x" * 2001},
    ],
)
async def test_nobody_is_sent_elsewhere_or_without_a_challenge(
    http: httpx.AsyncClient, changed: dict[str, str]
) -> None:
    assert (await http.get("/authorize", params=ASKED | changed)).status_code == 400
    if changed.keys() <= {"redirect_uri", "client_id", "code_challenge", "state"}:
        refused = await http.post("/authorize", data=CHOSEN | changed, headers=SAME)
        assert (refused.status_code, "location" in refused.headers) == (400, False)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": URL},
        {"Origin": "null"},
    ],
)
async def test_no_other_page_chooses(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await http.post("/authorize", data=CHOSEN, headers=headers)).status_code == 403
    assert (await http.post("/authorize", data=CHOSEN, headers={"Origin": URL})).status_code == 303


async def test_nobody_else_can_be_chosen(http: httpx.AsyncClient) -> None:
    assert (await http.post("/authorize", data=CHOSEN | {"person": "root"}, headers=SAME)).status_code == 400


@pytest.mark.parametrize("host", ["minutier.example.org", "127.0.0.1.example.org", "10.0.0.1", "a@127.0.0.1"])
async def test_only_names_of_this_machine_are_answered(http: httpx.AsyncClient, host: str) -> None:
    for path in ("/authorize", "/.well-known/openid-configuration", "/healthz"):
        assert (await http.get(path, params=ASKED, headers={"Host": host})).status_code == 421
    assert (await http.get("/healthz", headers={"Host": "localhost:1"})).status_code == 200


async def test_whoever_leaves_is_sent_home_and_nowhere_else(http: httpx.AsyncClient) -> None:
    home = await http.get("/end-session", params={"post_logout_redirect_uri": "http://127.0.0.1:8000/?a=b"})
    assert home.headers["location"] == "http://127.0.0.1:8000/"
    for url in ("https://e.org/", "http://127.0.0.1:8000/elsewhere", ""):
        page = await http.get("/end-session", params={"post_logout_redirect_uri": url})
        assert (page.status_code, "location" in page.headers) == (200, False)


class Page(HTMLParser):
    """What a page has, by tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, list[dict[str, Any]]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.setdefault(tag, []).append(dict(attrs))


@pytest.mark.parametrize(("accepted", "spoken"), [("fr-CA,en;q=0.5", "fr"), ("en", "en")])
async def test_the_page_lists_who_is_there_in_the_browsers_language(
    http: httpx.AsyncClient, accepted: str, spoken: str
) -> None:
    answer = await http.get("/authorize", params=ASKED, headers={"Accept-Language": accepted})
    page = Page(answer.text)
    assert page.found["html"] == [{"lang": spoken}]
    assert [button["value"] for button in page.found["button"]] == list(PEOPLE)
    assert "script" not in page.found
    policy = answer.headers["content-security-policy"]
    style = re.search(r"<style>(.*)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "form-action 'self' http://127.0.0.1:8000;" in policy
    hidden = {field["name"]: field["value"] for field in page.found["input"]}
    assert (await http.post("/authorize", data=hidden | {"person": "outsider"}, headers=SAME)).is_redirect


async def test_what_is_asked_is_quoted_on_the_page(http: httpx.AsyncClient) -> None:
    answer = await http.get("/authorize", params=ASKED | {"state": '"><script>alert(1)</script>'})
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("", "en"),
        ("*", "en"),
        ("de", "en"),
        ("de, fr;q=0.8, en;q=0.2", "fr"),
        ("fr;q=0.1, en;q=0.2", "en"),
        ("fr;q=0", "en"),
        ("fr;q=x, en;q=0.1", "en"),
        ("FR-fr", "fr"),
    ],
)
def test_the_language_is_the_one_liked_best_of_those_there_are(accepted: str, spoken: str) -> None:
    assert language(accepted) == spoken
