"""Which events a service has acted on, recorded in the transaction of the effect."""

from dataclasses import asdict, dataclass
from uuid import UUID, uuid4

from sqlalchemy import Column, DateTime, Index, MetaData, Table, Text, Uuid, bindparam, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from minutier.shared.errors import AlreadyDone, Superseded

metadata = MetaData()

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("recording_id", Uuid, nullable=False),
    Column("claim", Uuid, nullable=False),
    Column("claimed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("completed_at", DateTime(timezone=True)),
    Index("inbox_recording", "recording_id"),
)


# Built once: building a statement costs more than sending it.
_CLAIM = (
    insert(inbox)
    .values(claim=bindparam("token"))
    .on_conflict_do_update(
        index_elements=[inbox.c.consumer, inbox.c.event_id],
        set_={"claim": bindparam("token"), "claimed_at": func.now()},
        where=inbox.c.completed_at.is_(None),
    )
    .returning(inbox.c.claim)
)
_COMPLETE = (
    update(inbox)
    .where(
        inbox.c.consumer == bindparam("of_consumer"),
        inbox.c.event_id == bindparam("of_event"),
        inbox.c.claim == bindparam("token"),
        inbox.c.completed_at.is_(None),
    )
    .values(completed_at=func.now())
)
_COMPLETE_UNCLAIMED = (
    insert(inbox)
    .values(completed_at=func.now())
    .on_conflict_do_nothing()
    # SQLAlchemy keeps no row count of an INSERT.
    .returning(inbox.c.event_id)
)


@dataclass(frozen=True)
class Delivered:
    """One event as one consumer got it."""

    consumer: str
    event_id: UUID
    recording_id: UUID


async def claim(engine: AsyncEngine, delivered: Delivered) -> UUID:
    """Take the work, from an older delivery too; raises `AlreadyDone` where its effect is there."""
    token = uuid4()
    async with engine.begin() as connection:
        taken = await connection.execute(_CLAIM, {**asdict(delivered), "token": token})
        if taken.scalar_one_or_none() is None:
            raise AlreadyDone
    return token


async def complete(connection: AsyncConnection, delivered: Delivered, token: UUID) -> None:
    """Record the effect under the claim ``token``; raises `Superseded` where a newer claim stands."""
    completed = await connection.execute(
        _COMPLETE, {"of_consumer": delivered.consumer, "of_event": delivered.event_id, "token": token}
    )
    if completed.rowcount != 1:
        raise Superseded


async def complete_unclaimed(connection: AsyncConnection, delivered: Delivered) -> None:
    """Record the effect of work too short to be claimed; raises `AlreadyDone` where it is there."""
    completed = await connection.execute(
        _COMPLETE_UNCLAIMED, {**asdict(delivered), "claim": delivered.event_id}
    )
    if completed.one_or_none() is None:
        raise AlreadyDone
