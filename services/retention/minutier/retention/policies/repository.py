"""Every SQL statement about policies, facts and schedules."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import exists, text, tuple_, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.retention.policies.domain import (
    Disposition,
    Facts,
    Kind,
    Policy,
    Rule,
    Scope,
    Tenant,
    default_policy,
)
from minutier.retention.policies.models import PolicyRow, RecordingRow, ScheduleRow, TenantRow
from minutier.retention.policies.ports import Version
from minutier.retention.policies.schedule import Due, Schedule
from minutier.shared.errors import Permanent
from minutier.shared.tenants import confine, run, within

_RULES: TypeAdapter[dict[Kind, Rule]] = TypeAdapter(dict[Kind, Rule])

_ARE_DUE = text("""
    select count(*) from schedules
    join recordings on recordings.id = schedules.recording_id
    join tenants on tenants.tenant = schedules.tenant
    where schedules.recording_id = :id and schedules.kind = any(cast(:kinds as varchar[]))
        and schedules.due_at <= :now and recordings.revision = tenants.revision
""")
_DISPOSE_WHOLE = text("delete from recordings where id = any(cast(:ids as uuid[])) and tenant = :tenant")
# What the delivery of its events has kept; what tells of the purge itself stays.
_FORGET_READ = text("""
    delete from inbox where recording_id = any(cast(:ids as uuid[])) and consumer not like '%-purge-%'
""")
_FORGET_TOLD = text("""
    delete from outbox where recording_id = any(cast(:ids as uuid[])) and subject not like 'minutier.purge.%'
""")
_DISPOSE_KINDS = text(
    "delete from schedules where recording_id = :id and kind = any(cast(:kinds as varchar[]))"
)
_KEEP_KINDS = text("""
    update recordings set kinds = array(select unnest(kinds) except select unnest(cast(:kinds as varchar[])))
    where id = :id and tenant = :tenant
""")
# Its schedule is made anew.
_BEGIN_LOG = text(
    "update recordings set accesses_since = now(), revision = 0 where id = :id and tenant = :tenant"
)


class Register:
    """One tenant's policies and recordings, in the transaction of ``session``, which is confined to it."""

    def __init__(self, session: AsyncSession, tenant: str, periods: Mapping[Kind, int]) -> None:
        self._session = session
        self._tenant = tenant
        self._periods = periods

    @property
    def name(self) -> str:
        return self._tenant

    async def tenant(self, *, locked: bool = False) -> Tenant:
        row = await self._tenant_row(locked)
        if row is None:
            await self._found()
            row = await self._tenant_row(locked)
            assert row is not None
        newest = (
            select(PolicyRow)
            .where(PolicyRow.tenant == self._tenant)
            .ext(distinct_on(col(PolicyRow.id)))
            .order_by(col(PolicyRow.id), col(PolicyRow.version).desc())
        )
        policies = [_policy(found) for found in await self._session.exec(newest)]
        in_force = tuple(policy for policy in policies if not policy.withdrawn)
        return Tenant(row.tenant, row.public_body, row.revision, in_force)

    async def mark(self, *, public_body: bool) -> None:
        await self.tenant(locked=True)
        await self._session.exec(
            update(TenantRow).where(col(TenantRow.tenant) == self._tenant).values(public_body=public_body)
        )

    async def add_version(self, policy: Policy, *, set_by: str | None) -> None:
        await self._write(policy, set_by)
        await self._session.exec(
            update(TenantRow)
            .where(col(TenantRow.tenant) == self._tenant)
            .values(revision=TenantRow.revision + 1)
        )

    async def versions(self, policy_id: UUID) -> Sequence[Version]:
        statement = (
            select(PolicyRow)
            .where(PolicyRow.tenant == self._tenant, PolicyRow.id == policy_id)
            .order_by(col(PolicyRow.version).desc())
        )
        rows = await self._session.exec(statement)
        return [Version(_policy(row), row.set_by, row.set_at) for row in rows if row.set_at]

    async def version(self, policy_id: UUID, number: int) -> Policy | None:
        row = await self._session.get(PolicyRow, (self._tenant, policy_id, number))
        return _policy(row) if row else None

    async def find(self, recording_id: UUID, *, locked: bool = False) -> Facts | None:
        statement = select(RecordingRow).where(
            RecordingRow.id == recording_id, RecordingRow.tenant == self._tenant
        )
        if locked:
            statement = statement.with_for_update()
        row = (await self._session.exec(statement, execution_options=_FRESH)).one_or_none()
        return _facts(row) if row else None

    async def add(self, recording_id: UUID) -> Facts:
        new = insert(RecordingRow).values(
            id=recording_id, tenant=self._tenant, labels=[], kinds=[], revision=0
        )
        await self._session.exec(new.on_conflict_do_nothing())
        facts = await self.find(recording_id, locked=True)
        if facts is None:
            raise Permanent("another_tenants")
        return facts

    async def keep(self, recording_id: UUID, facts: Facts) -> None:
        await self._session.exec(
            update(RecordingRow)
            .where(col(RecordingRow.id) == recording_id)
            .values(
                source=facts.source,
                record_class=facts.record_class,
                labels=sorted(facts.labels),
                met_at=facts.met_at,
                ingested_at=facts.ingested_at,
                closed_at=facts.closed_at,
                kinds=sorted(facts.kinds),
            )
        )

    async def settle(self, schedules: Mapping[UUID, Schedule], *, revision: int) -> None:
        rows = [
            {
                "recording_id": recording_id,
                "kind": kind.value,
                "tenant": self._tenant,
                "policy_id": decision.policy.id,
                "policy_version": decision.policy.version,
                "restricted_at": decision.restricted_at,
                "due_at": decision.due_at,
            }
            for recording_id, schedule in schedules.items()
            for kind, decision in schedule.items()
        ]
        if rows:
            made = insert(ScheduleRow).values(rows)
            changed = ("policy_id", "policy_version", "restricted_at", "due_at")
            upsert = made.on_conflict_do_update(
                index_elements=["recording_id", "kind"],
                set_={name: made.excluded[name] for name in changed},
            )
            await self._session.exec(upsert)
        if schedules:
            await self._session.exec(
                update(RecordingRow).where(col(RecordingRow.id).in_(schedules)).values(revision=revision)
            )

    async def behind(self, *, limit: int) -> Mapping[UUID, Facts]:
        revision = select(TenantRow.revision).where(TenantRow.tenant == self._tenant).scalar_subquery()
        statement = (
            select(RecordingRow)
            .where(RecordingRow.tenant == self._tenant, col(RecordingRow.revision) < revision)
            .order_by(col(RecordingRow.revision), col(RecordingRow.id))
            .limit(limit)
            .with_for_update(skip_locked=True, of=RecordingRow)
        )
        rows = await self._session.exec(statement, execution_options=_FRESH)
        return {row.id: _facts(row) for row in rows}

    async def page(self, *, limit: int, after: UUID | None) -> Mapping[UUID, Facts]:
        statement = (
            select(RecordingRow)
            .where(RecordingRow.tenant == self._tenant)
            .order_by(col(RecordingRow.id))
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(col(RecordingRow.id) > after)
        return {row.id: _facts(row) for row in await self._session.exec(statement)}

    async def due(self, before: datetime, *, limit: int, after: Due | None = None) -> Sequence[Due]:
        place = (col(ScheduleRow.due_at), col(ScheduleRow.recording_id), col(ScheduleRow.kind))
        statement = (
            select(ScheduleRow)
            .join(RecordingRow, col(RecordingRow.id) == col(ScheduleRow.recording_id))
            .join(TenantRow, col(TenantRow.tenant) == col(ScheduleRow.tenant))
            .where(
                ScheduleRow.tenant == self._tenant,
                col(ScheduleRow.due_at) < before,
                col(RecordingRow.revision) == col(TenantRow.revision),
            )
            .order_by(*place)
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(tuple_(*place) > (after.due_at, after.recording_id, after.kind.value))
        return [
            Due(
                row.recording_id,
                Kind(row.kind),
                row.due_at.astimezone(UTC),
                row.policy_id,
                row.policy_version,
            )
            for row in await self._session.exec(statement)
            if row.due_at is not None
        ]

    async def are_due(self, recording_id: UUID, kinds: Collection[Kind], now: datetime) -> bool:
        asked = {"id": recording_id, "kinds": sorted(kinds), "now": now}
        due: int = (await run(self._session, _ARE_DUE, asked)).scalar_one()
        return due == len(kinds)

    async def forget(self, recordings: Collection[UUID]) -> None:
        asked = {"ids": list(recordings), "tenant": self._tenant}
        for statement in (_DISPOSE_WHOLE, _FORGET_READ, _FORGET_TOLD):
            await run(self._session, statement, asked)

    async def dispose(self, recording_id: UUID, kinds: Collection[Kind]) -> None:
        asked = {"id": recording_id, "kinds": sorted(kinds), "tenant": self._tenant}
        # Of what is there it is written down who reads it: its access log is there again.
        gone = {**asked, "kinds": sorted(set(kinds) - {Kind.ACCESS_LOG})}
        await run(self._session, _DISPOSE_KINDS, gone)
        await run(self._session, _KEEP_KINDS, gone)
        if Kind.ACCESS_LOG in kinds:
            await run(self._session, _BEGIN_LOG, asked)

    async def _tenant_row(self, locked: bool) -> TenantRow | None:
        statement = select(TenantRow).where(TenantRow.tenant == self._tenant)
        if locked:
            statement = statement.with_for_update()
        return (await self._session.exec(statement, execution_options=_FRESH)).one_or_none()

    async def _found(self) -> None:
        """A tenant that is new begins with the default of the settings; of two who meet it, one writes it."""
        new = insert(TenantRow).values(tenant=self._tenant, public_body=False, revision=1)
        written = await self._session.exec(new.on_conflict_do_nothing().returning(col(TenantRow.tenant)))
        if written.scalar_one_or_none() is not None:
            await self._write(default_policy(self._tenant, self._periods), set_by=None)

    async def _write(self, policy: Policy, set_by: str | None) -> None:
        await self._session.exec(
            insert(PolicyRow).values(
                tenant=self._tenant,
                id=policy.id,
                version=policy.version,
                name=policy.name,
                source=policy.scope.source,
                record_class=policy.scope.record_class,
                label=policy.scope.label,
                legal_basis=policy.legal_basis,
                disposition=policy.disposition.value,
                rules=_RULES.dump_python(dict(policy.rules), mode="json"),
                withdrawn=policy.withdrawn,
                set_by=set_by,
            )
        )


async def known_tenants(engine: AsyncEngine) -> Sequence[str]:
    """What any transaction may read, before it can say for whom it works."""
    async with within(engine) as session:
        return list(await session.exec(select(TenantRow.tenant).order_by(TenantRow.tenant)))


class Registers:
    """The register of each tenant; ``periods`` are those of the default that a new tenant gets."""

    def __init__(self, engine: AsyncEngine, periods: Mapping[Kind, int]) -> None:
        self._engine = engine
        self._periods = periods

    @asynccontextmanager
    async def of(self, tenant: str) -> AsyncIterator[Register]:
        async with within(self._engine, tenant) as session:
            yield Register(session, tenant, self._periods)

    async def joining(self, session: AsyncSession, tenant: str) -> Register:
        """In a transaction that has begun, which is then confined to ``tenant``."""
        await confine(session, tenant)
        return Register(session, tenant, self._periods)

    async def tenants(self) -> Sequence[str]:
        return await known_tenants(self._engine)

    async def behind(self) -> Sequence[str]:
        async with within(self._engine, *await self.tenants()) as session:
            left = exists().where(
                col(RecordingRow.tenant) == col(TenantRow.tenant),
                col(RecordingRow.revision) < col(TenantRow.revision),
            )
            return list(await session.exec(select(TenantRow.tenant).where(left)))


# What a session has met before is read once more: it may have changed before the row was locked.
_FRESH = {"populate_existing": True}


def _policy(row: PolicyRow) -> Policy:
    return Policy(
        id=row.id,
        version=row.version,
        name=row.name,
        scope=Scope(row.tenant, row.source, row.record_class, row.label),
        legal_basis=row.legal_basis,
        disposition=Disposition(row.disposition),
        rules=_RULES.validate_python(row.rules),
        withdrawn=row.withdrawn,
    )


def _facts(row: RecordingRow) -> Facts:
    return Facts(
        tenant=row.tenant,
        source=row.source,
        record_class=row.record_class,
        labels=frozenset(row.labels),
        met_at=_in_utc(row.met_at),
        ingested_at=_in_utc(row.ingested_at),
        closed_at=_in_utc(row.closed_at),
        accesses_since=_in_utc(row.accesses_since),
        kinds=frozenset(Kind(kind) for kind in row.kinds),
    )


def _in_utc(moment: datetime | None) -> datetime | None:
    """The driver gives moments in the time zone of the server, in which a day has 23 or 25 hours at times."""
    return moment and moment.astimezone(UTC)
