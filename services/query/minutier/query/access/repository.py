"""Every SQL statement about grants and the access log."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, func, or_, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.query.access.domain import MOST_SHARES, Level, Origin, Share
from minutier.query.access.log import Access, Action
from minutier.query.access.ports import TooMany
from minutier.query.models import AccessRow, GrantRow, RecordingRow
from minutier.schemas.records import Kind
from minutier.shared import tombstones
from minutier.shared.identity.domain import Person
from minutier.shared.tenants import run, within

# Written at every read, and so put together once.
_WRITE = text("""
    insert into access_log (tenant, recording_id, person_id, person_name, action, detail)
    values (:tenant, :recording_id, :person_id, :person_name, :action, :detail)
""").bindparams(bindparam("detail", type_=JSONB))
_ERASE = text("""
    select erase_accesses(:id) where exists (
        select from access_log
        where recording_id = :id or recording_id is null and detail -> 'recordings' ? cast(:id as text)
    )
""")


async def erase(session: AsyncSession, recording_id: UUID) -> int:
    """Remove who has read a recording, or was shown it by a search; how many rows.

    PostgreSQL refuses unless retention has ordered it.
    """
    return (await run(session, _ERASE, {"id": recording_id})).scalar_one_or_none() or 0


async def write(
    session: AsyncSession, person: Person, action: Action, recording_id: UUID | None = None, **detail: object
) -> None:
    """Add to the access log, in the transaction of ``session``."""
    given = {
        "tenant": person.tenant,
        "recording_id": recording_id,
        "person_id": person.id,
        "person_name": person.name,
        "action": action.value,
        "detail": detail,
    }
    await run(session, _WRITE, given)


class Shares:
    """Grants, confined to the tenant of who asks; every call is one transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, person: Person, id: UUID) -> Sequence[Share]:
        """All that have been given something, the meeting's own people first."""
        statement = (
            select(GrantRow)
            .where(GrantRow.tenant == person.tenant, GrantRow.recording_id == id)
            .order_by(col(GrantRow.origin), col(GrantRow.level).desc(), col(GrantRow.principal))
        )
        async with within(self._engine, person.tenant) as session:
            return [
                Share(row.principal, Level(row.level), row.until, Origin(row.origin), row.given_by)
                for row in await session.exec(statement)
            ]

    async def give(
        self, person: Person, id: UUID, principal: str, level: Level, until: datetime | None
    ) -> None:
        """Share, or share otherwise than before; who owns it keeps that. Raises `TooMany`."""
        others = (
            select(func.count())
            .select_from(GrantRow)
            .where(
                GrantRow.tenant == person.tenant,
                GrantRow.recording_id == id,
                GrantRow.origin == Origin.SHARE.value,
                GrantRow.principal != principal,
            )
        )
        async with within(self._engine, person.tenant) as session:
            await _heed_purges(session, id)
            if (await session.exec(others)).one() >= MOST_SHARES:
                raise TooMany
            await _put(session, person, id, principal, level, until)

    async def take(self, person: Person, id: UUID, principal: str) -> bool:
        """Whether there was such a share; what the meeting gave stays."""
        statement = delete(GrantRow).where(
            col(GrantRow.tenant) == person.tenant,
            col(GrantRow.recording_id) == id,
            col(GrantRow.principal) == principal,
            col(GrantRow.origin) == Origin.SHARE.value,
        )
        async with within(self._engine, person.tenant) as session:
            return (await session.exec(statement)).rowcount > 0

    async def claim(self, person: Person, id: UUID, principal: str) -> bool:
        """Give a recording that nobody owns to ``principal``; ``False`` where somebody does."""
        owned = select(GrantRow).where(
            GrantRow.tenant == person.tenant,
            GrantRow.recording_id == id,
            GrantRow.level == int(Level.OWN),
            or_(col(GrantRow.until).is_(None), col(GrantRow.until) > func.now()),
        )
        async with within(self._engine, person.tenant) as session:
            await _heed_purges(session, id)
            # Of two who give it away at once, the second finds an owner.
            await session.exec(select(RecordingRow.id).where(RecordingRow.id == id).with_for_update())
            if (await session.exec(owned.limit(1))).first() is not None:
                return False
            await _put(session, person, id, principal, Level.OWN, None)
            return True


async def _heed_purges(session: AsyncSession, id: UUID) -> None:
    await tombstones.heed(await session.connection(), id)


async def _put(
    session: AsyncSession, person: Person, id: UUID, principal: str, level: Level, until: datetime | None
) -> None:
    given = {"level": int(level), "until": until, "given_by": person.id, "given_at": func.now()}
    insertion = insert(GrantRow).values(
        recording_id=id, principal=principal, origin=Origin.SHARE.value, tenant=person.tenant, **given
    )
    await session.exec(
        insertion.on_conflict_do_update(
            index_elements=["recording_id", "principal", "origin"],
            set_=given,
            where=col(GrantRow.level) < int(Level.OWN),
        )
    )


class AccessLog:
    """Reads of content; rows are only ever added here."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def write(
        self, person: Person, action: Action, recording_id: UUID | None = None, **detail: object
    ) -> None:
        """Before what is asked for is given: where this fails, nothing may be."""
        async with within(self._engine, person.tenant) as session:
            if recording_id is not None:
                await _heed_purges(session, recording_id)
            await write(session, person, action, recording_id, **detail)

    async def page(
        self, person: Person, *, recording_id: UUID | None, limit: int, after: int | None
    ) -> Sequence[Access]:
        """At most ``limit``, newest first, beginning behind the one with the id ``after``."""
        statement = (
            select(AccessRow)
            .where(AccessRow.tenant == person.tenant)
            .order_by(col(AccessRow.id).desc())
            .limit(limit)
        )
        if recording_id is not None:
            statement = statement.where(AccessRow.recording_id == recording_id)
        else:
            kept_apart = select(RecordingRow.id).where(
                RecordingRow.id == AccessRow.recording_id,
                col(RecordingRow.restricted).contains([Kind.ACCESS_LOG.value]),
            )
            statement = statement.where(~kept_apart.exists())
        if after is not None:
            statement = statement.where(col(AccessRow.id) < after)
        async with within(self._engine, person.tenant) as session:
            return [_access(row) for row in await session.exec(statement)]


def _access(row: AccessRow) -> Access:
    assert row.id is not None
    assert row.at is not None
    return Access(
        id=row.id,
        at=row.at,
        person_id=row.person_id,
        person_name=row.person_name,
        action=Action(row.action),
        recording_id=row.recording_id,
        detail=row.detail,
    )
