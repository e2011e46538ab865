"""What signing in needs from outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from minutier.shared.identity.domain import Person
from minutier.shared.identity.relying_party import Challenge, Vouched


@dataclass(frozen=True)
class SignIn:
    """A sign-in that was begun; ``browser`` is the secret of the browser that began it."""

    provider: str
    challenge: Challenge
    browser: str
    return_path: str


@dataclass(frozen=True)
class Session:
    """Who is signed in, at which provider, and the token that ends their session there."""

    provider: str
    person: Person
    id_token: str


class Parties(Protocol):
    """One provider, as `RelyingParty`."""

    async def authorization_url(self, challenge: Challenge) -> str: ...

    async def redeem(self, answer: Mapping[str, str], challenge: Challenge) -> Vouched: ...

    async def end_session_url(self, id_token: str, back: str) -> str | None: ...


class SignIns(Protocol):
    """Sign-ins that were begun; all are forgotten after ten minutes."""

    async def begin(self, sign_in: SignIn, address: str) -> None:
        """Keep one, rather than the oldest where ``address`` or all have too many."""
        ...

    async def take(self, state: str, browser: str) -> SignIn | None:
        """The one that this browser has begun, once."""
        ...


class Sessions(Protocol):
    """Who is signed in, by a secret that their browser has."""

    async def open(self, session: Session, standing: str) -> str:
        """The secret of a new session."""
        ...

    async def find(self, secret: str, standings: Mapping[str, str]) -> Session | None:
        """One that has not ended, and whose provider is among ``standings`` as it was then."""
        ...

    async def close(self, secret: str) -> Session | None:
        """End one; what it was."""
        ...
