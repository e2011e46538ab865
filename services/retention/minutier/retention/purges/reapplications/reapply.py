"""The use case: what was destroyed and has come back, as from a backup, is destroyed again.

Somebody has approved it once, so nobody has to do it again; a hold that has been placed since keeps it all
the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

from minutier.retention.purges.domain import Item, ItemState, Original, Purge
from minutier.retention.purges.ports import Purges, Stock
from minutier.schemas.records import Cause, DisposalRecord

MOST_RECORDS = 100
_BASIS = "Disposals of the log, which a restore has undone"


@dataclass(frozen=True)
class Reapplied:
    """Of how many recordings something has come back, and the purge that is for them, if any."""

    recordings: int
    purge: Purge | None


async def reapply(
    records: Sequence[DisposalRecord], *, by: str, at: datetime, purges: Purges, stock: Stock
) -> Reapplied:
    """`MOST_RECORDS` at most. What another purge is for already is left to it. Raises what servers raise."""
    purge = Purge(
        id=uuid4(),
        tenant=purges.tenant,
        cause=Cause.REAPPLICATION,
        legal_basis=_BASIS,
        reason=_BASIS,
        needs_visa=False,
        proposed_by=by,
        proposed_at=at,
        approved_by=by,
        approved_at=at,
        executes_at=at,
    )
    wanted = _merged(records, purge.id)
    remains = await purges.remains(wanted.values())
    back = []
    for item in wanted.values():
        found = await stock.take(purges.tenant, item, remains[item.recording_id])
        if not found.is_empty:
            back.append(item)
    if not back:
        return Reapplied(0, None)
    await purges.add(purge)
    listed = await purges.candidates.put_again(purge, back)
    return Reapplied(len(back), purge if listed else None)


def _merged(records: Sequence[DisposalRecord], purge_id: UUID) -> Mapping[UUID, Item]:
    """One item for each recording: what all its records together have destroyed; the last one counts."""
    items: dict[UUID, Item] = {}
    for record in records:
        known = items.get(record.recording_id)
        kinds = frozenset(record.kinds)
        original = Original(record.id, record.rule, record.approval)
        item = Item(
            purge_id=purge_id,
            recording_id=record.recording_id,
            kinds=kinds,
            whole=record.whole,
            state=ItemState.LISTED,
            original=original,
        )
        if known is not None:
            item = replace(item, kinds=known.kinds | kinds, whole=known.whole or record.whole)
        items[record.recording_id] = item
    return items
