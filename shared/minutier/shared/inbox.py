"""Which events a service has acted on, recorded in the transaction of the effect."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID, uuid4

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Index,
    MetaData,
    Table,
    Text,
    Uuid,
    bindparam,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from minutier.shared import tombstones
from minutier.shared.errors import AlreadyDone, Purged, Superseded

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


# Built once: building a statement costs more than sending it. Of what is purged there is no new row.
_UNLESS_PURGED = select(
    bindparam("consumer", type_=Text),
    bindparam("event_id", type_=Uuid),
    bindparam("recording_id", type_=Uuid),
    bindparam("token", type_=Uuid),
).where(
    or_(
        bindparam("of_purge", type_=Boolean),
        ~select(tombstones.tombstones.c.recording_id)
        .where(tombstones.tombstones.c.recording_id == bindparam("recording_id"))
        .exists(),
    )
)
_COLUMNS = ["consumer", "event_id", "recording_id", "claim"]
_CLAIM = (
    insert(inbox)
    .from_select(_COLUMNS, _UNLESS_PURGED)
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
    .from_select([*_COLUMNS, "completed_at"], _UNLESS_PURGED.add_columns(func.now()))
    .on_conflict_do_nothing()
    # SQLAlchemy keeps no row count of an INSERT.
    .returning(inbox.c.event_id)
)
_COMPLETE_ALL = text("""
    insert into inbox (consumer, event_id, recording_id, claim, completed_at)
    select :consumer, told.event_id, told.recording_id, told.event_id, now()
    from unnest(cast(:events as uuid[]), cast(:recordings as uuid[])) as told (event_id, recording_id)
    where :of_purge or not exists (select from tombstones where recording_id = told.recording_id)
    -- Another replica may have some of them in another order.
    order by told.event_id
    on conflict do nothing
    returning event_id
""")


@dataclass(frozen=True)
class Delivered:
    """One event as one consumer got it; what is told ``of_purge`` is told of what is no more."""

    consumer: str
    event_id: UUID
    recording_id: UUID
    of_purge: bool = False


async def claim(engine: AsyncEngine, delivered: Delivered) -> UUID:
    """Take the work, from an older delivery too.

    Raises `AlreadyDone` where its effect is there, and `Purged`.
    """
    token = uuid4()
    async with engine.begin() as connection:
        taken = await connection.execute(_CLAIM, {**asdict(delivered), "token": token})
        if taken.scalar_one_or_none() is None:
            await _check(connection, delivered)
            raise AlreadyDone
    return token


async def complete(connection: AsyncConnection, delivered: Delivered, token: UUID) -> None:
    """Record the effect under the claim ``token``.

    Raises `Superseded` where a newer claim stands, and `Purged`.
    """
    completed = await connection.execute(
        _COMPLETE, {"of_consumer": delivered.consumer, "of_event": delivered.event_id, "token": token}
    )
    await _check(connection, delivered)
    if completed.rowcount != 1:
        raise Superseded


async def complete_unclaimed(connection: AsyncConnection, delivered: Delivered) -> None:
    """Record the effect of work too short to be claimed.

    Raises `AlreadyDone` where it is there, and `Purged`.
    """
    completed = await connection.execute(
        _COMPLETE_UNCLAIMED, {**asdict(delivered), "token": delivered.event_id}
    )
    if completed.one_or_none() is None:
        await _check(connection, delivered)
        raise AlreadyDone


async def complete_all(connection: AsyncConnection, delivered: Sequence[Delivered]) -> set[UUID]:
    """Record the effects of several events by one consumer, all of a kind; gives the ids of those that have
    none yet, and whose recordings are not purged.
    """
    given = {
        "consumer": delivered[0].consumer,
        "of_purge": delivered[0].of_purge,
        "events": [each.event_id for each in delivered],
        "recordings": [each.recording_id for each in delivered],
    }
    return set((await connection.execute(_COMPLETE_ALL, given)).scalars())


async def forget(connection: AsyncConnection, recordings: Collection[UUID], *, but: str) -> Counter[UUID]:
    """Remove what was recorded of recordings, except by the consumer ``but``; gives how many rows of each."""
    gone = delete(inbox).where(inbox.c.recording_id.in_(recordings), inbox.c.consumer != but)
    return Counter((await connection.execute(gone.returning(inbox.c.recording_id))).scalars())


async def _check(connection: AsyncConnection, delivered: Delivered) -> None:
    if not delivered.of_purge and await tombstones.stands_for(connection, delivered.recording_id):
        raise Purged
