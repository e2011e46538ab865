"""Every SQL statement about purges."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Row, func, literal, or_, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.retention.holds.domain import Search
from minutier.retention.policies.domain import Kind
from minutier.retention.policies.repository import known_tenants
from minutier.retention.purges.candidates.repository import Candidates
from minutier.retention.purges.domain import (
    UNENDED,
    Answer,
    Inventory,
    Item,
    ItemState,
    Original,
    Purge,
    Reason,
    Rows,
    State,
)
from minutier.retention.purges.models import ItemRow, PurgeRow
from minutier.retention.purges.ports import Eliminated, Total
from minutier.schemas.choreography import SUBSCRIPTIONS, erasing
from minutier.schemas.events import Instead
from minutier.schemas.records import Cause, ErasedPerson
from minutier.shared.erasing import are_held
from minutier.shared.identity.domain import UNKNOWN_TENANT
from minutier.shared.tenants import confine, run, within

_SEARCH: TypeAdapter[Search] = TypeAdapter(Search)
_INVENTORY: TypeAdapter[Inventory] = TypeAdapter(Inventory)
_ORIGINAL: TypeAdapter[Original] = TypeAdapter(Original)
_ANSWERS: TypeAdapter[dict[str, Answer]] = TypeAdapter(dict[str, Answer])

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
        self._session.add(PurgeRow(**_columns(purge)))
        await self._session.flush()

    async def keep(self, purge: Purge) -> None:
        columns = _columns(purge)
        del columns["id"]
        await self._session.exec(update(PurgeRow).where(col(PurgeRow.id) == purge.id).values(columns))

    async def find(self, purge_id: UUID, *, locked: bool = False) -> Purge | None:
        statement = select(PurgeRow).where(PurgeRow.id == purge_id, PurgeRow.tenant == self._tenant)
        if locked:
            statement = statement.with_for_update()
        row = (await self._session.exec(statement, execution_options=_FRESH)).one_or_none()
        return _purge(row) if row else None

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
        return [_purge(row) for row in await self._session.exec(statement)]

    async def open(self) -> Sequence[Purge]:
        statement = (
            select(PurgeRow)
            .where(PurgeRow.tenant == self._tenant, col(PurgeRow.state).not_in(_ENDED))
            .order_by(col(PurgeRow.proposed_at), col(PurgeRow.id))
        )
        return [_purge(row) for row in await self._session.exec(statement)]

    async def totals(self, purge_id: UUID) -> Sequence[Total]:
        return [
            Total(ItemState(state), reason and Reason(reason), *map(int, sums))
            for state, reason, *sums in await run(self._session, _TOTALS, {"purge": purge_id})
        ]

    async def waiting(self, purge_id: UUID) -> Mapping[str, tuple[int, datetime]]:
        rows = await run(self._session, _WAITING, {"purge": purge_id, "services": list(erasing())})
        return {service: (count, since.astimezone(UTC)) for service, count, since in rows}

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
        found = [_item(row) for row in await self._session.exec(statement)]
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
                _in_utc(row.earliest),
                _in_utc(row.latest),
                row.versions,
                row.bytes,
            )
            for row in await self._session.exec(statement)
        ]

    async def asked(self, items: Collection[tuple[UUID, UUID]]) -> Mapping[tuple[UUID, UUID], Item]:
        purges, recordings = [purge for purge, _ in items], [recording for _, recording in items]
        about = {"tenant": self._tenant, "purges": purges, "ids": recordings}
        # To make a row of them would take longer than all else.
        found = [_item(row) for row in await run(self._session, _ASKED, about)]
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
        return [_item(row) for row in await self._session.exec(statement, execution_options=_FRESH)]

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
        return _purge(row) if row else None

    async def put(self, items: Iterable[Item]) -> None:
        rows, counted = [], []
        for item in items:
            place = {"purge": item.purge_id, "id": item.recording_id}
            rows.append(place | _progress(item))
            if item.state is ItemState.COUNTED and item.inventory is not None:
                counted.append(place | _frozen(item, item.inventory))
        connection = await self._session.connection()
        for statement, given in ((_PUT, rows), (_FREEZE, counted)):
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
            rows = await run(self._session, _REMAINS[schema], {"ids": [str(each) for each in of]})
            for recording_id, place, kind, count, size in rows:
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


def _columns(purge: Purge) -> dict[str, Any]:
    columns = asdict(purge)
    search = columns.pop("search")
    return {
        **columns,
        "cause": purge.cause.value,
        "state": purge.state.value,
        "query": search and _SEARCH.dump_python(purge.search, mode="json") if purge.search else None,
    }


def _purge(row: PurgeRow) -> Purge:
    return Purge(
        id=row.id,
        tenant=row.tenant,
        cause=Cause(row.cause),
        legal_basis=row.legal_basis,
        reason=row.reason,
        needs_visa=row.needs_visa,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at.astimezone(UTC),
        state=State(row.state),
        search=_SEARCH.validate_python(row.query) if row.query is not None else None,
        proposal=row.proposal,
        inventory=row.inventory,
        approved_by=row.approved_by,
        approved_at=_in_utc(row.approved_at),
        approval=row.approval,
        visa=row.visa,
        executes_at=_in_utc(row.executes_at),
        ended_by=row.ended_by,
        ended_at=_in_utc(row.ended_at),
    )


def _progress(item: Item) -> dict[str, object]:
    return {
        "state": item.state.value,
        "reason": item.reason and item.reason.value,
        "ordered_at": item.ordered_at,
        "told_at": item.told_at,
        "first_try": item.first_try,
        "tries": item.tries,
        "answers": _ANSWERS.dump_json(dict(item.answers)).decode(),
        "instead": item.instead and item.instead.model_dump_json(),
        "executed_at": item.executed_at,
        "destroyed": item.state is ItemState.DESTROYED,
        "ended": item.state not in UNENDED,
    }


def _frozen(item: Item, inventory: Inventory) -> dict[str, object]:
    return {
        "inventory": _INVENTORY.dump_json(inventory).decode(),
        "digest": item.digest,
        "substance": item.substance,
        "versions": len(inventory.versions),
        "rows": sum(each.count for each in inventory.rows),
        "messages": sum(inventory.messages.values()),
        "bytes": inventory.bytes,
    }


def _item(row: ItemRow | Row[Any]) -> Item:
    policy = None
    if row.policy_id is not None and row.policy_version is not None:
        policy = (row.policy_id, row.policy_version)
    return Item(
        purge_id=row.purge_id,
        recording_id=row.recording_id,
        kinds=frozenset(Kind(kind) for kind in row.kinds),
        whole=row.whole,
        state=ItemState(row.state),
        policy=policy,
        inventory=_INVENTORY.validate_python(row.inventory) if row.inventory is not None else None,
        digest=row.digest,
        substance=row.substance,
        reason=Reason(row.reason) if row.reason else None,
        ordered_at=_in_utc(row.ordered_at),
        told_at=_in_utc(row.told_at),
        first_try=row.first_try,
        tries=row.tries,
        answers=_ANSWERS.validate_python(row.answers),
        executed_at=_in_utc(row.executed_at),
        original=_ORIGINAL.validate_python(row.original) if row.original is not None else None,
        person=ErasedPerson.model_validate(row.person) if row.person is not None else None,
        instead=Instead.model_validate(row.instead) if row.instead is not None else None,
    )


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment and moment.astimezone(UTC)
