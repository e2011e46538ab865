"""Recordings that one person is erased from: what was wanted of one before has no effect any more.

It rests on what they said. What is wanted later rests on what is there instead.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Connection, DateTime, MetaData, Table, Uuid, bindparam, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from minutier.schemas.events import PurgeOrdered
from minutier.shared import tombstones

metadata = MetaData()

# An order that was stopped is taken down, and those before it count on.
erasures = Table(
    "erasures",
    metadata,
    Column("recording_id", Uuid, primary_key=True),
    Column("order_id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
)

_NOTE = insert(erasures).on_conflict_do_nothing()
_STANDING = select(erasures.c.recording_id).where(erasures.c.recording_id == bindparam("of_recording"))
COVERING = _STANDING.where(erasures.c.at > bindparam("wanted"))
_ARE_KEPT = text("select to_regclass('erasures') is not null")


async def note(engine: AsyncEngine, order: PurgeOrdered) -> None:
    """From then on no work that was wanted before has an effect; what was about to have one has had it."""
    async with engine.begin() as connection:
        row = {"recording_id": order.subject, "order_id": order.id, "at": order.time}
        await connection.execute(_NOTE, row)
    await tombstones.await_effects(engine)


async def take_down(connection: AsyncConnection, order: PurgeOrdered) -> None:
    gone = delete(erasures).where(erasures.c.recording_id == order.subject, erasures.c.order_id == order.id)
    await connection.execute(gone)


async def stand_for(connection: AsyncConnection, recording_id: UUID) -> bool:
    """Whether somebody is erased from the recording."""
    return (await connection.execute(_STANDING, {"of_recording": recording_id})).first() is not None


async def cover(connection: AsyncConnection, recording_id: UUID, wanted_since: datetime) -> bool:
    """Whether somebody was erased from the recording after something of it was wanted."""
    asked = {"of_recording": recording_id, "wanted": wanted_since}
    return (await connection.execute(COVERING, asked)).first() is not None


async def are_kept(connection: AsyncConnection) -> bool:
    """A service that does no work for recordings has none."""
    return bool((await connection.execute(_ARE_KEPT)).scalar_one())


async def forget(connection: AsyncConnection, recordings: Collection[UUID]) -> Counter[UUID]:
    """Remove what is known of recordings of which nothing is to be left; gives how many rows of each."""
    if not await are_kept(connection):
        return Counter()
    gone = delete(erasures).where(erasures.c.recording_id.in_(recordings))
    return Counter((await connection.execute(gone.returning(erasures.c.recording_id))).scalars())


def create_table(connection: Connection) -> None:
    """For the migration of a service that does work for recordings."""
    metadata.create_all(connection)
