"""From what was destroyed to the draft of its record: sums and digests, and nothing about anybody."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from minutier.retention.policies.domain import Policy
from minutier.retention.purges.domain import Inventory, Item, Purge
from minutier.retention.records.domain import Draft
from minutier.schemas.records import (
    MOST_OBJECTS,
    Answer,
    Approval,
    DestroyedObject,
    Quantity,
    Rule,
)
from minutier.schemas.records import Policy as Named
from minutier.shared.erasing import INDEX_ENTRIES, OBJECT_VERSIONS, ROWS, STREAM_MESSAGES

_INDEX = frozenset({"query.passages", "query.searched"})


def draft(purge: Purge, item: Item, policy: Policy | None, *, verified_at: datetime) -> Draft:
    """Raises `ValueError` for what has not come to its end."""
    if item.inventory is None or item.ordered_at is None or item.executed_at is None:
        raise ValueError("what was not ordered and answered has no record")
    repeats, rule, approval = _right(purge, item, policy)
    return Draft(
        purge_id=purge.id,
        recording_id=item.recording_id,
        cause=purge.cause,
        kinds=tuple(sorted(item.kinds)),
        whole=item.whole,
        inventory=tuple(_quantities(item.inventory)),
        rule=rule,
        approval=approval,
        repeats=repeats,
        person=item.person,
        ordered_at=item.ordered_at,
        executed_at=item.executed_at,
        verified_at=verified_at,
        answers=tuple(
            Answer(
                service=service,
                erased=tuple(
                    Quantity(place=place, count=count, bytes=size)
                    for place, (count, size) in sorted(answer.erased.items())
                ),
            )
            for service, answer in sorted(item.answers.items())
        ),
        objects=tuple(_objects(item.inventory))[:MOST_OBJECTS],
    )


def _right(purge: Purge, item: Item, policy: Policy | None) -> tuple[UUID | None, Rule, Approval]:
    """By which right it was, and who agreed; of what is repeated, that of the first time."""
    if (original := item.original) is not None:
        return original.record_id, original.rule, original.approval
    if purge.inventory is None or purge.approval is None:
        raise ValueError("what was not approved has no record")
    named = policy and Named(id=policy.id, name=policy.name, version=policy.version)
    rule = Rule(legal_basis=purge.legal_basis, policy=named, visa=purge.visa)
    approval = Approval(inventory=purge.inventory, proposal=purge.proposal, approval=purge.approval)
    return None, rule, approval


def _quantities(inventory: Inventory) -> Iterable[Quantity]:
    indexed = [each for each in inventory.rows if each.table in _INDEX]
    others = [each for each in inventory.rows if each.table not in _INDEX]
    stored = sum(each.size for each in inventory.versions)
    yield Quantity(place=OBJECT_VERSIONS, count=len(inventory.versions), bytes=stored)
    for place, rows in ((ROWS, others), (INDEX_ENTRIES, indexed)):
        yield Quantity(
            place=place, count=sum(each.count for each in rows), bytes=sum(each.bytes for each in rows)
        )
    yield Quantity(place=STREAM_MESSAGES, count=sum(inventory.messages.values()))


def _objects(inventory: Inventory) -> Iterable[DestroyedObject]:
    for each in inventory.versions:
        if each.sha256 is not None:
            yield DestroyedObject(sha256=each.sha256, size=each.size)
