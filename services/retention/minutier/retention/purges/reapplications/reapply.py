"""The use case: what was destroyed and has come back, as from a backup, is destroyed again.

Somebody has approved it once, so nobody has to do it again; a hold that has been placed since keeps it all
the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

from minutier.retention.erasures.ports import Lying, Shelf
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
    records: Sequence[DisposalRecord], *, by: str, at: datetime, purges: Purges, stock: Stock, shelf: Shelf
) -> Reapplied:
    """`MOST_RECORDS` at most. What another purge is for already is left to it. Raises what servers raise.

    Of several persons of one recording one at a time is erased again: ask once more when that is done.
    """
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
    wanted = _merged([record for record in records if record.person is None], purge.id)
    remains = await purges.remains(wanted.values())
    back = []
    for item in wanted.values():
        found = await stock.take(purges.tenant, item, remains[item.recording_id])
        if not found.is_empty:
            back.append(item)
    # With what is destroyed as a whole, or soon is, everybody in it goes.
    gone = {item.recording_id for item in back} | {
        item.recording_id for item in wanted.values() if item.whole
    }
    for record in records:
        if record.person is not None and record.recording_id not in gone:
            back += await _person_again(record, purge.id, purges=purges, stock=stock, shelf=shelf)
            gone.add(record.recording_id)
    if not back:
        return Reapplied(0, None)
    await purges.add(purge)
    listed = await purges.candidates.put_again(purge, back)
    return Reapplied(len(back), purge if listed else None)


async def _person_again(
    record: DisposalRecord, purge_id: UUID, *, purges: Purges, stock: Stock, shelf: Shelf
) -> Sequence[Item]:
    """What is to be done where something is there again that was destroyed for one person."""
    item = Item(
        purge_id=purge_id,
        recording_id=record.recording_id,
        kinds=frozenset(record.kinds),
        whole=False,
        state=ItemState.LISTED,
        original=Original(record.id, record.rule, record.approval),
        person=record.person,
    )
    lying = await shelf.of(record.recording_id)
    found = await stock.take(purges.tenant, item, (), digests=True)
    destroyed = {each.sha256 for each in record.objects}
    current = set() if _is_restored(lying, record) else lying.keys
    # Of what was put back by other means the digest may not be known.
    back = any(
        each.key not in current and (each.sha256 is None or each.sha256 in destroyed)
        for each in found.versions
    )
    return [item] if back else []


def _is_restored(lying: Lying, record: DisposalRecord) -> bool:
    """Whether retention itself was restored to a time before: then nothing that it knows of is current."""
    before = record.person and record.person.transcript
    return lying.transcript is not None and lying.transcript.sha256 == before


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
