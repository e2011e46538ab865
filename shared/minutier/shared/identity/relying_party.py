"""Signing in at an OpenID provider: the authorization code flow with PKCE, as its client."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError

from minutier.shared.identity.discovery import Discovery, Metadata
from minutier.shared.identity.outgoing import ask
from minutier.shared.identity.providers import Provider
from minutier.shared.identity.site import random_id
from minutier.shared.identity.tokens import LEEWAY_SECONDS, signing_key

_SIGNED = "application/jwt"
# What a token's signature is made with says what `at_hash` is.
_DIGESTS = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512, "EdDSA": hashlib.sha512}


class NotSignedIn(Exception):
    """The provider gives nobody, or what it gives proves nothing; the text says why, without quoting it."""


@dataclass(frozen=True)
class Challenge:
    """What only who began to sign in knows, and the answer has to fit."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


@dataclass(frozen=True)
class Vouched:
    """What the provider says of somebody, and the token that ends their session there."""

    claims: Mapping[str, Any]
    id_token: str


class RelyingParty:
    """This service, as one provider's client."""

    def __init__(self, provider: Provider, discovery: Discovery, http: httpx.AsyncClient) -> None:
        self._provider = provider
        self._discovery = discovery
        self._http = http

    async def authorization_url(self, challenge: Challenge) -> str:
        """Where to send whoever wants to sign in. Raises `ProviderUnavailable`."""
        metadata = await self._discovery.metadata()
        digest = hashlib.sha256(challenge.verifier.encode()).digest()
        return _with(
            metadata.authorization_endpoint,
            response_type="code",
            client_id=self._provider.client_id,
            redirect_uri=challenge.redirect_uri,
            scope=" ".join(dict.fromkeys(("openid", *self._provider.scopes))),
            state=challenge.state,
            nonce=challenge.nonce,
            code_challenge=_base64url(digest),
            code_challenge_method="S256",
        )

    async def redeem(self, answer: Mapping[str, str], challenge: Challenge) -> Vouched:
        """Who has signed in, by what the provider sent them back with.

        Raises `NotSignedIn` or `ProviderUnavailable`.
        """
        metadata = await self._discovery.metadata()
        self._check(answer, metadata)
        tokens = await self._tokens(answer["code"], challenge, metadata)
        id_token, access = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access, str):
            raise NotSignedIn("the provider gave no ID token")
        claims = await self._id_claims(id_token, access, challenge, metadata)
        if metadata.userinfo_endpoint and self._provider.claims.wanted - claims.keys():
            told = await self._userinfo(metadata.userinfo_endpoint, access, metadata)
            if told.get("sub") != claims["sub"]:
                raise NotSignedIn("the provider's userinfo is of somebody else")
            claims = {**told, **claims}
        return Vouched(claims, id_token)

    async def end_session_url(self, id_token: str, back: str) -> str | None:
        """Where the provider ends its own session, if it does. Raises `ProviderUnavailable`."""
        endpoint = (await self._discovery.metadata()).end_session_endpoint
        if endpoint is None:
            return None
        return _with(
            endpoint,
            id_token_hint=id_token,
            client_id=self._provider.client_id,
            post_logout_redirect_uri=back,
            # Some providers want one, though it protects nothing here.
            state=random_id(),
        )

    def _check(self, answer: Mapping[str, str], metadata: Metadata) -> None:
        # Another provider's answer may be sent here, for its code to be sent to this one (RFC 9207).
        issuer = answer.get("iss")
        if issuer is None and metadata.authorization_response_iss_parameter_supported:
            raise NotSignedIn("the answer does not say which provider it is of")
        if issuer is not None and issuer != metadata.issuer:
            raise NotSignedIn("the answer is another provider's")
        if "error" in answer or not answer.get("code"):
            raise NotSignedIn("the provider did not let you in")

    async def _tokens(self, code: str, challenge: Challenge, metadata: Metadata) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": challenge.redirect_uri,
            "code_verifier": challenge.verifier,
        }
        auth = None
        secret, client = self._provider.client_secret, self._provider.client_id
        if secret is None:
            form["client_id"] = client
        elif "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            # As forms are encoded, and then as HTTP has it (RFC 6749, 2.3.1).
            auth = (quote_plus(client), quote_plus(secret.get_secret_value()))
        else:
            form |= {"client_id": client, "client_secret": secret.get_secret_value()}
        answer = await ask(self._http, "POST", metadata.token_endpoint, form=form, auth=auth)
        if answer.status == httpx.codes.UNAUTHORIZED:
            raise NotSignedIn("the provider does not know this service: its client is set up wrongly")
        if answer.status != httpx.codes.OK:
            raise NotSignedIn("the provider did not accept the code")
        return answer.document

    async def _id_claims(
        self, id_token: str, access: str, challenge: Challenge, metadata: Metadata
    ) -> dict[str, Any]:
        token = await self._decoded(id_token)
        client = self._provider.client_id
        try:
            jwt.JWTClaimsRegistry(
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": metadata.issuer},
                sub={"essential": True},
                aud={"essential": True, "value": client},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": challenge.nonce},
            ).validate(token.claims)
        except (JoseError, ValueError):
            raise NotSignedIn("the provider's ID token is not for this sign-in") from None
        audience = token.claims["aud"]
        several = isinstance(audience, list) and len(audience) > 1
        if (several or "azp" in token.claims) and token.claims.get("azp") != client:
            raise NotSignedIn("the provider's ID token is for another service")
        at_hash = token.claims.get("at_hash")
        if at_hash is not None and not _fits(at_hash, access, token.header["alg"]):
            raise NotSignedIn("the provider's tokens are not of one another")
        return dict(token.claims)

    async def _userinfo(self, endpoint: str, access: str, metadata: Metadata) -> dict[str, Any]:
        answer = await ask(self._http, "GET", endpoint, bearer=access)
        if answer.status != httpx.codes.OK:
            raise NotSignedIn("the provider does not say more of you")
        if answer.kind != _SIGNED:
            return answer.document
        token = await self._decoded(answer.body.decode("ascii", "replace").strip())
        try:
            jwt.JWTClaimsRegistry(
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": metadata.issuer},
                aud={"essential": True, "value": self._provider.client_id},
            ).validate(token.claims)
        except (JoseError, ValueError):
            raise NotSignedIn("the provider's userinfo is not for this service") from None
        return dict(token.claims)

    async def _decoded(self, token: str) -> jwt.Token:
        try:
            keys = await self._discovery.keys(signing_key(token))
            return jwt.decode(token, keys, algorithms=list(self._provider.algorithms))
        except (JoseError, ValueError):
            raise NotSignedIn("the provider's token is not signed with one of its keys") from None


def _fits(at_hash: object, access: str, algorithm: str) -> bool:
    """OpenID Connect Core 1.0, 3.1.3.6."""
    digest = _DIGESTS[algorithm[-3:] if algorithm != "EdDSA" else algorithm](access.encode()).digest()
    return isinstance(at_hash, str) and hmac.compare_digest(
        at_hash.encode(), _base64url(digest[: len(digest) // 2]).encode()
    )


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _with(url: str, **parameters: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}"
