"""The pages over what is in memory: who is answered what, and how browsers are to treat it."""

import gzip
import re
from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import pytest
from fastapi import Request

from minutier.query.identity.routes import Choice, SignedOutPage, SignInPage
from minutier.query.identity.sign_in import Trouble
from minutier.query.pages import assets, sign_in
from minutier.query.settings import QuerySettings
from tests.support import query_events as told
from tests.support.query_events import RECORDING, Documents
from tests.support.query_fakes import Log, Table, application
from tests.support.query_people import COMPLIANCE, OPERATOR, OUTSIDER, OWNER, PARTICIPANT, STRANGER, showing

HERE = f"/recordings/{RECORDING}"
HTML = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def table() -> Table:
    return Table(Documents())


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
async def client(table: Table, log: Log) -> AsyncIterator[httpx.AsyncClient]:
    for event in told.pipeline(table.documents):
        await table.add(event)
    async with visiting(table, log=log) as client:
        yield client


def visiting(table: Table, **parts: object) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(application(table, **parts))
    return httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers={**HTML, **showing(OWNER)}
    )


async def test_a_page_is_private_and_lets_nothing_in_from_elsewhere(client: httpx.AsyncClient) -> None:
    for path in ("/", HERE, f"{HERE}/report", f"{HERE}/access", "/search?q=budget", "/nowhere"):
        page = await client.get(path)
        assert page.headers["cache-control"] == "private, no-cache"
        assert page.headers["x-content-type-options"] == "nosniff"
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert not re.search(
            r"\s(style|on[a-z]+)=|<style|<script(?! type=\"module\" src=\"/static/)", page.text
        )
        assert not re.search(r"(src|href|action)=\"(?!/|#)", page.text)


async def test_a_page_that_has_not_changed_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get(HERE)
    again = await client.get(HERE, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await client.get(HERE, headers={"If-None-Match": first.headers["etag"], "Accept-Language": "fr"})
    assert other.status_code == 200


async def test_who_reads_a_page_is_written_down_and_who_sees_states_reads_nothing(
    client: httpx.AsyncClient, log: Log
) -> None:
    for person in (OPERATOR, COMPLIANCE):
        page = await client.get(HERE, headers=showing(person))
        assert page.status_code == 200
        assert "Weekly" not in page.text
        assert "Good" not in page.text
    assert log.kept == []
    assert "Good morning." in (await client.get(HERE)).text
    assert [(who, access.action.value) for who, access in log.kept] == [
        (OWNER, "transcript"),
        (OWNER, "minutes"),
    ]


async def test_nothing_is_shown_where_reading_cannot_be_written_down(
    client: httpx.AsyncClient, log: Log
) -> None:
    log.broken = True
    page = await client.get(HERE)
    assert page.status_code == 500
    assert "<h1>" in page.text
    assert "Good morning." not in page.text


@pytest.mark.parametrize("person", [OUTSIDER, STRANGER])
async def test_what_one_may_not_see_is_like_what_there_is_not(
    client: httpx.AsyncClient, person: object
) -> None:
    bodies = set()
    for path in (HERE, "/recordings/00000000-0000-4000-8000-00000000dead", "/nowhere"):
        page = await client.get(path, headers=showing(person))  # type: ignore[arg-type]
        assert page.status_code == 404
        bodies.add(page.text.replace(path, ""))
    # With the person's name for a path that nobody was asked for.
    assert len(bodies) <= 2


async def test_what_only_owners_may_do_is_shown_to_owners(client: httpx.AsyncClient) -> None:
    mine, theirs = await client.get(HERE), await client.get(HERE, headers=showing(PARTICIPANT))
    for mark in ('data-opens="share"', 'id="share"', 'data-opens="redo"', f'href="{HERE}/access"'):
        assert mark in mine.text
        assert mark not in theirs.text
    assert 'class="correct"' in theirs.text
    assert (await client.get(f"{HERE}/access", headers=showing(PARTICIPANT))).status_code == 403
    assert (await client.get(f"{HERE}/access", headers=showing(COMPLIANCE))).status_code == 200
    assert (await client.get("/accesses")).status_code == 403
    assert (await client.get("/accesses", headers=showing(COMPLIANCE))).status_code == 200


async def test_people_get_pages_and_programs_problem_documents(client: httpx.AsyncClient) -> None:
    for accept, kind in ((HTML["Accept"], "text/html"), ("*/*", "application/problem+json")):
        for path, status in (("/nowhere", 404), ("/recordings/one", 422), ("/accesses", 403)):
            refused = await client.get(path, headers={"Accept": accept})
            assert refused.status_code == status
            assert refused.headers["content-type"].startswith(kind)
    told = await client.get("/api/v1/recordings/one", headers=HTML)
    assert told.headers["content-type"].startswith("application/problem+json")


async def test_who_asks_too_often_is_told_when_to_come_back(table: Table) -> None:
    async with visiting(table, settings=QuerySettings(requests_per_minute=1)) as client:
        await client.get("/")
        page = await client.get("/")
    assert page.status_code == 429
    assert f"Try again in {page.headers['retry-after']} second" in page.text


async def test_who_is_not_signed_in_is_led_to_sign_in_and_back(client: httpx.AsyncClient) -> None:
    del client.headers["Authorization"]
    led = await client.get("/search?q=a b&after=")
    assert (led.status_code, led.headers["location"]) == (
        303,
        "/sign-in?to=%2Fsearch%3Fq%3Da%2520b%26after%3D",
    )
    asked = await client.get("/search", headers={"Accept": "*/*"})
    assert asked.status_code == 401


async def test_a_choice_is_kept_and_leads_nowhere_else(client: httpx.AsyncClient) -> None:
    form = {"language": "fr", "back": "/search?q=a"}
    here = {"Sec-Fetch-Site": "same-origin"}
    kept = await client.post("/preferences", data=form, headers=here)
    assert (kept.status_code, kept.headers["location"]) == (303, "/search?q=a")
    assert client.cookies["minutier_language"] == "fr"
    assert '<html lang="fr"' in (await client.get("/")).text
    elsewhere = await client.post("/preferences", data={"back": "//elsewhere.example/"}, headers=here)
    assert elsewhere.headers["location"] == "/"
    sent = await client.post("/preferences", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert sent.status_code == 403
    assert (await client.post("/preferences", data={"theme": "pink"}, headers=here)).status_code == 422


async def test_files_are_kept_for_good_under_an_address_of_their_own(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    for path in set(re.findall(r"/static/[^\"#]+", page)):
        file = await client.get(path)
        assert file.status_code == 200
        assert "immutable" in file.headers["cache-control"]
    known = assets.load()
    script = await client.get(known.url("app.js"), headers={"Accept-Encoding": "identity"})
    assert script.content == (assets.STATIC / "app.js").read_bytes()
    assert (await client.get(known.url("app.js").replace(known.digest, "0" * 16))).status_code == 404
    assert (await client.get(f"/static/{known.digest}/%2e%2e/routes.py")).status_code == 404


async def test_french_scripts_have_their_words(client: httpx.AsyncClient) -> None:
    module = await client.get(assets.load().url("messages.fr.js"))
    assert module.headers["content-type"].startswith("text/javascript")
    assert "Correction enregistrée" in module.text
    # What only templates say is theirs.
    assert "Réunions" not in module.text


def test_another_file_is_another_version() -> None:
    one = assets.Assets({"a.css": b"a"})
    assert one.digest != assets.Assets({"a.css": b"b"}).digest != assets.Assets({"b.css": b"a"}).digest
    found = one.find(one.digest, "a.css")
    assert found is not None
    assert found.pressed is not None
    assert gzip.decompress(found.pressed) == b"a"
    with pytest.raises(KeyError):
        one.url("b.css")


@pytest.mark.parametrize("trouble", [None, *Trouble])
def test_signing_in_offers_every_provider_and_says_what_went_wrong(trouble: Trouble | None) -> None:
    request = Request(
        {"type": "http", "method": "GET", "path": "/sign-in", "query_string": b"", "headers": []}
    )
    choices = (Choice("ProConnect", "/sign-in/pro"), Choice("<Keycloak>", "/sign-in/key?to=%2F"))
    page = sign_in.show(request, SignInPage(choices, trouble, HTTPStatus.OK))
    body = bytes(gzip.decompress(page.body) if "content-encoding" in page.headers else page.body).decode()
    assert 'href="/sign-in/pro"' in body
    assert "Sign in with &lt;Keycloak&gt;" in body
    assert ('role="alert"' in body) == (trouble is not None)
    nobody = sign_in.show(request, SignInPage((), None))
    assert b"MINUTIER_QUERY_PROVIDERS" in bytes(nobody.body)
    left = sign_in.show(request, SignedOutPage("https://provider.example/end?a=1&b=2"))
    assert b'href="https://provider.example/end?a=1&amp;b=2"' in bytes(left.body)
