"""Every SQL statement about holds."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC
from enum import IntEnum
from itertools import groupby
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, text, true, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.retention.holds.domain import Hold, Release, Search
from minutier.retention.holds.models import HeldRow, HoldRow
from minutier.retention.holds.ports import Change, Seen, Standing
from minutier.retention.policies.models import RecordingRow, TenantRow
from minutier.retention.policies.repository import known_tenants
from minutier.shared.tenants import confine, run, within

_SEARCH: TypeAdapter[Search] = TypeAdapter(Search)

# Whoever deletes something of a recording shares the lock of its number; see the migration.
_LOCK = text("""
    select pg_advisory_xact_lock(hashtext('retention.held'), number)
    from (
        select distinct retention.lock_number(id) as number
        from unnest(cast(:ids as uuid[])) as given (id) order by number
    ) as numbers
""")
_LOCK_ALL = text("""
    select pg_advisory_xact_lock(hashtext('retention.held'), number)
    from generate_series(0, retention.lock_numbers() - 1) as number
""")


class Telling(IntEnum):
    """What others know of a hold on a recording."""

    NOTHING = 0
    PLACED = 1
    RELEASED = 2


class Holds:
    """One tenant's holds, in the transaction of ``session``, which is confined to it."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session = session
        self._tenant = tenant

    async def add(self, hold: Hold) -> None:
        await self._session.exec(
            insert(HoldRow).values(
                id=hold.id,
                tenant=self._tenant,
                matter=hold.matter,
                reason=hold.reason,
                placed_by=hold.placed_by,
                placed_at=hold.placed_at,
                search=hold.search and _SEARCH.dump_python(hold.search, mode="json"),
            )
        )

    async def cover(self, hold_id: UUID, recordings: Collection[UUID]) -> Sequence[UUID]:
        ids = list(recordings)
        if not ids:
            return []
        await run(self._session, _LOCK, {"ids": ids})
        await self._cover(hold_id, col(RecordingRow.id).in_(ids))
        known = select(RecordingRow.id).where(
            RecordingRow.tenant == self._tenant, col(RecordingRow.id).in_(ids)
        )
        found = set(await self._session.exec(known))
        return [each for each in ids if each not in found]

    async def cover_found(self, hold: Hold) -> None:
        if hold.search is None:
            return
        await run(self._session, _LOCK_ALL, {})
        await self._cover(hold.id, _found_by(hold.search))

    async def standing(self) -> Sequence[Hold]:
        statement = select(HoldRow).where(
            HoldRow.tenant == self._tenant,
            col(HoldRow.released_at).is_(None),
            col(HoldRow.search).is_not(None),
        )
        return [_hold(row) for row in await self._session.exec(statement)]

    async def find(self, hold_id: UUID, *, locked: bool = False) -> Hold | None:
        statement = select(HoldRow).where(HoldRow.id == hold_id, HoldRow.tenant == self._tenant)
        if locked:
            statement = statement.with_for_update()
        row = (await self._session.exec(statement, execution_options=_FRESH)).one_or_none()
        return _hold(row) if row else None

    async def release(self, hold_id: UUID, release: Release) -> None:
        await self._session.exec(
            update(HoldRow)
            .where(col(HoldRow.id) == hold_id, col(HoldRow.tenant) == self._tenant)
            .values(released_by=release.by, released_at=release.at, release_reason=release.reason)
        )
        await self._session.exec(
            update(HeldRow)
            .where(col(HeldRow.hold_id) == hold_id, col(HeldRow.tenant) == self._tenant)
            .values(released=True, stale=True, version=HeldRow.version + 1)
        )

    async def page(self, *, limit: int, after: UUID | None = None) -> Sequence[Standing]:
        statement = select(HoldRow).where(HoldRow.tenant == self._tenant)
        if after is not None:
            last = select(HoldRow.placed_at).where(HoldRow.id == after).scalar_subquery()
            statement = statement.where(
                tuple_(col(HoldRow.placed_at), col(HoldRow.id)) < tuple_(last, literal(after))
            )
        statement = statement.order_by(col(HoldRow.placed_at).desc(), col(HoldRow.id).desc()).limit(limit)
        holds = [_hold(row) for row in await self._session.exec(statement)]
        counts = await self._counts([hold.id for hold in holds])
        return [Standing(hold, *counts.get(hold.id, (0, 0))) for hold in holds]

    async def counted(self, hold: Hold) -> Standing:
        counts = await self._counts([hold.id])
        return Standing(hold, *counts.get(hold.id, (0, 0)))

    async def covered(self, hold_id: UUID, *, limit: int, after: UUID | None = None) -> Sequence[UUID]:
        statement = (
            select(HeldRow.recording_id)
            .where(HeldRow.tenant == self._tenant, HeldRow.hold_id == hold_id)
            .order_by(col(HeldRow.recording_id))
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(col(HeldRow.recording_id) > after)
        return list(await self._session.exec(statement))

    async def of(self, recording_id: UUID) -> Sequence[Hold]:
        statement = (
            select(HoldRow)
            .join(HeldRow, col(HeldRow.hold_id) == col(HoldRow.id))
            .where(
                HoldRow.tenant == self._tenant,
                HeldRow.recording_id == recording_id,
                col(HeldRow.released).is_(False),
            )
            .order_by(col(HoldRow.placed_at), col(HoldRow.id))
        )
        return [_hold(row) for row in await self._session.exec(statement)]

    async def renew(self, recording_id: UUID) -> None:
        await self._session.exec(
            update(HeldRow)
            .where(
                col(HeldRow.recording_id) == recording_id,
                col(HeldRow.tenant) == self._tenant,
                col(HeldRow.released).is_(False),
            )
            .values(stale=True, version=HeldRow.version + 1)
        )

    async def changes(self, *, limit: int) -> Sequence[Change]:
        stale = (
            select(HeldRow.recording_id)
            .where(HeldRow.tenant == self._tenant, col(HeldRow.stale))
            .distinct()
            .order_by(col(HeldRow.recording_id))
            .limit(limit)
        )
        statement = (
            select(HeldRow)
            .where(HeldRow.tenant == self._tenant, col(HeldRow.recording_id).in_(stale))
            .order_by(col(HeldRow.recording_id), col(HeldRow.hold_id))
        )
        rows = (await self._session.exec(statement)).all()
        return [
            _change(recording_id, list(of_it))
            for recording_id, of_it in groupby(rows, key=lambda row: row.recording_id)
        ]

    async def settle(self, change: Change) -> None:
        seen = [(each.hold_id, each.version) for each in change.seen]
        known = case((col(HeldRow.released), Telling.RELEASED.value), else_=Telling.PLACED.value)
        await self._session.exec(
            update(HeldRow)
            .where(
                col(HeldRow.recording_id) == change.recording_id,
                col(HeldRow.tenant) == self._tenant,
                tuple_(col(HeldRow.hold_id), col(HeldRow.version)).in_(seen),
            )
            .values(stale=False, told=known)
        )

    async def _counts(self, holds: Sequence[UUID]) -> Mapping[UUID, tuple[int, int]]:
        statement = (
            select(HeldRow.hold_id, func.count(), func.count().filter(col(HeldRow.stale)))
            .where(HeldRow.tenant == self._tenant, col(HeldRow.hold_id).in_(holds))
            .group_by(col(HeldRow.hold_id))
        )
        rows = await self._session.exec(statement)
        return {hold_id: (covered, stale) for hold_id, covered, stale in rows}

    async def _cover(self, hold_id: UUID, which: ColumnElement[bool]) -> None:
        found = select(literal(hold_id), RecordingRow.id, RecordingRow.tenant).where(
            RecordingRow.tenant == self._tenant, which
        )
        columns = ["hold_id", "recording_id", "tenant"]
        await self._session.exec(insert(HeldRow).from_select(columns, found).on_conflict_do_nothing())


class Boards:
    """The holds of each tenant."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def joining(self, session: AsyncSession, tenant: str) -> Holds:
        """In a transaction that has begun, which is then confined to ``tenant``."""
        await confine(session, tenant)
        return Holds(session, tenant)

    async def behind(self) -> Sequence[str]:
        """Tenants of which the store does not know everything yet."""
        async with within(self._engine, *await known_tenants(self._engine)) as session:
            stale = exists().where(col(HeldRow.tenant) == col(TenantRow.tenant), col(HeldRow.stale))
            return list(await session.exec(select(TenantRow.tenant).where(stale)))


# What a session has met before is read once more: it may have changed before the row was locked.
_FRESH = {"populate_existing": True}


def _found_by(search: Search) -> ColumnElement[bool]:
    """As `Search.covers`."""
    source, met = col(RecordingRow.source), col(RecordingRow.met_at)
    conditions: list[ColumnElement[bool]] = [true()]
    if search.source is not None:
        conditions.append(or_(source.is_(None), source == search.source))
    if search.record_class is not None:
        conditions.append(col(RecordingRow.record_class) == search.record_class)
    if search.label is not None:
        conditions.append(col(RecordingRow.labels).contains([search.label]))
    if search.met_since is not None:
        conditions.append(or_(met.is_(None), met >= search.met_since))
    if search.met_before is not None:
        conditions.append(or_(met.is_(None), met < search.met_before))
    return and_(*conditions)


def _change(recording_id: UUID, rows: Sequence[HeldRow]) -> Change:
    stale = [row for row in rows if row.stale]
    return Change(
        recording_id,
        held=any(not row.released for row in rows),
        seen=tuple(Seen(row.hold_id, row.version) for row in stale),
        placed=tuple(row.hold_id for row in stale if row.told < Telling.PLACED),
        released=tuple(row.hold_id for row in stale if row.released and row.told < Telling.RELEASED),
    )


def _hold(row: HoldRow) -> Hold:
    release = None
    if row.released_by is not None and row.released_at is not None and row.release_reason is not None:
        release = Release(row.released_by, row.released_at.astimezone(UTC), row.release_reason)
    return Hold(
        id=row.id,
        tenant=row.tenant,
        matter=row.matter,
        reason=row.reason,
        placed_by=row.placed_by,
        placed_at=row.placed_at.astimezone(UTC),
        search=_SEARCH.validate_python(row.search) if row.search is not None else None,
        release=release,
    )
