"""Every SQL statement about purges."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, literal, or_, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.retention.policies.domain import Kind
from minutier.retention.policies.repository import known_tenants
from minutier.retention.purges import rows
from minutier.retention.purges.candidates.repository import Candidates
from minutier.retention.purges.domain import (
    UNENDED,
    Item,
    ItemState,
    Purge,
    Reason,
    Rows,
    State,
)
from minutier.retention.purges.models import ItemRow, PurgeRow
from minutier.retention.purges.ports import Eliminated, Total
from minutier.schemas.choreography import SUBSCRIPTIONS, erasing
from minutier.shared.erasing import are_held
from minutier.shared.identity.domain import UNKNOWN_TENANT
from minutier.shared.tenants import confine, run, within

_ENDED = (State.COMPLETED.value, State.WITHDRAWN.value)
_FRESH = {"populate_existing": True}

_TOTALS = text("""
    select state, reason, count(*), sum(versions), sum(rows), sum(messages), sum(bytes)
    from purge_items where purge_id = :purge group by state, reason order by state, reason
""")
_WAITING = text("""
    select service, count(*), min(ordered_at)
    from purge_items cross join unnest(cast(:services as text[])) as service
    where purge_id = :purge and state = 'ordered' and not answers ? service
    group by service
""")
_ASKED = text("""
    select purge_id, recording_id, tenant, kinds, whole, state, reason, ordered_at, told_at, first_try, tries,
        answers, executed_at, person, instead, null as policy_id, null as policy_version, null as inventory,
        null as digest, null as substance, null as original
    from purge_items
    where tenant = :tenant and (purge_id, recording_id) in (
        select * from unnest(cast(:purges as uuid[]), cast(:ids as uuid[]))
    )
    order by recording_id for update
""")
_PUT = text("""
    update purge_items set
        state = :state, reason = :reason, ordered_at = :ordered_at, told_at = :told_at,
        first_try = :first_try, tries = :tries, answers = cast(:answers as jsonb),
        instead = cast(:instead as jsonb), executed_at = :executed_at,
        inventory = case when :destroyed then null else inventory end,
        ended_at = case when :ended then now() else ended_at end
    where purge_id = :purge and recording_id = :id
""")
_FREEZE = text("""
    update purge_items set
        inventory = cast(:inventory as jsonb), digest = :digest, substance = :substance,
        versions = :versions, rows = :rows, messages = :messages, bytes = :bytes
    where purge_id = :purge and recording_id = :id
""")
_HOLDING = text("""
    select distinct recording_id from held
    where not released and recording_id = any(cast(:ids as uuid[]))
""")


class Purges:
    """One tenant's purges, in the transaction of ``session``, which is confined to it."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session = session
        self._tenant = tenant

    @property
    def tenant(self) -> str:
        return self._tenant

    @property
    def candidates(self) -> Candidates:
        return Candidates(self._session, self._tenant)

    async def add(self, purge: Purge) -> None:
        self._session.add(PurgeRow(**rows.columns(purge)))
        await self._session.flush()

    async def keep(self, purge: Purge) -> None:
        columns = rows.columns(purge)
        del columns["id"]
        await self._session.exec(update(PurgeRow).where(col(PurgeRow.id) == purge.id).values(columns))

    async def find(self, purge_id: UUID, *, locked: bool = False) -> Purge | None:
        statement = select(PurgeRow).where(PurgeRow.id == purge_id, PurgeRow.tenant == self._tenant)
        if locked:
            statement = statement.with_for_update()
        row = (await self._session.exec(statement, execution_options=_FRESH)).one_or_none()
        return rows.purge(row) if row else None

    async def page(self, *, limit: int, after: UUID | None = None) -> Sequence[Purge]:
        place = (col(PurgeRow.proposed_at), col(PurgeRow.id))
        statement = (
            select(PurgeRow)
            .where(PurgeRow.tenant == self._tenant)
            .order_by(*(part.desc() for part in place))
            .limit(limit)
        )
        if after is not None:
            last = select(PurgeRow.proposed_at).where(PurgeRow.id == after).scalar_subquery()
            statement = statement.where(tuple_(*place) < tuple_(last, literal(after)))
        return [rows.purge(row) for row in await self._session.exec(statement)]

    async def open(self) -> Sequence[Purge]:
        statement = (
            select(PurgeRow)
            .where(PurgeRow.tenant == self._tenant, col(PurgeRow.state).not_in(_ENDED))
            .order_by(col(PurgeRow.proposed_at), col(PurgeRow.id))
        )
        return [rows.purge(row) for row in await self._session.exec(statement)]

    async def totals(self, purge_id: UUID) -> Sequence[Total]:
        return [
            Total(ItemState(state), reason and Reason(reason), *map(int, sums))
            for state, reason, *sums in await run(self._session, _TOTALS, {"purge": purge_id})
        ]

    async def waiting(self, purge_id: UUID) -> Mapping[str, tuple[int, datetime]]:
        found = await run(self._session, _WAITING, {"purge": purge_id, "services": list(erasing())})
        return {service: (count, since.astimezone(UTC)) for service, count, since in found}

    async def items(
        self, purge_id: UUID, *, limit: int, after: UUID | None = None, state: ItemState | None = None
    ) -> Sequence[Item]:
        statement = (
            select(ItemRow)
            .where(ItemRow.purge_id == purge_id, ItemRow.tenant == self._tenant)
            .order_by(col(ItemRow.recording_id))
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(col(ItemRow.recording_id) > after)
        if state is not None:
            statement = statement.where(ItemRow.state == state.value)
        found = [rows.item(row) for row in await self._session.exec(statement)]
        asked = {"ids": [str(item.recording_id) for item in found]}
        holding = {row.recording_id for row in await run(self._session, _HOLDING, asked)}
        return [replace(item, held=item.recording_id in holding) for item in found]

    async def eliminated(
        self, purge_id: UUID, *, limit: int, after: UUID | None = None
    ) -> Sequence[Eliminated]:
        statement = (
            select(ItemRow)
            .where(ItemRow.purge_id == purge_id, ItemRow.tenant == self._tenant)
            .where(ItemRow.state != ItemState.DROPPED.value)
            .order_by(col(ItemRow.recording_id))
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(col(ItemRow.recording_id) > after)
        return [
            Eliminated(
                row.recording_id,
                row.source,
                rows.in_utc(row.earliest),
                rows.in_utc(row.latest),
                row.versions,
                row.bytes,
            )
            for row in await self._session.exec(statement)
        ]

    async def asked(self, items: Collection[tuple[UUID, UUID]]) -> Mapping[tuple[UUID, UUID], Item]:
        purges, recordings = [purge for purge, _ in items], [recording for _, recording in items]
        about = {"tenant": self._tenant, "purges": purges, "ids": recordings}
        # To make a row of them would take longer than all else.
        found = [rows.item(row) for row in await run(self._session, _ASKED, about)]
        return {(item.purge_id, item.recording_id): item for item in found}

    async def take(
        self,
        purge_id: UUID,
        state: ItemState,
        *,
        limit: int,
        told_before: datetime | None = None,
        among: Collection[UUID] | None = None,
    ) -> Sequence[Item]:
        statement = (
            select(ItemRow)
            .where(ItemRow.purge_id == purge_id, ItemRow.state == state.value)
            .order_by(col(ItemRow.recording_id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        if told_before is not None:
            told = col(ItemRow.told_at)
            statement = statement.where(or_(told.is_(None), told < told_before))
        if among is not None:
            statement = statement.where(col(ItemRow.recording_id).in_(among))
        return [rows.item(row) for row in await self._session.exec(statement, execution_options=_FRESH)]

    async def about(self, recording_id: UUID) -> Purge | None:
        unended = [state.value for state in UNENDED]
        statement = (
            select(PurgeRow)
            .join(ItemRow, col(ItemRow.purge_id) == col(PurgeRow.id))
            .where(
                PurgeRow.tenant == self._tenant,
                ItemRow.recording_id == recording_id,
                col(ItemRow.state).in_(unended),
            )
        )
        row = (await self._session.exec(statement)).one_or_none()
        return rows.purge(row) if row else None

    async def put(self, items: Iterable[Item]) -> None:
        kept, counted = [], []
        for item in items:
            place = {"purge": item.purge_id, "id": item.recording_id}
            kept.append(place | rows.progress(item))
            if item.state is ItemState.COUNTED and item.inventory is not None:
                counted.append(place | rows.frozen(item, item.inventory))
        connection = await self._session.connection()
        for statement, given in ((_PUT, kept), (_FREEZE, counted)):
            if given:
                await connection.execute(statement, given)

    async def withdraw(self, purge_id: UUID) -> None:
        left = (ItemState.LISTED.value, ItemState.COUNTED.value)
        await self._session.exec(
            update(ItemRow)
            .where(col(ItemRow.purge_id) == purge_id, col(ItemRow.state).in_(left))
            .values(state=ItemState.DROPPED.value, reason=Reason.WITHDRAWN.value, ended_at=func.now())
        )

    async def remains(self, items: Iterable[Item]) -> Mapping[UUID, Sequence[Rows]]:
        of = {item.recording_id: item for item in items}
        found: dict[UUID, list[Rows]] = {recording_id: [] for recording_id in of}
        # What nobody knew the tenant of is the recording's as well.
        await confine(self._session, self._tenant, UNKNOWN_TENANT)
        for schema in SUBSCRIPTIONS:
            remaining = await run(self._session, _REMAINS[schema], {"ids": [str(each) for each in of]})
            for recording_id, place, kind, count, size in remaining:
                item = of[recording_id]
                if item.whole or kind in item.kinds:
                    plain = kind if kind in set(Kind) else None
                    found[recording_id].append(Rows(f"{schema}.{place}", plain, count, size or 0))
        await confine(self._session, self._tenant)
        return found

    async def remains_of_person(self, item: Item, segments: Sequence[str]) -> Sequence[Rows]:
        speakers = item.person.speakers if item.person else ()
        asked = {"id": item.recording_id, "segments": list(segments), "speakers": list(speakers)}
        count = (await run(self._session, _REMAINS_OF_PERSON, asked)).scalar_one()
        return [Rows("query.remains_of_person", None, count, 0)] if count else []

    async def held(self, recordings: Collection[UUID]) -> Set[UUID]:
        return await are_held(await self._session.connection(), recordings)


class Ledgers:
    """The purges of each tenant."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def joining(self, session: AsyncSession, tenant: str) -> Purges:
        """In a transaction that has begun, which is then confined to ``tenant``."""
        await confine(session, tenant)
        return Purges(session, tenant)

    async def busy(self) -> Sequence[str]:
        """Tenants with purges that are neither completed nor withdrawn."""
        async with within(self._engine, *await known_tenants(self._engine)) as session:
            unended = select(PurgeRow.tenant).where(col(PurgeRow.state).not_in(_ENDED)).distinct()
            return sorted(await session.exec(unended))


_REMAINS = {
    schema: text(
        f"select recording_id, place, kind, held_rows, held_bytes from {schema}.remains(cast(:ids as uuid[]))"
    )
    for schema in SUBSCRIPTIONS
}


_REMAINS_OF_PERSON = text(
    "select query.remains_of_person(:id, cast(:segments as text[]), cast(:speakers as text[]))"
)
