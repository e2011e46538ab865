"""Every SQL statement about what is restricted.

By the clock of the database alone: by clocks of their own replicas would tell the contrary of each other.
"""

from collections.abc import Sequence
from datetime import UTC
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.retention.policies.domain import Kind
from minutier.retention.policies.repository import known_tenants
from minutier.retention.restrictions.ports import Change
from minutier.shared.tenants import confine, run, within

# What has begun or ended and was not told; each is a range of an index of its own.
_BEGUN = "not told and restricted_at <= now()"
_ENDED = "told and (restricted_at is null or restricted_at > now())"

_BEHIND = text(f"""
    select tenant from tenants where exists (
        select from schedules join recordings on recordings.id = recording_id
        where schedules.tenant = tenants.tenant and recordings.revision = tenants.revision and {_BEGUN}
    ) or exists (
        select from schedules join recordings on recordings.id = recording_id
        where schedules.tenant = tenants.tenant and recordings.revision = tenants.revision and {_ENDED}
    )
    order by tenant
""")

# Whoever reschedules a recording has it locked.
_LOCK = text(f"""
    select recordings.id from recordings join tenants on tenants.tenant = recordings.tenant
    where recordings.tenant = :tenant and recordings.revision = tenants.revision and recordings.id in (
        (select recording_id from schedules where tenant = :tenant and {_BEGUN} limit :some)
        union all
        (select recording_id from schedules where tenant = :tenant and {_ENDED} limit :some)
    )
    limit :limit for update of recordings skip locked
""")
# Those of which a few are behind or locked are found in one go all the same.
_SPARE = 20

# Another replica may have told of it between the beginning of that statement and the lock.
_SETTLE = text("""
    update schedules set told = not told
    where tenant = :tenant and recording_id = any(cast(:ids as uuid[]))
        and told <> coalesce(restricted_at <= now(), false)
    returning recording_id
""")

_TOLD = text("""
    select recording_id, kind from schedules
    where tenant = :tenant and recording_id = any(cast(:ids as uuid[])) and told
""")

_DATE = text("""
    update recordings set told_at = greatest(now(), told_at + interval '1 microsecond')
    where tenant = :tenant and id = any(cast(:ids as uuid[]))
    returning id, told_at
""")


class Restrictions:
    """One tenant's, in the transaction of ``session``, which is confined to it."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session = session
        self._tenant = tenant

    async def settle(self, *, limit: int) -> Sequence[Change]:
        some = {"tenant": self._tenant, "limit": limit, "some": _SPARE * limit}
        found: dict[str, object] = {"tenant": self._tenant}
        found["ids"] = list((await run(self._session, _LOCK, some)).scalars())
        changed = set((await run(self._session, _SETTLE, found)).scalars())
        found["ids"] = list(changed)
        restricted: dict[UUID, set[Kind]] = {recording_id: set() for recording_id in changed}
        for recording_id, kind in await run(self._session, _TOLD, found):
            restricted[recording_id].add(Kind(kind))
        return [
            Change(recording_id, frozenset(restricted[recording_id]), at.astimezone(UTC))
            for recording_id, at in await run(self._session, _DATE, found)
        ]


class Registers:
    """What is restricted of each tenant."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def joining(self, session: AsyncSession, tenant: str) -> Restrictions:
        """In a transaction that has begun, which is then confined to ``tenant``."""
        await confine(session, tenant)
        return Restrictions(session, tenant)

    async def behind(self) -> Sequence[str]:
        """Tenants of which not everything was told."""
        async with within(self._engine, *await known_tenants(self._engine)) as session:
            return list((await run(session, _BEHIND, {})).scalars())
