"""Which recordings nobody wants anything of any more, by when that was said.

An event says since when the work that it asks for is wanted. Work that was wanted before its recording was
cancelled is not done, and whatever follows from it is as old. What is asked for later is done, in whatever
order a service hears of it all.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    MetaData,
    Table,
    Uuid,
    bindparam,
    delete,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.schemas.events import AnyEvent, RecordingCancelled
from minutier.shared import erasures
from minutier.shared.errors import Cancelled

_LOOK_SECONDS = 1.0

metadata = MetaData()

cancellations = Table(
    "cancellations",
    metadata,
    Column("recording_id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
)

_NEW = insert(cancellations)
_KEEP = _NEW.on_conflict_do_update(
    index_elements=[cancellations.c.recording_id],
    set_={"at": func.greatest(cancellations.c.at, _NEW.excluded.at)},
)
_COVERING = (
    select(cancellations.c.recording_id)
    .where(
        cancellations.c.recording_id == bindparam("of_recording"), cancellations.c.at >= bindparam("wanted")
    )
    .union_all(erasures.COVERING)
)
_ARE_KEPT = text("select to_regclass('cancellations') is not null")


async def keep(session: AsyncSession, event: RecordingCancelled) -> None:
    """What was wanted of the recording until now is not done from when the transaction has ended well."""
    await (await session.connection()).execute(_KEEP, {"recording_id": event.subject, "at": event.time})


async def cover(connection: AsyncConnection, recording_id: UUID, wanted_since: datetime) -> bool:
    """Whether the recording was cancelled, or somebody erased from it, after something of it was wanted."""
    asked = {"of_recording": recording_id, "wanted": wanted_since}
    return (await connection.execute(_COVERING, asked)).first() is not None


async def forget(connection: AsyncConnection, recordings: Collection[UUID]) -> Counter[UUID]:
    """Remove what is known of recordings of which nothing is to be left; gives how many rows of each.

    A service that heeds no cancellations has none.
    """
    if not (await connection.execute(_ARE_KEPT)).scalar_one():
        return Counter()
    gone = delete(cancellations).where(cancellations.c.recording_id.in_(recordings))
    return Counter((await connection.execute(gone.returning(cancellations.c.recording_id))).scalars())


@asynccontextmanager
async def while_wanted(engine: AsyncEngine, event: AnyEvent) -> AsyncIterator[None]:
    """Raises `Cancelled`, before or in place of what is done in the context, once nobody wants it."""
    if await _covers(engine, event):
        raise Cancelled
    end = asyncio.timeout(None)
    try:
        async with end:
            watching = asyncio.create_task(_end_once_cancelled(engine, event, end))
            try:
                yield
            finally:
                watching.cancel()
    except TimeoutError:
        if end.expired():
            raise Cancelled from None
        raise


async def _end_once_cancelled(engine: AsyncEngine, event: AnyEvent, end: asyncio.Timeout) -> None:
    """What one replica has kept all others find, however they have come by their messages."""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        with suppress(SQLAlchemyError, OSError):
            if await _covers(engine, event):
                end.reschedule(asyncio.get_running_loop().time())
                return


async def _covers(engine: AsyncEngine, event: AnyEvent) -> bool:
    async with engine.connect() as connection:
        return await cover(connection, event.subject, event.wanted_since)


def create_table(connection: Connection) -> None:
    """For the migration of a service that heeds cancellations."""
    metadata.create_all(connection)
