"""Every SQL statement about what waits in the pipeline, and how fast that goes."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, func, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import aliased
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.query.domain import STAGES, Entry, Fact, Kind
from minutier.query.steering.domain import Before, Pace, waiting
from minutier.query.steering.models import QueueRow, RateRow
from minutier.schemas.clock import now

_STAGES = {kind: name for name, kind in STAGES.items()}

# What the work before it counts for, against the newest: the last twenty or so make the rate.
_KEPT = 0.95
# What has waited for longer is not waited for: its message may be a dead letter that nobody told of.
_LONGEST_WAIT = timedelta(days=7)


async def enqueue(session: AsyncSession, entry: Entry) -> None:
    """Keep which stages the recording waits for or is in."""
    since = waiting(entry)
    await session.exec(
        delete(QueueRow).where(col(QueueRow.recording_id) == entry.id, col(QueueRow.stage).not_in(since))
    )
    if not since:
        return
    ingested = entry.newest(Kind.INGESTED)
    written = insert(QueueRow).values(
        [
            {
                "recording_id": entry.id,
                "stage": stage,
                "since": moment,
                "duration": ingested.duration if ingested else None,
            }
            for stage, moment in since.items()
        ]
    )
    await session.exec(
        written.on_conflict_do_update(
            index_elements=["recording_id", "stage"],
            set_={"since": written.excluded.since, "duration": written.excluded.duration},
        )
    )


async def erase(session: AsyncSession, id: UUID) -> int:
    """Let the recording wait for nothing; how many rows."""
    return (await session.exec(delete(QueueRow).where(col(QueueRow.recording_id) == id))).rowcount


async def learn(session: AsyncSession, entry: Entry, fact: Fact) -> None:
    """Keep how long a stage has taken, if that is what ``fact`` tells."""
    ingested = entry.newest(Kind.INGESTED)
    if fact.kind not in _STAGES or fact.seconds is None or ingested is None or not ingested.duration:
        return
    written = insert(RateRow).values(
        stage=_STAGES[fact.kind], sound_seconds=ingested.duration, seconds=fact.seconds
    )
    await session.exec(
        written.on_conflict_do_update(
            index_elements=["stage"],
            set_={
                "sound_seconds": _KEPT * col(RateRow.sound_seconds) + written.excluded.sound_seconds,
                "seconds": _KEPT * col(RateRow.seconds) + written.excluded.seconds,
            },
        )
    )


class Paces:
    """Of all tenants together, in figures alone."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, id: UUID) -> Pace:
        """What is before a recording, and how fast that goes."""
        other = aliased(QueueRow)
        earlier = and_(
            col(other.stage) == col(QueueRow.stage),
            tuple_(col(other.since), col(other.recording_id))
            < tuple_(col(QueueRow.since), col(QueueRow.recording_id)),
            col(other.since) > now() - _LONGEST_WAIT,
        )
        # One whose length nobody knows yet is taken to be as long as this one.
        sound = func.coalesce(func.sum(func.coalesce(col(other.duration), col(QueueRow.duration), 0.0)), 0.0)
        statement = (
            select(col(QueueRow.stage), func.count(col(other.recording_id)), sound)
            .join(other, earlier)
            .where(QueueRow.recording_id == id)
            .group_by(col(QueueRow.stage))
        )
        async with AsyncSession(self._engine) as session:
            before = {
                stage: Before(count, seconds) for stage, count, seconds in await session.exec(statement)
            }
            rates = list(await session.exec(select(RateRow)))
        return Pace(before, {row.stage: row.seconds / row.sound_seconds for row in rates})
