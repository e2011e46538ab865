"""Every SQL statement about what a purge may be for."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.retention.holds.domain import Search
from minutier.retention.policies.domain import Kind
from minutier.retention.purges.domain import Item, Original, Purge
from minutier.retention.purges.models import ItemRow
from minutier.retention.purges.ports import Unlistable
from minutier.schemas.records import ErasedPerson
from minutier.shared.tenants import run

_ORIGINAL: TypeAdapter[Original] = TypeAdapter(Original)

# Of what is known of a recording that part which was asked for. One of which nothing was taken in goes whole.
_PUT = """
    insert into purge_items (purge_id, recording_id, tenant, kinds, whole, policy_id, policy_version, state)
    select
        cast(:purge as uuid), recordings.id, recordings.tenant,
        case when recordings.kinds = '{}' then cast(:kinds as varchar[])
            else array(
                select unnest(recordings.kinds) intersect select unnest(cast(:kinds as varchar[])) order by 1
            )
        end,
        recordings.kinds <@ cast(:kinds as varchar[]), null, null, 'listed'
    from recordings
    where recordings.tenant = :tenant
        and (recordings.kinds && cast(:kinds as varchar[]) or (recordings.kinds = '{}' and :every))
"""
_UNLESS_BUSY = """
    and not exists (
        select from purge_items as other
        where other.recording_id = recordings.id
            and other.state in ('listed', 'counted', 'ordered', 'answered')
    )
"""
# Of two who propose the same at once one has it.
_ONCE = "on conflict do nothing"
_LIST = text(
    f"{_PUT} and recordings.id = any(cast(:ids as uuid[])) {_UNLESS_BUSY} {_ONCE} returning recording_id"
)
_LIST_FOUND = text(
    _PUT
    + """
    and (cast(:source as varchar) is null or recordings.source = cast(:source as varchar))
    and (cast(:record_class as varchar) is null or recordings.record_class = cast(:record_class as varchar))
    and (cast(:label as varchar) is null or recordings.labels @> array[cast(:label as varchar)])
    and (cast(:since as timestamptz) is null or recordings.met_at >= cast(:since as timestamptz))
    and (cast(:before as timestamptz) is null or recordings.met_at < cast(:before as timestamptz))
    """
    + _UNLESS_BUSY
    + f"order by recordings.id limit :most {_ONCE}"
)
# What a list of what was eliminated says, when nothing else knows it any more.
_DESCRIBE = text("""
    update purge_items set
        source = recordings.source,
        earliest = least(recordings.met_at, recordings.ingested_at),
        latest = greatest(recordings.met_at, recordings.ingested_at, recordings.closed_at)
    from recordings
    where purge_items.purge_id = :purge and recordings.id = purge_items.recording_id
""")
_KNOWN = text("select id from recordings where tenant = :tenant and id = any(cast(:ids as uuid[]))")

# What is due, by the policy of what fell due last: of several kinds that are due at once one purge is made.
_DUE = f"""
    select
        recordings.id, recordings.kinds <@ array_agg(schedules.kind) as whole,
        array_agg(schedules.kind order by schedules.kind) as kinds,
        (array_agg(schedules.policy_id order by schedules.due_at desc, schedules.kind))[1] as policy_id,
        (array_agg(schedules.policy_version order by schedules.due_at desc, schedules.kind))[1]
            as policy_version
    from schedules
    join recordings on recordings.id = schedules.recording_id
    join tenants on tenants.tenant = schedules.tenant
    where schedules.tenant = :tenant and schedules.due_at <= :now and recordings.revision = tenants.revision
        and not exists (select from held where held.recording_id = recordings.id and not held.released)
        {_UNLESS_BUSY}
    group by recordings.id
"""
_DUE_POLICIES = text(f"select distinct policy_id, policy_version from ({_DUE}) as due order by 1, 2")
_COUNT_DUE = text(f"select count(*) from ({_DUE}) as due")
_LIST_DUE = text(f"""
    insert into purge_items (purge_id, recording_id, tenant, kinds, whole, policy_id, policy_version, state)
    select
        cast(:purge as uuid), id, cast(:tenant as varchar), kinds, whole, policy_id, policy_version, 'listed'
    from ({_DUE}) as due
    where policy_id = :policy and policy_version = :version
    order by id limit :most
    {_ONCE}
""")


class Candidates:
    """One tenant's recordings that may be put into a purge, in the transaction of ``session``."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session = session
        self._tenant = tenant

    async def put(
        self, purge: Purge, recordings: Collection[UUID], kinds: Collection[Kind]
    ) -> Unlistable | None:
        wanted = set(recordings)
        asked = {**self._of(purge, kinds), "ids": [str(each) for each in wanted]}
        put = {row.recording_id for row in await run(self._session, _LIST, asked)}
        await self._describe(purge)
        if put == wanted:
            return None
        known = {row.id for row in await run(self._session, _KNOWN, asked)}
        return Unlistable(unknown=tuple(sorted(wanted - known)), busy=tuple(sorted((wanted & known) - put)))

    async def put_found(self, purge: Purge, kinds: Collection[Kind], *, limit: int) -> int:
        search = purge.search or Search()
        asked = {
            **self._of(purge, kinds),
            "source": search.source,
            "record_class": search.record_class,
            "label": search.label,
            "since": search.met_since,
            "before": search.met_before,
            "most": limit,
        }
        found = (await run(self._session, _LIST_FOUND, asked)).rowcount
        await self._describe(purge)
        return found

    async def due_policies(self, now: datetime) -> Sequence[tuple[UUID, int]]:
        rows = await run(self._session, _DUE_POLICIES, {"tenant": self._tenant, "now": now})
        return [(row.policy_id, row.policy_version) for row in rows]

    async def count_due(self, now: datetime) -> int:
        counted = await run(self._session, _COUNT_DUE, {"tenant": self._tenant, "now": now})
        return int(counted.scalar_one())

    async def put_due(self, purge: Purge, policy: tuple[UUID, int], now: datetime, *, limit: int) -> int:
        policy_id, version = policy
        asked = {
            "purge": purge.id,
            "tenant": self._tenant,
            "now": now,
            "policy": policy_id,
            "version": version,
            "most": limit,
        }
        found = (await run(self._session, _LIST_DUE, asked)).rowcount
        await self._describe(purge)
        return found

    async def put_again(self, purge: Purge, items: Collection[Item]) -> int:
        rows: list[dict[str, Any]] = [
            {
                "purge_id": purge.id,
                "recording_id": item.recording_id,
                "tenant": self._tenant,
                "kinds": sorted(item.kinds),
                "whole": item.whole,
                "state": item.state.value,
                "original": item.original and _ORIGINAL.dump_python(item.original, mode="json"),
                "person": item.person and item.person.model_dump(mode="json"),
                "answers": {},
            }
            for item in items
        ]
        put = insert(ItemRow).values(rows).on_conflict_do_nothing().returning(col(ItemRow.recording_id))
        return len((await self._session.exec(put)).all())

    async def put_person(
        self, purge: Purge, recording_id: UUID, kinds: Collection[Kind], person: ErasedPerson
    ) -> Unlistable | None:
        if unlistable := await self.put(purge, (recording_id,), kinds):
            return unlistable
        # The rest of the recording stays, whatever kinds there are of it.
        await self._session.exec(
            update(ItemRow)
            .where(col(ItemRow.purge_id) == purge.id)
            .values(whole=False, person=person.model_dump(mode="json"))
        )
        return None

    async def _describe(self, purge: Purge) -> None:
        await run(self._session, _DESCRIBE, {"purge": purge.id})

    def _of(self, purge: Purge, kinds: Collection[Kind]) -> dict[str, Any]:
        return {
            "purge": purge.id,
            "tenant": self._tenant,
            "kinds": sorted(kinds),
            "every": set(kinds) == set(Kind),
        }
