"""Every SQL statement about signing in."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta

from pydantic import TypeAdapter
from sqlalchemy import Delete, delete, func, or_, tuple_, update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.schemas.clock import now
from minutier.shared.identity.domain import Person
from minutier.shared.identity.models import SessionRow, SignInRow
from minutier.shared.identity.ports import Session, SignIn
from minutier.shared.identity.relying_party import Challenge
from minutier.shared.identity.site import random_id

_PERSON = TypeAdapter(Person)
_SIGN_IN_TIME = timedelta(minutes=10)
# Whoever begins more than this pushes out the oldest, of their address first and then of all: a whole
# organisation may come from one address, so nobody there is refused for what others of it do.
_OF_AN_ADDRESS = 200
_OF_ALL = 10_000
# A session that was used is noted as such no more often.
_NOTED = timedelta(minutes=1)


class SignIns:
    """Sign-ins that were begun."""

    def __init__(
        self, engine: AsyncEngine, *, of_an_address: int = _OF_AN_ADDRESS, of_all: int = _OF_ALL
    ) -> None:
        self._engine = engine
        self._of_an_address = of_an_address
        self._of_all = of_all

    async def begin(self, sign_in: SignIn, address: str) -> None:
        """Keep one, rather than the oldest where ``address`` or all have too many."""
        row = SignInRow(
            state=_digest(sign_in.challenge.state),
            browser=_digest(sign_in.browser),
            provider=sign_in.provider,
            nonce=sign_in.challenge.nonce,
            verifier=sign_in.challenge.verifier,
            redirect_uri=sign_in.challenge.redirect_uri,
            return_path=sign_in.return_path,
            address=address,
        )
        newest = select(SignInRow.state).order_by(col(SignInRow.created_at).desc())
        theirs = newest.where(SignInRow.address == address)
        async with AsyncSession(self._engine) as session, session.begin():
            await session.exec(
                delete(SignInRow).where(col(SignInRow.created_at) < func.now() - _SIGN_IN_TIME)
            )
            session.add(row)
            await session.flush()
            for too_many in (theirs.offset(self._of_an_address), newest.offset(self._of_all)):
                await session.exec(delete(SignInRow).where(col(SignInRow.state).in_(too_many)))

    async def take(self, state: str, browser: str) -> SignIn | None:
        """The one that this browser has begun, once."""
        statement = (
            delete(SignInRow)
            .where(
                col(SignInRow.state) == _digest(state),
                col(SignInRow.browser) == _digest(browser),
                col(SignInRow.created_at) >= func.now() - _SIGN_IN_TIME,
            )
            .returning(SignInRow)
        )
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            row = (await session.exec(statement)).scalar_one_or_none()
        if row is None:
            return None
        challenge = Challenge(state, row.nonce, row.verifier, row.redirect_uri)
        return SignIn(row.provider, challenge, browser, row.return_path)


class Sessions:
    """Who is signed in; a session ends ``lasting`` after it began, and ``idle`` after it was last used."""

    def __init__(self, engine: AsyncEngine, *, lasting: timedelta, idle: timedelta) -> None:
        self._engine = engine
        self._lasting = lasting
        self._idle = idle

    async def open(self, session: Session, standing: str) -> str:
        """The secret of a new session."""
        secret = random_id()
        row = SessionRow(
            id=_digest(secret),
            provider=session.provider,
            standing=standing,
            person=_PERSON.dump_python(session.person, mode="json"),
            id_token=session.id_token,
        )
        async with AsyncSession(self._engine) as database, database.begin():
            await database.exec(self._over())
            database.add(row)
        return secret

    async def find(self, secret: str, standings: Mapping[str, str]) -> Session | None:
        """One that has not ended, and whose provider is among ``standings`` as it was then."""
        statement = select(SessionRow).where(
            SessionRow.id == _digest(secret),
            col(SessionRow.created_at) >= func.now() - self._lasting,
            col(SessionRow.used_at) >= func.now() - self._idle,
            tuple_(col(SessionRow.provider), col(SessionRow.standing)).in_(list(standings.items())),
        )
        noted = update(SessionRow).where(col(SessionRow.id) == _digest(secret)).values(used_at=func.now())
        async with AsyncSession(self._engine, expire_on_commit=False) as database, database.begin():
            row = (await database.exec(statement)).first()
            if row is None:
                return None
            if now() - row.used_at > _NOTED:
                await database.exec(noted)
        return _session(row)

    async def close(self, secret: str) -> Session | None:
        """End one; what it was."""
        statement = delete(SessionRow).where(col(SessionRow.id) == _digest(secret)).returning(SessionRow)
        async with AsyncSession(self._engine, expire_on_commit=False) as database, database.begin():
            row = (await database.exec(statement)).scalar_one_or_none()
        return None if row is None else _session(row)

    async def sweep(self) -> None:
        """Forget those that have ended, as whoever signs in does too."""
        async with AsyncSession(self._engine) as database, database.begin():
            await database.exec(self._over())

    def _over(self) -> Delete:
        return delete(SessionRow).where(
            or_(
                col(SessionRow.created_at) < func.now() - self._lasting,
                col(SessionRow.used_at) < func.now() - self._idle,
            )
        )


def _session(row: SessionRow) -> Session:
    return Session(row.provider, _PERSON.validate_python(row.person), row.id_token)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
