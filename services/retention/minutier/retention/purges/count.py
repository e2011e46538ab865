"""The use case: all that a purge would destroy is counted, and what was counted is frozen."""

from dataclasses import replace

from minutier.retention.purges.domain import Digests, Inventory, Item, ItemState, Purge, Reason, State
from minutier.retention.purges.look import take_all
from minutier.retention.purges.ports import Purges, Stock
from minutier.schemas.records import Cause

_PAGE = 500


def counted(item: Item, inventory: Inventory) -> Item:
    """What there is nothing of falls out."""
    if inventory.is_empty:
        return replace(item, state=ItemState.DROPPED, reason=Reason.GONE)
    return replace(
        item,
        state=ItemState.COUNTED,
        inventory=inventory,
        digest=inventory.digest(item.recording_id, item.kinds, item.person),
        substance=inventory.substance,
    )


async def count_batch(purge: Purge, *, limit: int, purges: Purges, stock: Stock) -> int:
    """How many recordings were counted; in the transaction of ``purges``. Raises what the servers raise."""
    items = await purges.take(purge.id, ItemState.LISTED, limit=limit)
    remains = await purges.remains(items)
    found = await take_all(purges.tenant, items, remains, stock=stock, digests=True)
    await purges.put([counted(item, found[item.recording_id]) for item in items])
    return len(items)


async def freeze(purge: Purge, *, purges: Purges) -> Purge | None:
    """The purge as it may be approved, once everything is counted; nobody else may have it in hand."""
    if await purges.items(purge.id, limit=1, state=ItemState.LISTED):
        return None
    digests = Digests()
    after = None
    while page := await purges.items(purge.id, limit=_PAGE, after=after, state=ItemState.COUNTED):
        for item in page:
            digests.add(item.recording_id, item.digest or "")
        after = page[-1].recording_id
    # What is repeated was approved before.
    state = State.APPROVED if purge.cause is Cause.REAPPLICATION else State.PREVIEWED
    frozen = replace(purge, state=state, inventory=digests.value())
    await purges.keep(frozen)
    return frozen
