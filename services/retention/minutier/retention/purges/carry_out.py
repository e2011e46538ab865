"""The use case: each purge is taken a step further, as far as it can go now."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.retention.audit.domain import Action, Deed, Thing, service
from minutier.retention.desk import Desk
from minutier.retention.erasures.ports import Documents
from minutier.retention.erasures.prepare import prepare
from minutier.retention.policies.domain import Policy
from minutier.retention.policies.ports import Register
from minutier.retention.purges.count import count_batch, freeze
from minutier.retention.purges.domain import Item, ItemState, Purge, Reason, Rows, State
from minutier.retention.purges.execute import (
    completion,
    destroyed,
    finish,
    found_again,
    order,
    order_batch,
    remind_batch,
)
from minutier.retention.purges.look import AT_ONCE, take_all
from minutier.retention.purges.ports import Ledgers, Stock
from minutier.retention.purges.prove import draft
from minutier.schemas.clock import now as the_time
from minutier.schemas.documents import ErasureDocument
from minutier.schemas.records import Cause
from minutier.shared import tombstones
from minutier.shared.rounds import for_each
from minutier.shared.side_by_side import side_by_side

log = structlog.get_logger(__name__)

# A transaction of few is mostly its own beginning and end; nobody places a hold on its items meanwhile.
_BATCH = 100
# So many may be ordered and not have come to their end: what services have before them has a limit.
_MOST_ORDERED = 500
# In purges of these some items may be of one person each.
_OF_PERSONS = frozenset({Cause.ERASURE, Cause.REAPPLICATION})


class Desks(Protocol):
    def of(self, tenant: str) -> AbstractAsyncContextManager[Desk]: ...


class CarryOut:
    """All of it is told by rows, so that after a kill at any point it goes on; each tenant in turn.

    What was not answered within ``reminding`` is ordered again.
    """

    def __init__(
        self,
        desks: Desks,
        ledgers: Ledgers,
        stock: Stock,
        documents: Documents,
        engine: AsyncEngine,
        *,
        reminding: timedelta,
        clock: Callable[[], datetime] = the_time,
    ) -> None:
        self._desks = desks
        self._ledgers = ledgers
        self._stock = stock
        self._documents = documents
        self._engine = engine
        self._reminding = reminding
        self._clock = clock

    async def catch_up(self) -> None:
        """Until nothing can be done now. Raises what the database raises."""
        await for_each(await self._ledgers.busy(), self.go_on, named="carry out purges")

    async def go_on(self, tenant: str) -> None:
        async with self._desks.of(tenant) as desk:
            purges = await desk.purges.open()
        for purge in purges:
            match purge.state:
                case State.COUNTING:
                    await self._count(purge)
                case State.APPROVED:
                    await self._begin(purge)
                case State.EXECUTING:
                    await self._execute(purge)

    async def _count(self, purge: Purge) -> None:
        counted = 1
        while counted:
            async with self._desks.of(purge.tenant) as desk:
                counted = await count_batch(purge, limit=_BATCH, purges=desk.purges, stock=self._stock)
        async with self._desks.of(purge.tenant) as desk:
            found = await desk.purges.find(purge.id, locked=True)
            if found is not None and found.state is State.COUNTING:
                await freeze(found, purges=desk.purges)

    async def _begin(self, purge: Purge) -> None:
        if purge.executes_at is None or self._clock() < purge.executes_at:
            return
        async with self._desks.of(purge.tenant) as desk:
            found = await desk.purges.find(purge.id, locked=True)
            if found is None or found.state is not State.APPROVED:
                return
            await desk.purges.keep(replace(found, state=State.EXECUTING))
            await desk.audit.write(_done(found, Action.PURGE_BEGUN))
        await self._execute(replace(purge, state=State.EXECUTING))

    async def _execute(self, purge: Purge) -> None:
        moved = 1
        while moved:
            moved = await self._order(purge) + await self._conclude(purge)
        await self._remind(purge)
        if purge.cause in _OF_PERSONS:
            await self._discard_plans(purge)
        async with self._desks.of(purge.tenant) as desk:
            found = await desk.purges.find(purge.id, locked=True)
            if found is None or found.state is not State.EXECUTING:
                return
            if await finish(found, self._clock(), purges=desk.purges):
                await desk.audit.write(_done(found, Action.PURGE_COMPLETED))

    async def _discard_plans(self, purge: Purge) -> None:
        """A plan tells when somebody talked; of those who are erased that goes last."""
        async with self._desks.of(purge.tenant) as desk:
            items = await desk.purges.items(purge.id, limit=_BATCH, state=ItemState.DESTROYED)
        for item in items:
            if item.instead is not None:
                await self._stock.discard(item.instead.plan)

    async def _order(self, purge: Purge) -> int:
        async with self._desks.of(purge.tenant) as desk:
            totals = await desk.purges.totals(purge.id)
            under_way = sum(
                total.recordings for total in totals if total.state in (ItemState.ORDERED, ItemState.ANSWERED)
            )
            room = min(_BATCH, _MOST_ORDERED - under_way)
            if room <= 0:
                return 0
            return await order_batch(
                purge,
                self._clock(),
                limit=room,
                register=desk.register,
                purges=desk.purges,
                stock=self._stock,
                prepare=partial(prepare, purge.tenant, shelf=desk.shelf, store=self._documents),
                tell=desk,
            )

    async def _conclude(self, purge: Purge) -> int:
        """Look for what every service has said to have erased, and prove that it is gone."""
        async with self._desks.of(purge.tenant) as desk:
            items = await desk.purges.items(purge.id, limit=_BATCH, state=ItemState.ANSWERED)
        whole = [item.recording_id for item in items if item.whole and not item.held]
        await tombstones.raise_for(self._engine, *whole)
        async with self._desks.of(purge.tenant) as desk:
            # One that was answered since then has no tombstone yet.
            seen = {item.recording_id for item in items}
            taken = await desk.purges.take(purge.id, ItemState.ANSWERED, limit=_BATCH, among=seen)
            return await self._conclude_all(purge, taken, desk)

    async def _conclude_all(self, purge: Purge, items: Sequence[Item], desk: Desk) -> int:
        held = await desk.purges.held([item.recording_id for item in items])
        stopped = [item for item in items if item.recording_id in held]
        gone = [item for item in items if item.recording_id not in held]
        await desk.purges.put(
            [replace(item, state=ItemState.STOPPED, reason=Reason.HELD) for item in stopped]
        )
        await _dispose(gone, desk)
        # Nobody can place a hold on them meanwhile.
        await side_by_side(gone, self._stock.clear, most=AT_ONCE)
        remains = await self._remains(gone, desk)
        looked = await take_all(purge.tenant, gone, remains, stock=self._stock)
        verified = []
        for item in gone:
            left = looked[item.recording_id]
            if left.is_empty:
                verified.append(item)
                continue
            log.error(
                "something is left of what was erased",
                purge_id=str(purge.id),
                recording_id=str(item.recording_id),
                places=sorted({each.bucket for each in left.versions} | {each.table for each in left.rows}),
            )
            again = found_again(item, self._clock())
            await desk.purges.put([again])
            desk.publish(order(purge.tenant, again))
        await self._prove(purge, verified, desk)
        return len(items)

    async def _remains(self, items: Sequence[Item], desk: Desk) -> Mapping[UUID, Sequence[Rows]]:
        """Of one person who is erased there are no rows that name them, and of others there may be."""
        remains = dict(await desk.purges.remains([item for item in items if item.person is None]))
        for item in items:
            if item.instead is not None:
                plan = await self._documents.load(ErasureDocument, item.instead.plan)
                remains[item.recording_id] = await desk.purges.remains_of_person(item, plan.segments)
        return remains

    async def _prove(self, purge: Purge, items: Sequence[Item], desk: Desk) -> None:
        at = self._clock()
        drafts = [draft(purge, item, await _policy(item, desk.register), verified_at=at) for item in items]
        await desk.purges.put([destroyed(item) for item in items])
        for item in items:
            desk.publish(completion(purge.tenant, item))
            if item.instead is not None:
                await desk.shelf.replace(item.recording_id, item.instead, item.made, at=item.told_at or at)
                await desk.requests.complete(purge.id, at)
        if drafts:
            await desk.records.append_all(drafts)

    async def _remind(self, purge: Purge) -> None:
        now = self._clock()
        reminded = 1
        while reminded:
            async with self._desks.of(purge.tenant) as desk:
                waiting = await desk.purges.waiting(purge.id)
                reminded = await remind_batch(
                    purge, now, now - self._reminding, limit=_BATCH, purges=desk.purges, tell=desk
                )
            if reminded:
                log.error("a purge is not answered", purge_id=str(purge.id), services=sorted(waiting))


async def _dispose(items: Sequence[Item], desk: Desk) -> None:
    """Where it is one person who is erased, what is kept of the recording has its time as before."""
    whole = [item.recording_id for item in items if item.whole]
    await desk.register.forget(whole)
    await desk.shelf.forget(whole)
    for item in items:
        if not item.whole and item.person is None:
            await desk.register.dispose(item.recording_id, item.kinds)


async def _policy(item: Item, register: Register) -> Policy | None:
    return await register.version(*item.policy) if item.policy else None


def _done(purge: Purge, action: Action) -> Deed:
    return Deed(service("retention"), action, {Thing.PURGE: purge.id})
