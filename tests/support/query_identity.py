"""Who is signed in, in memory."""

from collections.abc import Mapping

from minutier.shared.identity.ports import Parties, Session, SignIn
from minutier.shared.identity.providers import Provider
from minutier.shared.identity.sign_in import Entrance
from minutier.shared.identity.site import random_id


class SignIns:
    """Sign-ins that were begun."""

    def __init__(self) -> None:
        self.begun: list[SignIn] = []

    async def begin(self, sign_in: SignIn, address: str) -> None:
        self.begun.append(sign_in)

    async def take(self, state: str, browser: str) -> SignIn | None:
        for sign_in in self.begun:
            if (sign_in.challenge.state, sign_in.browser) == (state, browser):
                self.begun.remove(sign_in)
                return sign_in
        return None


class Sessions:
    """Sessions that end when they are closed."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[Session, str]] = {}

    async def open(self, session: Session, standing: str) -> str:
        secret = random_id()
        self.kept[secret] = (session, standing)
        return secret

    async def find(self, secret: str, standings: Mapping[str, str]) -> Session | None:
        session, standing = self.kept.get(secret, (None, ""))
        return session if session and standings.get(session.provider) == standing else None

    async def close(self, secret: str) -> Session | None:
        return self.kept.pop(secret, (None, ""))[0]


def entrance(
    providers: Mapping[str, Provider] | None = None,
    parties: Mapping[str, Parties] | None = None,
    *,
    sign_ins: SignIns | None = None,
    sessions: Sessions | None = None,
) -> Entrance:
    """One that nobody comes in by, unless there are providers."""
    return Entrance(
        providers or {}, parties or {}, sign_ins=sign_ins or SignIns(), sessions=sessions or Sessions()
    )
