"""For whom a transaction works: Postgres shows it the rows of those tenants, and of no other."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

_SET = text("""
    select set_config(name, value, true)
    from unnest(cast(:names as text[]), cast(:values as text[])) as given (name, value)
""")


async def confine(session: AsyncSession, *tenants: str, settings: Mapping[str, str] | None = None) -> None:
    """Until its end, the transaction of ``session`` sees and writes what is of these ``tenants``.

    ``settings`` are others of Postgres that it has until then.
    """
    wanted = {"minutier.tenants": ",".join(tenants), **(settings or {})}
    await run(session, _SET, {"names": list(wanted), "values": list(wanted.values())})


@asynccontextmanager
async def within(
    engine: AsyncEngine, *tenants: str, settings: Mapping[str, str] | None = None
) -> AsyncIterator[AsyncSession]:
    """One transaction so confined; it is committed where nothing is raised."""
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        await confine(session, *tenants, settings=settings)
        yield session


async def run(
    session: AsyncSession, statement: TextClause, given: Mapping[str, object]
) -> CursorResult[*tuple[Any, ...]]:
    """A statement in SQL, in the transaction of ``session``."""
    return await (await session.connection()).execute(statement, given)
