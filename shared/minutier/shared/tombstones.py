"""Recordings of which nothing is left but their numbers: what is still told of one has no effect any more.

A number tells nothing of anybody. It is kept so that neither what a service was about to do, nor what a
meeting server announces once more, brings back what was destroyed.
"""

from uuid import UUID

from sqlalchemy import Column, Connection, DateTime, MetaData, Table, Uuid, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from minutier.shared.errors import Purged

metadata = MetaData()

tombstones = Table(
    "tombstones",
    metadata,
    Column("recording_id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

_RAISE = insert(tombstones).on_conflict_do_nothing()
# Every effect of an event begins with a row of the inbox.
_AWAIT = text("lock table inbox in share row exclusive mode")
# Whoever writes into the inbox, and be it nothing, has its lock before anything is looked for.
_STANDS = text("""
    with entered as (
        insert into inbox (consumer, event_id, recording_id, claim) select '', :id, :id, :id where false
    )
    select exists (select from tombstones where recording_id = :id)
""")


async def raise_for(engine: AsyncEngine, *recordings: UUID) -> None:
    """From then on no event of them has an effect; those that were about to have one have had it."""
    if not recordings:
        return
    async with engine.begin() as connection:
        await connection.execute(_RAISE, [{"recording_id": each} for each in recordings])
    await await_effects(engine)


async def await_effects(engine: AsyncEngine) -> None:
    """Until what had begun to have an effect has had it."""
    async with engine.begin() as connection:
        await connection.execute(_AWAIT)


async def take_down(connection: AsyncConnection, recording_id: UUID) -> None:
    await connection.execute(delete(tombstones).where(tombstones.c.recording_id == recording_id))


async def stands_for(connection: AsyncConnection, recording_id: UUID) -> bool:
    found = select(tombstones.c.recording_id).where(tombstones.c.recording_id == recording_id)
    return (await connection.execute(found)).first() is not None


async def heed(connection: AsyncConnection, recording_id: UUID) -> None:
    """For what no event has caused: whoever raises a tombstone waits until the transaction has ended.

    Raises `Purged` where one stands.
    """
    if (await connection.execute(_STANDS, {"id": recording_id})).scalar_one():
        raise Purged


def create_table(connection: Connection) -> None:
    """For the migration of a service that hears of purges."""
    metadata.create_all(connection)
