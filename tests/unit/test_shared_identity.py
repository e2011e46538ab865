"""What an identity provider has to prove, against one that can be made to lie."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from minutier.shared.identity.discovery import Discovery
from minutier.shared.identity.outgoing import ProviderUnavailable
from minutier.shared.identity.providers import Provider
from minutier.shared.identity.relying_party import Challenge, NotSignedIn, RelyingParty
from minutier.shared.identity.tokens import InvalidToken, Tokens

ISSUER = "https://id.example.org/realms/acme"
CLIENT = "pages"
CHALLENGE = Challenge("state", "nonce", "verifier", "https://minutier.example.org/sign-in/acme/callback")
ANSWER = {"code": "code", "state": "state", "iss": ISSUER}

KEYS = (ECKey.generate_key("P-256", auto_kid=True), RSAKey.generate_key(2048, auto_kid=True))


def signed(claims: dict[str, Any], key: Key, algorithm: str) -> str:
    return jwt.encode({"alg": algorithm, "kid": key.kid}, claims, key, algorithms=[algorithm])


def at_hash(access: str) -> str:
    digest = hashlib.sha256(access.encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass
class Liar:
    """An OpenID provider whose every answer can be replaced."""

    keys: tuple[ECKey, RSAKey] = KEYS
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    access: str = "access-token"
    sign: Callable[[dict[str, Any]], str] | None = None
    userinfo: httpx.Response | None = None
    broken: bool = False
    asked: list[httpx.Request] = field(default_factory=list)

    @property
    def all_claims(self) -> dict[str, Any]:
        now = int(time.time())
        usual = {
            "iss": ISSUER,
            "sub": "alice",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": CHALLENGE.nonce,
            "email": "alice@example.org",
            "groups": [],
        }
        return {name: value for name, value in (usual | self.claims).items() if value is not None}

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.broken:
            return httpx.Response(502)
        match request.url.path.removeprefix("/realms/acme"):
            case "/.well-known/openid-configuration":
                usual = {
                    "issuer": ISSUER,
                    "authorization_endpoint": f"{ISSUER}/auth?realm=acme",
                    "token_endpoint": f"{ISSUER}/token",
                    "jwks_uri": f"{ISSUER}/jwks",
                    "userinfo_endpoint": f"{ISSUER}/userinfo",
                }
                return httpx.Response(200, json=usual | self.metadata)
            case "/jwks":
                return httpx.Response(200, json=KeySet(list(self.keys)).as_dict(private=False))
            case "/token":
                sign = self.sign or (lambda claims: signed(claims, self.keys[0], "ES256"))
                tokens = {"id_token": sign(self.all_claims), "access_token": self.access}
                return httpx.Response(200, json=tokens | {"token_type": "Bearer"})
            case "/userinfo":
                return self.userinfo or httpx.Response(404)
        raise AssertionError(request.url)


@pytest.fixture
def liar() -> Liar:
    return Liar()


@pytest.fixture
async def http(liar: Liar) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(liar.answer)) as http:
        yield http


def provider(**settings: Any) -> Provider:
    return Provider(issuer=ISSUER, client_id=CLIENT, tenant="acme", **settings)


def party(http: httpx.AsyncClient, **settings: Any) -> RelyingParty:
    return RelyingParty(provider(**settings), Discovery(provider(**settings), http), http)


async def test_who_is_sent_there_is_asked_for_a_code_of_this_sign_in(http: httpx.AsyncClient) -> None:
    url = urlsplit(await party(http, scopes=("email",)).authorization_url(CHALLENGE))
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}
    digest = hashlib.sha256(CHALLENGE.verifier.encode()).digest()
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{ISSUER}/auth"
    assert asked == {
        "realm": "acme",
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": CHALLENGE.redirect_uri,
        "scope": "openid email",
        "state": "state",
        "nonce": "nonce",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }


async def test_an_id_token_that_fits_tells_who_it_is(liar: Liar, http: httpx.AsyncClient) -> None:
    liar.claims = {"aud": [CLIENT, "another"], "azp": CLIENT, "at_hash": at_hash(liar.access)}
    vouched = await party(http).redeem(ANSWER, CHALLENGE)
    assert vouched.claims["sub"] == "alice"
    assert all(request.url.path != "/realms/acme/userinfo" for request in liar.asked)


AN_HOUR_AGO, IN_AN_HOUR = int(time.time()) - 3600, int(time.time()) + 3600


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example.org"},
        {"iss": f"{ISSUER}/"},
        {"aud": "another"},
        {"aud": ["another", "others"]},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"aud": None},
        {"sub": None},
        {"iss": None},
        {"exp": AN_HOUR_AGO},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": IN_AN_HOUR},
        {"iat": IN_AN_HOUR},
        {"iat": None},
        {"nonce": "another"},
        {"nonce": None},
        {"at_hash": at_hash("another")},
        {"at_hash": 1},
    ],
    # The same in all processes that collect tests.
    ids=lambda claims: "-".join(claims),
)
async def test_an_id_token_for_somebody_else_is_refused(
    liar: Liar, http: httpx.AsyncClient, claims: dict[str, Any]
) -> None:
    liar.claims = claims
    with pytest.raises(NotSignedIn):
        await party(http).redeem(ANSWER, CHALLENGE)


def forgeries(liar: Liar) -> Iterator[Callable[[dict[str, Any]], str]]:
    """Ways to sign that prove nothing."""
    ec, rsa = liar.keys
    yield lambda claims: _unsigned(claims, "none")
    yield lambda claims: _unsigned(claims, "None")
    # The public key, which everybody has, taken for a shared secret.
    yield lambda claims: _shared(claims, rsa)
    stranger = ECKey.generate_key("P-256", {"kid": str(ec.kid)})
    yield lambda claims: signed(claims, stranger, "ES256")
    yield lambda claims: signed(claims, ECKey.generate_key("P-256", auto_kid=True), "ES256")
    # One of its keys, in a way that is not among those that the settings pin.
    yield lambda claims: signed(claims, rsa, "PS256")
    yield lambda claims: signed(claims, ec, "ES256")[:-8] + "AAAAAAAA"
    yield lambda claims: "no.token"
    yield lambda claims: ""
    yield lambda claims: "\u00e9.\u00e9.\u00e9"


def _compact(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in (header, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _unsigned(claims: dict[str, Any], algorithm: str) -> str:
    return f"{_compact({'alg': algorithm}, claims)}."


def _shared(claims: dict[str, Any], key: RSAKey) -> str:
    text = _compact({"alg": "HS256", "kid": key.kid}, claims)
    mac = hmac.digest(key.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


@pytest.mark.parametrize("number", range(10))
async def test_a_token_that_is_not_signed_by_the_provider_is_refused(
    liar: Liar, http: httpx.AsyncClient, number: int
) -> None:
    liar.sign = list(forgeries(liar))[number]
    with pytest.raises(NotSignedIn):
        await party(http).redeem(ANSWER, CHALLENGE)
    audience = liar.all_claims | {"aud": "minutier"}
    with pytest.raises(InvalidToken):
        await Tokens({"acme": provider()}, http).person(liar.sign(audience))


@pytest.mark.parametrize(
    ("answer", "metadata"),
    [
        ({"iss": "https://elsewhere.example.org"}, {}),
        ({"iss": None}, {"authorization_response_iss_parameter_supported": True}),
        ({"code": None, "error": "access_denied"}, {}),
        ({"error": "server_error"}, {}),
        ({"code": None}, {}),
        ({"code": ""}, {}),
    ],
)
async def test_an_answer_that_is_none_is_refused_before_a_code_is_spent(
    liar: Liar, http: httpx.AsyncClient, answer: dict[str, str | None], metadata: dict[str, Any]
) -> None:
    liar.metadata = metadata
    given = {name: value for name, value in (ANSWER | answer).items() if value is not None}
    with pytest.raises(NotSignedIn):
        await party(http).redeem(given, CHALLENGE)
    assert all(request.url.path != "/realms/acme/token" for request in liar.asked)


async def test_what_the_id_token_lacks_is_asked_for(liar: Liar, http: httpx.AsyncClient) -> None:
    liar.claims = {"email": None}
    liar.userinfo = httpx.Response(200, json={"sub": "alice", "email": "a@example.org", "exp": 1})
    vouched = await party(http).redeem(ANSWER, CHALLENGE)
    assert vouched.claims["email"] == "a@example.org"
    assert vouched.claims["exp"] == liar.all_claims["exp"]
    assert liar.asked[-1].headers["authorization"] == f"Bearer {liar.access}"


async def test_userinfo_may_be_a_signed_token(liar: Liar, http: httpx.AsyncClient) -> None:
    liar.claims = {"groups": None}
    told = {"iss": ISSUER, "aud": CLIENT, "sub": "alice", "groups": ["staff"]}
    headers = {"Content-Type": "application/jwt; charset=utf-8"}
    liar.userinfo = httpx.Response(200, text=signed(told, liar.keys[1], "RS256"), headers=headers)
    assert (await party(http).redeem(ANSWER, CHALLENGE)).claims["groups"] == ["staff"]
    for lie in ({"aud": "another"}, {"iss": "https://elsewhere.example.org"}, {"sub": "bob"}):
        liar.userinfo = httpx.Response(200, text=signed(told | lie, liar.keys[1], "RS256"), headers=headers)
        with pytest.raises(NotSignedIn):
            await party(http).redeem(ANSWER, CHALLENGE)
    liar.userinfo = httpx.Response(200, text=_unsigned(told, "none"), headers=headers)
    with pytest.raises(NotSignedIn):
        await party(http).redeem(ANSWER, CHALLENGE)


@pytest.mark.parametrize("answer", [(200, {"sub": "bob"}), (200, {}), (401, {})])
async def test_userinfo_of_somebody_else_or_none_is_refused(
    liar: Liar, http: httpx.AsyncClient, answer: tuple[int, dict[str, str]]
) -> None:
    liar.claims = {"email": None}
    liar.userinfo = httpx.Response(answer[0], json=answer[1])
    with pytest.raises(NotSignedIn):
        await party(http).redeem(ANSWER, CHALLENGE)


@pytest.mark.parametrize(
    ("secret", "methods", "basic", "form"),
    [
        ("s:%", None, "cGFnZXM6cyUzQSUyNQ==", {}),
        ("s", ["private_key_jwt", "client_secret_basic"], "cGFnZXM6cw==", {}),
        ("s", ["client_secret_post"], None, {"client_id": CLIENT, "client_secret": "s"}),
        (None, ["client_secret_basic"], None, {"client_id": CLIENT}),
    ],
)
async def test_the_client_shows_who_it_is_as_the_provider_takes_it(
    liar: Liar,
    http: httpx.AsyncClient,
    secret: str | None,
    methods: list[str] | None,
    basic: str | None,
    form: dict[str, str],
) -> None:
    if methods is not None:
        liar.metadata = {"token_endpoint_auth_methods_supported": methods}
    await party(http, client_secret=secret).redeem(ANSWER, CHALLENGE)
    (asked,) = [request for request in liar.asked if request.url.path.endswith("/token")]
    assert asked.headers.get("authorization") == (f"Basic {basic}" if basic else None)
    assert {name: values[0] for name, values in parse_qs(asked.content.decode()).items()} == {
        "grant_type": "authorization_code",
        "code": "code",
        "redirect_uri": CHALLENGE.redirect_uri,
        "code_verifier": CHALLENGE.verifier,
        **form,
    }


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://elsewhere.example.org"},
        {"token_endpoint": "http://id.example.org/token"},
        {"jwks_uri": "http://id.example.org/jwks"},
        {"userinfo_endpoint": "ftp://id.example.org/userinfo"},
        {"token_endpoint": None},
        {"padding": "x" * 300_000},
    ],
    ids=lambda metadata: next(iter(metadata)),
)
async def test_a_provider_that_is_none_is_not_available(
    liar: Liar, http: httpx.AsyncClient, metadata: dict[str, Any]
) -> None:
    liar.metadata = metadata
    with pytest.raises(ProviderUnavailable):
        await party(http).authorization_url(CHALLENGE)


async def test_a_provider_that_breaks_meanwhile_is_not_available(liar: Liar, http: httpx.AsyncClient) -> None:
    known = party(http)
    await known.authorization_url(CHALLENGE)
    liar.broken = True
    with pytest.raises(ProviderUnavailable):
        await known.redeem(ANSWER, CHALLENGE)


async def test_a_provider_that_was_never_reached_is_not_asked_for_each_who_waits(
    liar: Liar, http: httpx.AsyncClient
) -> None:
    liar.broken = True
    discovery = Discovery(provider(), http)
    outcomes = await asyncio.gather(*(discovery.metadata() for _ in range(5)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {ProviderUnavailable}
    assert len(liar.asked) == 1
    liar.broken = False
    with pytest.raises(ProviderUnavailable):
        await discovery.metadata()
    discovery._tried -= 60
    assert (await discovery.metadata()).issuer == ISSUER


async def test_a_key_is_looked_for_once_however_long_that_takes() -> None:
    liar = Liar()
    discovery: Discovery

    async def answer(request: httpx.Request) -> httpx.Response:
        # As long as a provider may take that does not answer.
        discovery._tried -= 60
        return liar.answer(request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        discovery = Discovery(provider(), http)
        await discovery.metadata()
        discovery._tried -= 60
        liar.broken = True
        liar.asked.clear()
        await asyncio.gather(*(discovery.keys("another") for _ in range(5)))
    assert len(liar.asked) == 1


async def test_whoever_leaves_is_sent_where_the_provider_ends_its_session(
    liar: Liar, http: httpx.AsyncClient
) -> None:
    assert await party(http).end_session_url("id-token", "https://minutier.example.org/") is None
    liar.metadata = {"end_session_endpoint": f"{ISSUER}/logout"}
    url = await party(http).end_session_url("id-token", "https://minutier.example.org/")
    assert url is not None
    given = parse_qs(urlsplit(url).query)
    assert given["id_token_hint"] == ["id-token"]
    assert given["post_logout_redirect_uri"] == ["https://minutier.example.org/"]


async def test_an_id_token_is_no_token_for_the_api(liar: Liar, http: httpx.AsyncClient) -> None:
    token = signed(liar.all_claims, liar.keys[0], "ES256")
    with pytest.raises(InvalidToken, match="aud"):
        await Tokens({"acme": provider()}, http).person(token)
    with pytest.raises(ValueError, match="audience other than client_id"):
        provider(audience=CLIENT)


async def test_whom_a_provider_is_slow_to_answer_for_keeps_nobody_else_waiting() -> None:
    liar, hangs, go_on = Liar(), asyncio.Event(), asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        if len(liar.asked) >= 2:
            hangs.set()
            await go_on.wait()
        return liar.answer(request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        discovery = Discovery(provider(), http)
        known = str(liar.keys[0].kid)
        await discovery.keys(known)
        discovery._tried -= 60
        waiting = asyncio.create_task(discovery.keys("another"))
        await asyncio.wait_for(hangs.wait(), 5)
        keys = await asyncio.wait_for(discovery.keys(known), 5)
        assert known in {key.kid for key in keys.keys}
        assert not waiting.done()
        go_on.set()
        await waiting


@pytest.mark.parametrize("part", [0, 1])
async def test_what_is_nested_without_end_is_no_token(http: httpx.AsyncClient, part: int) -> None:
    parts = [json.dumps({"alg": "ES256"}), json.dumps({"iss": ISSUER})]
    parts[part] = "[" * 5000
    token = ".".join(base64.urlsafe_b64encode(one.encode()).rstrip(b"=").decode() for one in (*parts, "x"))
    with pytest.raises(InvalidToken):
        await Tokens({"acme": provider()}, http).person(token)
