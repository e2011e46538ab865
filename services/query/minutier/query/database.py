"""For whom a transaction works: Postgres shows it the rows of those tenants, and of no other."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

_CONFINE = text("select set_config('minutier.tenants', :tenants, true)")


async def confine(session: AsyncSession, *tenants: str) -> None:
    """Until its end, the transaction of ``session`` sees and writes what is of these ``tenants``."""
    await (await session.connection()).execute(_CONFINE, {"tenants": ",".join(tenants)})


@asynccontextmanager
async def within(engine: AsyncEngine, *tenants: str) -> AsyncIterator[AsyncSession]:
    """One transaction so confined; it is committed where nothing is raised."""
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        await confine(session, *tenants)
        yield session


async def run(
    session: AsyncSession, statement: TextClause, given: Mapping[str, object]
) -> CursorResult[*tuple[Any, ...]]:
    """A statement in SQL, in the transaction of ``session``."""
    return await (await session.connection()).execute(statement, given)
