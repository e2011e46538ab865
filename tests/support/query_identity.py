"""Who is signed in, in memory."""

from collections.abc import Mapping

from minutier.query.identity.ports import Parties, Session, SignIn
from minutier.query.identity.providers import Provider
from minutier.query.identity.sign_in import Entrance
from minutier.query.identity.site import random_id


class SignIns:
    """Sign-ins that were begun; each address has ``most`` of them."""

    def __init__(self, *, most: int = 100) -> None:
        self.most = most
        self.begun: list[tuple[str, SignIn]] = []

    async def begin(self, sign_in: SignIn, address: str) -> bool:
        if sum(known == address for known, _ in self.begun) >= self.most:
            return False
        self.begun.append((address, sign_in))
        return True

    async def take(self, state: str, browser: str) -> SignIn | None:
        for entry in self.begun:
            if (entry[1].challenge.state, entry[1].browser) == (state, browser):
                self.begun.remove(entry)
                return entry[1]
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
