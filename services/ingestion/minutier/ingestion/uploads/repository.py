"""Every SQL statement about uploads."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.ingestion.domain import Identity
from minutier.ingestion.uploads.models import PromisedUpload
from minutier.schemas.clock import now


async def promise(
    session: AsyncSession, identity: Identity, details: dict[str, Any], *, expires_at: datetime
) -> None:
    """Keep what is known of an upload until it comes; the newest promise of a recording counts."""
    row = {"tenant": identity.tenant, "details": details, "expires_at": expires_at}
    statement = insert(PromisedUpload).values(recording_id=identity.recording_id, **row)
    await session.exec(statement.on_conflict_do_update(index_elements=["recording_id"], set_=row))


async def promised(session: AsyncSession, tenant: str, recording_id: UUID) -> Mapping[str, Any] | None:
    """What is known of an upload; ``None`` where none is promised, or it has come."""
    statement = select(PromisedUpload.details).where(
        PromisedUpload.recording_id == recording_id, PromisedUpload.tenant == tenant
    )
    return (await session.exec(statement)).first()


async def forget(session: AsyncSession, recording_id: UUID) -> int:
    """The number of rows that there were."""
    gone = delete(PromisedUpload).where(col(PromisedUpload.recording_id) == recording_id)
    return (await session.exec(gone)).rowcount


async def forget_expired(session: AsyncSession) -> None:
    """Nobody can send these any more."""
    await session.exec(delete(PromisedUpload).where(col(PromisedUpload.expires_at) <= now()))
