"""Every SQL statement about the audit log."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.retention.audit.domain import NOTHING, Action, Deed, Entry, Head, link
from minutier.retention.audit.models import ChainRow, EntryRow
from minutier.retention.audit.ports import FORM, Purged, Segment
from minutier.retention.policies.models import TenantRow
from minutier.shared.tenants import confine, run, within

# What query tells of its access log: how many rows, and their digest.
_HAS_ACCESSES = text(
    "select to_regprocedure('query.prove_accesses(text, bigint, bigint, integer)') is not null"
)
_READ_ACCESSES = {
    1: text("select rows, last_id, digest, 0 from query.digest_accesses(:tenant, :after, :through, :most)"),
    2: text(
        "select rows, last_id, digest, erased from query.prove_accesses(:tenant, :after, :through, :most)"
    ),
}
# Which recordings a row was of is in what was anchored: it can be said to have gone with one of these alone.
_PURGED = text("""
    select
        coalesce(sum(rows) filter (where issued_at > :at), 0),
        coalesce(sum(rows) filter (where issued_at <= :at and not ordered), 0),
        coalesce(sum(rows) filter (where ordered and not coalesce(issued_at > :at, false)), 0),
        coalesce(sum(rows) filter (where issued_at is null and not ordered), 0)
    from query.accesses_erased(:tenant, :after, :through) cross join lateral (
        select
            (
                select max(cast(record ->> 'issued_at' as timestamptz))
                from disposals
                cross join lateral (select cast(entry as jsonb) -> 'record' as record) as signed
                where tenant = :tenant and recording_id = any(recordings) and record -> 'kinds' ? 'access_log'
            ) as issued_at,
            exists (
                select from purge_items where tenant = :tenant and recording_id = any(recordings)
                    and 'access_log' = any(kinds) and state = any(:open)
                    and coalesce(ended_at, 'infinity') > :at
            ) as ordered
    ) as account
""")
# Of these something may be erased, and there is no record yet; or never, since a hold came in between.
_OPEN = ["ordered", "answered", "stopped"]
_MOST_ACCESSES = 10_000


class AuditLog:
    """One tenant's audit log, in the transaction of ``session``, which is confined to it."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session = session
        self._tenant = tenant

    @property
    def tenant(self) -> str:
        return self._tenant

    async def write(self, deed: Deed) -> Entry:
        await self.lock()
        # The database's clock is one for all replicas, and is read when nobody else writes.
        at = (await self._session.exec(select(func.clock_timestamp()))).one()
        entry = link(self._tenant, deed, after=await self.head(), at=at)
        await self._session.exec(
            insert(EntryRow).values(
                tenant=entry.tenant,
                number=entry.number,
                at=entry.at,
                actor=entry.actor,
                action=entry.action,
                things=entry.things,
                detail=entry.detail,
                previous=entry.previous,
                hash=entry.hash,
            )
        )
        return entry

    async def lock(self) -> None:
        new = insert(ChainRow).values(tenant=self._tenant, anchored=0)
        await self._session.exec(new.on_conflict_do_nothing())
        await self._session.exec(
            select(ChainRow.tenant).where(ChainRow.tenant == self._tenant).with_for_update()
        )

    async def head(self) -> Head:
        statement = (
            select(EntryRow.number, EntryRow.hash)
            .where(EntryRow.tenant == self._tenant)
            .order_by(col(EntryRow.number).desc())
            .limit(1)
        )
        last = (await self._session.exec(statement)).one_or_none()
        return Head(*last) if last else NOTHING

    async def anchored(self) -> int:
        statement = select(ChainRow.anchored).where(ChainRow.tenant == self._tenant)
        return (await self._session.exec(statement)).one_or_none() or 0

    async def settle(self, number: int) -> None:
        await self._session.exec(
            update(ChainRow)
            .where(col(ChainRow.tenant) == self._tenant)
            .values(anchored=func.greatest(col(ChainRow.anchored), number))
        )

    async def page(
        self, *, limit: int, after: int | None = None, action: Action | None = None
    ) -> Sequence[Entry]:
        statement = (
            select(EntryRow)
            .where(EntryRow.tenant == self._tenant)
            .order_by(col(EntryRow.number).desc())
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(col(EntryRow.number) < after)
        if action is not None:
            statement = statement.where(EntryRow.action == action.value)
        return [_entry(row) for row in await self._session.exec(statement)]

    async def batch(self, after: int, limit: int) -> Sequence[Entry]:
        statement = (
            select(EntryRow)
            .where(EntryRow.tenant == self._tenant, col(EntryRow.number) > after)
            .order_by(col(EntryRow.number))
            .limit(limit)
        )
        return [_entry(row) for row in await self._session.exec(statement)]

    async def segments(self, after: int, limit: int) -> Sequence[tuple[Segment, datetime]]:
        through = col(EntryRow.detail)["through"].as_integer()
        statement = (
            select(EntryRow.detail, EntryRow.at)
            .where(
                EntryRow.tenant == self._tenant,
                EntryRow.action == Action.ACCESS_LOG_ANCHORED.value,
                through > after,
            )
            .order_by(col(EntryRow.number))
            .limit(limit)
        )
        return [(Segment(**detail), at) for detail, at in await self._session.exec(statement)]

    async def last_segment(self) -> Segment | None:
        statement = (
            select(EntryRow.detail)
            .where(EntryRow.tenant == self._tenant, EntryRow.action == Action.ACCESS_LOG_ANCHORED.value)
            .order_by(col(EntryRow.number).desc())
            .limit(1)
        )
        detail = (await self._session.exec(statement)).one_or_none()
        return Segment(**detail) if detail else None

    async def read_accesses(
        self, after: int, through: int | None = None, *, form: int = FORM
    ) -> Segment | None:
        if not (await run(self._session, _HAS_ACCESSES, {})).scalar_one():
            return None
        given = {"tenant": self._tenant, "after": after, "through": through, "most": _MOST_ACCESSES}
        rows, last_id, digest, purged = (await run(self._session, _READ_ACCESSES[form], given)).one()
        return Segment(after, last_id if through is None else through, rows, digest, form, purged)

    async def purged(self, segment: Segment, anchored_at: datetime) -> Purged:
        given = {"tenant": self._tenant, "after": segment.after, "through": segment.through}
        asked = {**given, "at": anchored_at, "open": _OPEN}
        return Purged(*map(int, (await run(self._session, _PURGED, asked)).one()))


class AuditLogs:
    """The audit log of each tenant."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def joining(self, session: AsyncSession, tenant: str) -> AuditLog:
        """In a transaction that has begun, which is then confined to ``tenant``."""
        await confine(session, tenant)
        return AuditLog(session, tenant)

    @asynccontextmanager
    async def of(self, tenant: str) -> AsyncIterator[AuditLog]:
        async with within(self._engine, tenant) as session:
            yield AuditLog(session, tenant)

    async def tenants(self) -> Sequence[str]:
        """Also those of which nothing was written down yet, but something may have been read."""
        async with within(self._engine) as session:
            known = select(TenantRow.tenant).union(select(ChainRow.tenant))
            return sorted((await (await session.connection()).execute(known)).scalars())


def _entry(row: EntryRow) -> Entry:
    return Entry(
        tenant=row.tenant,
        number=row.number,
        at=row.at.astimezone(UTC),
        actor=row.actor,
        action=row.action,
        things=row.things,
        detail=row.detail,
        previous=row.previous,
        hash=row.hash,
    )
