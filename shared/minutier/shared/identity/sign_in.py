"""Signing in and out with a browser."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import structlog

from minutier.shared.identity.domain import Person, UnknownPerson, person
from minutier.shared.identity.outgoing import ProviderUnavailable
from minutier.shared.identity.ports import Parties, Session, Sessions, SignIn, SignIns
from minutier.shared.identity.providers import Provider
from minutier.shared.identity.relying_party import Challenge, NotSignedIn
from minutier.shared.identity.site import random_id

log = structlog.get_logger(__name__)


class Trouble(StrEnum):
    """Why somebody is not signed in."""

    STALE = "stale"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class Sent:
    """Where a browser is to go."""

    url: str


@dataclass(frozen=True)
class SignedIn:
    """The secret of a browser's new session, and where it wanted to go."""

    secret: str
    return_path: str


class Entrance:
    """Lets browsers in whose people a provider vouches for, and out again."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        parties: Mapping[str, Parties],
        *,
        sign_ins: SignIns,
        sessions: Sessions,
    ) -> None:
        self.providers = providers
        self._parties = parties
        self._sign_ins = sign_ins
        self._sessions = sessions

    async def begin(
        self, provider: str, *, browser: str, address: str, redirect_uri: str, return_path: str
    ) -> Sent | Trouble:
        """Where the provider asks who it is."""
        challenge = Challenge(random_id(), random_id(), random_id(), redirect_uri)
        try:
            # First, so that what is kept is only kept of providers that answer.
            url = await self._parties[provider].authorization_url(challenge)
        except ProviderUnavailable:
            log.warning("identity provider not available", provider=provider)
            return Trouble.UNAVAILABLE
        await self._sign_ins.begin(SignIn(provider, challenge, browser, return_path), address)
        return Sent(url)

    async def finish(
        self, provider: str, *, browser: str, answer: Mapping[str, str], before: str | None
    ) -> SignedIn | Trouble:
        """A session for whom the provider sends back; ``before`` is the secret of one that it replaces."""
        sign_in = await self._sign_ins.take(answer.get("state", ""), browser)
        if sign_in is None or sign_in.provider != provider:
            return Trouble.STALE
        try:
            vouched = await self._parties[provider].redeem(answer, sign_in.challenge)
            found = person(provider, vouched.claims, self.providers[provider].claims)
        except NotSignedIn as error:
            log.warning("sign-in refused", provider=provider, reason=str(error))
            return Trouble.REFUSED
        except UnknownPerson:
            log.warning("sign-in of nobody known", provider=provider)
            return Trouble.UNKNOWN
        except ProviderUnavailable:
            log.warning("identity provider not available", provider=provider)
            return Trouble.UNAVAILABLE
        if before is not None:
            await self._sessions.close(before)
        session = Session(provider, found, vouched.id_token)
        secret = await self._sessions.open(session, self.providers[provider].standing)
        return SignedIn(secret, sign_in.return_path)

    async def person(self, secret: str) -> Person | None:
        """Whose session it is, as long as the settings have its provider as it was when they signed in."""
        standings = {name: provider.standing for name, provider in self.providers.items()}
        session = await self._sessions.find(secret, standings)
        return None if session is None else session.person

    async def leave(self, secret: str, back: str) -> Sent:
        """End a session; where the provider ends its own, or else ``back``."""
        session = await self._sessions.close(secret)
        if session is None or session.provider not in self._parties:
            return Sent(back)
        try:
            url = await self._parties[session.provider].end_session_url(session.id_token, back)
        except ProviderUnavailable:
            url = None
        return Sent(url or back)
