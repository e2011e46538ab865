"""The use cases: what was approved is ordered, answered, looked for once more, and proven.

All of it is told by rows: after a kill at any point, or beside another replica, it goes on where it was.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from minutier.retention.policies.ports import Register
from minutier.retention.purges.domain import UNENDED, Answer, Item, ItemState, Purge, Reason, State
from minutier.retention.purges.look import take_all
from minutier.retention.purges.ports import Purges, Stock
from minutier.schemas.choreography import erasing
from minutier.schemas.events import (
    AnyEvent,
    Executed,
    Instead,
    PurgeCompleted,
    Purged,
    PurgeExecuted,
    PurgeOrdered,
    PurgeOutcome,
)
from minutier.schemas.events import Purge as Told
from minutier.schemas.records import Cause

SOURCE = "minutier/retention"


class Publisher(Protocol):
    def publish(self, event: AnyEvent) -> None: ...


async def order_batch(
    purge: Purge,
    now: datetime,
    *,
    limit: int,
    register: Register,
    purges: Purges,
    stock: Stock,
    prepare: Callable[[Item], Awaitable[Instead | None]],
    tell: Publisher,
) -> int:
    """Order what is still as it was approved, is not held, and by its policy still due.

    Where one person is erased, ``prepare`` gives what there is to be instead, or nothing where that has
    changed. Gives how many were looked at. Nobody can place a hold on them before the transaction has ended.
    """
    items = await purges.take(purge.id, ItemState.COUNTED, limit=limit)
    held = await purges.held([item.recording_id for item in items])
    dropped, due, ordered = [], [], []
    for item in items:
        reason = Reason.HELD if item.recording_id in held else await _against(purge, item, now, register)
        instead = await prepare(item) if item.person and not reason else None
        if item.person and not instead:
            reason = reason or Reason.CHANGED
        if reason:
            dropped.append(replace(item, state=ItemState.DROPPED, reason=reason))
        else:
            due.append(replace(item, instead=instead))
    looked = await take_all(purges.tenant, due, await purges.remains(due), stock=stock)
    for item in due:
        found = looked[item.recording_id]
        if found.substance != item.substance:
            reason = Reason.GONE if found.is_empty else Reason.CHANGED
            dropped.append(replace(item, state=ItemState.DROPPED, reason=reason))
        else:
            ordered.append(replace(item, state=ItemState.ORDERED, ordered_at=now, told_at=now))
    await purges.put([*dropped, *ordered])
    for item in ordered:
        tell.publish(order(purges.tenant, item))
    return len(items)


async def _against(purge: Purge, item: Item, now: datetime, register: Register) -> Reason | None:
    if purge.cause is Cause.REAPPLICATION:
        # Retention itself may have forgotten it, as it should have.
        return None
    facts = await register.find(item.recording_id, locked=True)
    if facts is None:
        return Reason.GONE
    if item.whole and not facts.kinds <= item.kinds:
        return Reason.CHANGED
    if purge.cause is Cause.EXPIRY and not await register.are_due(item.recording_id, item.kinds, now):
        return Reason.NOT_DUE
    return None


def answered(item: Item, told: Executed, now: datetime) -> Item:
    """As it is once a service has said this; what that could not erase since it is held is stopped."""
    if item.state is not ItemState.ORDERED or not item.expects(told.order):
        return item
    if told.outcome is PurgeOutcome.HELD:
        return replace(item, state=ItemState.STOPPED, reason=Reason.HELD)
    erased = {each.place: (each.count, each.bytes) for each in told.erased}
    answers = {**item.answers, told.service: Answer(erased, told.made)}
    done = set(erasing()) <= set(answers)
    return replace(
        item,
        answers=answers,
        state=ItemState.ANSWERED if done else ItemState.ORDERED,
        executed_at=now if done else None,
    )


async def take_answers(events: Sequence[PurgeExecuted], *, now: datetime, purges: Purges) -> None:
    """What services have answered, the first that was told first."""
    asked = await purges.asked({(event.data.purge_id, event.subject) for event in events})
    items = dict(asked)
    for event in events:
        about = event.data.purge_id, event.subject
        if (item := items.get(about)) is not None:
            items[about] = answered(item, event.data, now)
    await purges.put([item for about, item in items.items() if item is not asked[about]])


async def remind_batch(
    purge: Purge, now: datetime, told_before: datetime, *, limit: int, purges: Purges, tell: Publisher
) -> int:
    """Order once more what some service has not answered for long; gives how many recordings that are."""
    items = await purges.take(purge.id, ItemState.ORDERED, limit=limit, told_before=told_before)
    again = [replace(item, tries=item.tries + 1, told_at=now) for item in items]
    await purges.put(again)
    for item in again:
        tell.publish(order(purges.tenant, item))
    return len(items)


def found_again(item: Item, now: datetime) -> Item:
    """Something is left of what every service has said to have erased: only new answers count."""
    return replace(
        item, state=ItemState.ORDERED, tries=item.tries + 1, first_try=item.tries + 1, answers={}, told_at=now
    )


def destroyed(item: Item) -> Item:
    """Its inventory is digests and sums from now on."""
    return replace(item, state=ItemState.DESTROYED, inventory=None)


def completion(tenant: str, item: Item) -> PurgeCompleted:
    gone = Purged(**dict(_told(item)), made=item.made)
    return PurgeCompleted.of(item.recording_id, tenant=tenant, source=SOURCE, data=gone)


async def finish(purge: Purge, now: datetime, *, purges: Purges) -> Purge | None:
    """The purge at its end, once every item has come to its own."""
    states = {total.state for total in await purges.totals(purge.id)}
    if states & UNENDED:
        return None
    finished = replace(purge, state=State.COMPLETED, ended_at=now)
    await purges.keep(finished)
    return finished


def order(tenant: str, item: Item) -> PurgeOrdered:
    return PurgeOrdered.of(item.recording_id, tenant=tenant, source=SOURCE, id=item.order(), data=_told(item))


def _told(item: Item) -> Told:
    return Told(
        purge_id=item.purge_id,
        kinds=tuple(sorted(item.kinds)),
        whole=item.whole,
        instead=item.instead,
    )
