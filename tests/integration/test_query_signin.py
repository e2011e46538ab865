"""Signing in at a real OpenID provider, with the query service as a process and Postgres."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from minutier.compose.embedded import System
from minutier.shared.identity.domain import Person
from minutier.shared.identity.gate import SESSION_COOKIE
from minutier.shared.identity.ports import Session, SignIn
from minutier.shared.identity.relying_party import Challenge
from minutier.shared.identity.repository import Sessions, SignIns
from tests.support.delivery_service import until
from tests.support.oidc import ACCOUNTS, SECRET, Browser, OpenIdProvider, client, machine, providing, settings
from tests.support.systems import running

TENANTS = {"tenant_claim": "organisation", "tenants": {"acme": "acme"}}
COMMON = {**TENANTS, "compliance_groups": ["auditors"]}


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with providing() as provider:
        yield provider


@pytest.fixture(scope="module")
async def system(provider: OpenIdProvider) -> AsyncIterator[System]:
    environment = settings(
        plain={"issuer": provider.url, "client_id": "web", "client_secret": SECRET, **COMMON},
        signed={
            "issuer": provider.url,
            "client_id": "signed",
            "client_secret": SECRET,
            "label": "Signed & sealed",
            **COMMON,
        },
        public={"issuer": provider.url, "client_id": "public", **COMMON},
        away={
            "issuer": "http://127.0.0.1:1",
            "client_id": "away",
            "tenant": "acme",
            "meeting_subjects": False,
        },
    )
    async with running(services=["query"], environment=environment) as system:
        base = system.url("query")
        provider.configure(
            accounts=ACCOUNTS,
            clients=[
                client("web", base, provider="plain"),
                client(
                    "signed",
                    base,
                    provider="signed",
                    token_endpoint_auth_method="client_secret_basic",
                    id_token_signed_response_alg="ES256",
                    userinfo_signed_response_alg="ES256",
                ),
                client("public", base, provider="public", token_endpoint_auth_method="none"),
                machine("alice"),
                machine("eve"),
            ],
        )
        yield system


@pytest.fixture
def base(system: System) -> str:
    return system.url("query")


@pytest.fixture
async def engine(system: System) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(system.database_url("query"))
    yield engine
    await engine.dispose()


def session(base: str) -> str:
    """What the cookie of a session is called there."""
    return f"{SESSION_COOKIE}-{urlsplit(base).port}"


async def me(browser: Browser, base: str) -> httpx.Response:
    return await browser.http.get(f"{base}/api/v1/me")


@pytest.mark.parametrize("name", ["plain", "signed", "public"])
async def test_somebody_signs_in_is_known_and_signs_out(
    base: str, provider: OpenIdProvider, name: str
) -> None:
    async with Browser("alice") as browser:
        assert (await me(browser, base)).status_code == 401
        assert (await browser.get(f"{base}/sign-in/{name}?to=/api/v1/me")).json() == {
            "id": f"{name}/alice",
            "name": "Alice Martin",
            "email": "alice@example.org",
            "tenant": "acme",
            "roles": ["compliance"],
        }
        assert (await me(browser, base)).headers["cache-control"] == "private, no-store"
        kept = dict(browser.http.cookies)
        answer = await browser.post(f"{base}/sign-out")
        assert answer.headers["refresh"].startswith(f"0; url={provider.url}/session/end?id_token_hint=")
        assert session(base) not in browser.http.cookies
        # Nor does the secret count that the browser has forgotten.
        async with httpx.AsyncClient(cookies={session(base): kept[session(base)]}) as thief:
            assert (await thief.get(f"{base}/api/v1/me")).status_code == 401


async def test_the_provider_sends_whoever_leaves_back(base: str) -> None:
    async with Browser("alice") as browser:
        await browser.get(f"{base}/sign-in/plain?to=/api/v1/me")
        left = await browser.post(f"{base}/sign-out")
        form = await browser.get(left.headers["refresh"].partition("url=")[2])
        back = await browser.submit(form, logout="yes")
        assert back.headers["location"].startswith(f"{base}/?state=")


async def test_an_address_that_nobody_has_checked_is_nobodys(base: str) -> None:
    async with Browser("bob") as browser:
        shown = (await browser.get(f"{base}/sign-in/plain?to=/api/v1/me")).json()
    assert (shown["email"], shown["roles"]) == (None, [])


async def test_the_providers_are_chosen_from(base: str) -> None:
    async with Browser() as browser:
        page = await browser.get(f"{base}/sign-in?to=/meetings/1")
    assert set(re.findall(r'href="(/sign-in/[^"]+)"', page.text)) == {
        f"/sign-in/{name}?to=%2Fmeetings%2F1" for name in ("plain", "signed", "public", "away")
    }
    assert "Signed &amp; sealed" in page.text


@pytest.mark.parametrize(
    ("account", "name", "status"), [("eve", "plain", 403), (None, "plain", 403), ("alice", "away", 503)]
)
async def test_who_is_not_let_in_is_told_so_and_has_no_session(
    base: str, account: str | None, name: str, status: int
) -> None:
    async with Browser(account) as browser:
        answer = await browser.get(f"{base}/sign-in/{name}")
        assert answer.status_code == status
        assert "href" in answer.text
        assert session(base) not in browser.http.cookies
    unknown = await browser_free(f"{base}/sign-in/unknown")
    assert unknown.status_code == 404


async def browser_free(url: str) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        return await http.get(url)


async def answered(browser: Browser, base: str) -> str:
    """The address that the provider sends somebody back to, not followed."""
    return (await browser.get(f"{base}/sign-in/plain", until=f"{base}/sign-in/plain/callback")).headers[
        "location"
    ]


async def test_an_answer_counts_once_and_in_the_browser_that_asked(base: str) -> None:
    async with Browser("alice") as browser, Browser("alice") as another:
        callback = await answered(browser, base)
        # A victim who is made to follow it would be signed in as somebody else.
        assert (await another.get(callback)).status_code == 400
        await another.get(f"{base}/sign-in/plain", until="http")
        assert (await another.get(callback)).status_code == 400
        assert (await browser.http.get(callback)).status_code == 303
        assert (await browser.http.get(callback)).status_code == 400


async def test_a_code_is_worth_nothing_in_another_sign_in(base: str) -> None:
    async with Browser("alice") as browser, Browser("alice") as thief:
        stolen = parse_qs(urlsplit(await answered(browser, base)).query)["code"][0]
        own = await answered(thief, base)
        code = parse_qs(urlsplit(own).query)["code"][0]
        # The thief's state, and a code that another verifier belongs to.
        assert (await thief.http.get(own.replace(code, stolen))).status_code == 403
        assert session(base) not in thief.http.cookies


async def test_an_answer_of_another_provider_is_refused(base: str) -> None:
    async with Browser("alice") as browser:
        callback = await answered(browser, base)
        elsewhere = re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Felsewhere.example.org", callback)
        assert (await browser.http.get(elsewhere)).status_code == 403
        callback = await answered(browser, base)
        assert (await browser.http.get(re.sub(r"&iss=[^&]+", "", callback))).status_code == 403
        callback = await answered(browser, base)
        assert (await browser.http.get(callback.replace("/plain/", "/signed/"))).status_code == 400


async def test_a_new_sign_in_is_a_new_session_and_ends_the_one_before(base: str) -> None:
    async with Browser("alice") as browser:
        await browser.get(f"{base}/sign-in/plain?to=/api/v1/me")
        first = browser.http.cookies[session(base)]
        await browser.get(f"{base}/sign-in/public?to=/api/v1/me")
        assert browser.http.cookies[session(base)] != first
        browser.http.cookies.set(session(base), first, domain="127.0.0.1", path="/")
        async with httpx.AsyncClient(cookies={session(base): first}) as old:
            assert (await old.get(f"{base}/api/v1/me")).status_code == 401


async def test_what_a_page_of_another_site_sends_changes_nothing(base: str) -> None:
    async with Browser("alice") as browser:
        await browser.get(f"{base}/sign-in/plain?to=/api/v1/me")
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": base},
            {"Origin": "http://127.0.0.1:1"},
            {"Origin": "null"},
            {},
        ):
            refused = await browser.http.post(f"{base}/sign-out", headers=headers)
            assert refused.status_code == 403
            assert "token" in refused.json()["detail"]
        assert (await me(browser, base)).status_code == 200


async def test_tokens_are_of_the_audience_and_may_be_signed_with_new_keys(
    base: str, provider: OpenIdProvider
) -> None:
    async with httpx.AsyncClient(base_url=base) as http:

        async def shown(token: str) -> httpx.Response:
            return await http.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})

        token = provider.token("alice")
        assert (await shown(token)).json()["tenant"] == "acme"
        other = await shown(provider.token("alice", resource="urn:another:service"))
        assert (other.status_code, "aud" in other.json()["detail"]) == (401, True)
        assert (await shown(provider.token("eve"))).status_code == 403
        head, payload, signature = token.split(".")
        assert (await shown(f"{head}.{payload}.{signature[::-1]}")).status_code == 401

        provider.rotate()

        async def known() -> bool:
            return (await shown(provider.token("alice"))).status_code == 200

        # A key that is new is looked for, though not at every token that names one.
        await until(known, 60)
        assert (await shown(token)).status_code == 401


async def test_the_cookie_does_not_count_beside_a_token(base: str) -> None:
    async with Browser("alice") as browser:
        await browser.get(f"{base}/sign-in/plain?to=/api/v1/me")
        for value in ("Bearer forged", "Basic YTpi"):
            answer = await browser.http.get(f"{base}/api/v1/me", headers={"Authorization": value})
            assert answer.status_code == 401


async def test_by_another_name_there_are_no_pages_and_cookies_do_not_count(
    base: str, provider: OpenIdProvider
) -> None:
    async with Browser("alice") as browser:
        await browser.get(f"{base}/sign-in/plain?to=/api/v1/me")
        named = {"Host": "rebound.example.org"}
        for path in ("/", "/sign-in", "/sign-in/plain"):
            answer = await browser.http.get(f"{base}{path}", headers=named)
            assert answer.status_code == 421
            assert "MINUTIER_QUERY_PUBLIC_URL" in answer.json()["detail"]
        assert (await browser.http.get(f"{base}/api/v1/me", headers=named)).status_code == 401
        bearer = {"Authorization": f"Bearer {provider.token('alice')}"}
        assert (await browser.http.get(f"{base}/api/v1/me", headers=named | bearer)).status_code == 200
        assert (await browser.http.get(f"{base}/healthz", headers=named)).status_code == 200


def person(name: str) -> Person:
    return Person(f"plain/{name}", "acme", name, name, groups=frozenset({"staff"}))


HOUR = timedelta(hours=1)


async def test_sessions_end_by_age_by_rest_and_with_their_providers_settings(engine: AsyncEngine) -> None:
    sessions = Sessions(engine, lasting=12 * HOUR, idle=4 * HOUR)
    standings = {"plain": "as it was", "other": "as it was"}
    alice = Session("plain", person("alice"), "id-token")

    async def aged(column: str, age: str) -> str:
        secret = await sessions.open(alice, "as it was")
        async with engine.begin() as connection:
            await connection.execute(
                text(f"update sessions set {column} = now() - interval '{age}' where id = :id"),
                {"id": sha256(secret.encode()).digest()},
            )
        return secret

    assert await sessions.find(await sessions.open(alice, "as it was"), standings) == alice
    assert await sessions.find(await aged("used_at", "3 hours"), standings) == alice
    assert await sessions.find(await aged("used_at", "5 hours"), standings) is None
    assert await sessions.find(await aged("created_at", "13 hours"), standings) is None
    secret = await sessions.open(alice, "as it was")
    for known in ({}, {"plain": "otherwise"}, {"other": "as it was"}):
        assert await sessions.find(secret, known) is None
    await sessions.sweep()
    async with engine.connect() as connection:
        held = (await connection.execute(text("select id, person from sessions"))).all()
    assert secret not in str(held)
    assert await sessions.find(secret, standings) == alice
    assert await sessions.close(secret) == alice
    assert await sessions.find(secret, standings) is None


async def test_use_puts_off_the_end_of_a_session(engine: AsyncEngine) -> None:
    sessions = Sessions(engine, lasting=12 * HOUR, idle=4 * HOUR)
    secret = await sessions.open(Session("plain", person("zoe"), "id-token"), "now")
    async with engine.begin() as connection:
        await connection.execute(text("update sessions set used_at = now() - interval '3 hours'"))
    assert await sessions.find(secret, {"plain": "now"})
    async with engine.connect() as connection:
        newest = (
            await connection.execute(text("select max(used_at) > now() - interval '1 min' from sessions"))
        ).scalar()
    assert newest


def sign_in(number: int) -> SignIn:
    challenge = Challenge(f"state-{number}", "nonce", "verifier", "http://127.0.0.1/callback")
    return SignIn("plain", challenge, "browser", "/")


@pytest.fixture
async def nobody_signs_in(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("delete from sign_ins"))


@pytest.mark.usefixtures("nobody_signs_in")
async def test_whoever_signs_in_pushes_out_the_oldest_of_their_address_and_then_of_all(
    engine: AsyncEngine,
) -> None:
    sign_ins = SignIns(engine, of_an_address=2, of_all=4)
    for number, address in enumerate(("192.0.2.1", *["192.0.2.2"] * 3)):
        await sign_ins.begin(sign_in(number), address)
    async with engine.connect() as connection:
        kept = await connection.execute(text("select address from sign_ins order by created_at"))
        assert list(kept.scalars()) == ["192.0.2.1", "192.0.2.2", "192.0.2.2"]
    for number in (4, 5):
        await sign_ins.begin(sign_in(number), "192.0.2.3")
    known = [await sign_ins.take(f"state-{number}", "browser") is not None for number in range(6)]
    assert known == [False, False, True, True, True, True]


@pytest.mark.usefixtures("nobody_signs_in")
async def test_a_sign_in_is_taken_once_by_its_browser_and_forgotten_after_a_while(
    engine: AsyncEngine,
) -> None:
    sign_ins = SignIns(engine)
    for number in (1, 2):
        await sign_ins.begin(sign_in(number), "192.0.2.1")
    assert await sign_ins.take("state-1", "another browser") is None
    assert await sign_ins.take("state-1", "browser") == sign_in(1)
    assert await sign_ins.take("state-1", "browser") is None
    async with engine.begin() as connection:
        await connection.execute(text("update sign_ins set created_at = now() - interval '11 minutes'"))
    assert await sign_ins.take("state-2", "browser") is None
    await sign_ins.begin(sign_in(3), "192.0.2.1")
    async with engine.connect() as connection:
        assert (await connection.execute(text("select count(*) from sign_ins"))).scalar() == 1
