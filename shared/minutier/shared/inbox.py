"""Which events a service has acted on, recorded in the transaction of the effect."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import Column, DateTime, Index, MetaData, Table, Text, Uuid, func, update
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


@dataclass(frozen=True)
class Delivered:
    """One event as one consumer got it."""

    consumer: str
    event_id: UUID
    recording_id: UUID


async def claim(engine: AsyncEngine, delivered: Delivered) -> UUID:
    """Take the work, from an older delivery too; raises `AlreadyDone` where its effect is there."""
    token = uuid4()
    statement = (
        insert(inbox)
        .values(
            consumer=delivered.consumer,
            event_id=delivered.event_id,
            recording_id=delivered.recording_id,
            claim=token,
        )
        .on_conflict_do_update(
            index_elements=[inbox.c.consumer, inbox.c.event_id],
            set_={"claim": token, "claimed_at": func.now()},
            where=inbox.c.completed_at.is_(None),
        )
        .returning(inbox.c.claim)
    )
    async with engine.begin() as connection:
        if (await connection.execute(statement)).scalar_one_or_none() is None:
            raise AlreadyDone
    return token


async def complete(connection: AsyncConnection, delivered: Delivered, token: UUID) -> None:
    """Record the effect under the claim ``token``; raises `Superseded` where a newer claim stands."""
    statement = (
        update(inbox)
        .where(
            inbox.c.consumer == delivered.consumer,
            inbox.c.event_id == delivered.event_id,
            inbox.c.claim == token,
            inbox.c.completed_at.is_(None),
        )
        .values(completed_at=func.now())
    )
    if (await connection.execute(statement)).rowcount != 1:
        raise Superseded


async def complete_unclaimed(connection: AsyncConnection, delivered: Delivered) -> None:
    """Record the effect of work too short to be claimed; raises `AlreadyDone` where it is there."""
    statement = (
        insert(inbox)
        .values(
            consumer=delivered.consumer,
            event_id=delivered.event_id,
            recording_id=delivered.recording_id,
            claim=delivered.event_id,
            completed_at=func.now(),
        )
        .on_conflict_do_nothing()
        # SQLAlchemy keeps no row count of an INSERT.
        .returning(inbox.c.event_id)
    )
    if (await connection.execute(statement)).one_or_none() is None:
        raise AlreadyDone
