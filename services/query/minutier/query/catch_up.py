"""Deriving, once, what an earlier version of this service did not derive yet."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.query import repository
from minutier.query.database import within

_BATCH = 100


async def catch_up(engine: AsyncEngine) -> None:
    """Until nothing is left; several replicas may do so at once."""
    while batch := await repository.underived(engine, limit=_BATCH):
        for recording_id, tenant in batch.items():
            await _derive(engine, recording_id, tenant)


async def _derive(engine: AsyncEngine, id: UUID, tenant: str) -> None:
    async with within(engine, tenant) as session:
        entry = await repository.locked(session, id)
        if entry is not None:
            await repository.derive(session, entry)
