"""From rows to purges and items, and back."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from minutier.retention.holds.domain import Search
from minutier.retention.policies.domain import Kind
from minutier.retention.purges.domain import (
    UNENDED,
    Answer,
    Inventory,
    Item,
    ItemState,
    Original,
    Purge,
    Reason,
    State,
)
from minutier.retention.purges.models import PurgeRow
from minutier.schemas.events import Instead
from minutier.schemas.records import Cause, ErasedPerson

_SEARCH: TypeAdapter[Search] = TypeAdapter(Search)
_INVENTORY: TypeAdapter[Inventory] = TypeAdapter(Inventory)
_ORIGINAL: TypeAdapter[Original] = TypeAdapter(Original)
_ANSWERS: TypeAdapter[dict[str, Answer]] = TypeAdapter(dict[str, Answer])


def columns(of: Purge) -> dict[str, Any]:
    known = asdict(of)
    search = known.pop("search")
    return {
        **known,
        "cause": of.cause.value,
        "state": of.state.value,
        "query": search and _SEARCH.dump_python(of.search, mode="json") if of.search else None,
    }


def purge(row: PurgeRow) -> Purge:
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
        approved_at=in_utc(row.approved_at),
        approval=row.approval,
        visa=row.visa,
        executes_at=in_utc(row.executes_at),
        ended_by=row.ended_by,
        ended_at=in_utc(row.ended_at),
    )


def progress(of: Item) -> dict[str, object]:
    """How far it is, as the statement that keeps it takes it."""
    return {
        "state": of.state.value,
        "reason": of.reason and of.reason.value,
        "ordered_at": of.ordered_at,
        "told_at": of.told_at,
        "first_try": of.first_try,
        "tries": of.tries,
        "answers": _ANSWERS.dump_json(dict(of.answers)).decode(),
        "instead": of.instead and of.instead.model_dump_json(),
        "executed_at": of.executed_at,
        "destroyed": of.state is ItemState.DESTROYED,
        "ended": of.state not in UNENDED,
    }


def frozen(of: Item, inventory: Inventory) -> dict[str, object]:
    """What was counted, as the statement that keeps it takes it."""
    return {
        "inventory": _INVENTORY.dump_json(inventory).decode(),
        "digest": of.digest,
        "substance": of.substance,
        "versions": len(inventory.versions),
        "rows": sum(each.count for each in inventory.rows),
        "messages": sum(inventory.messages.values()),
        "bytes": inventory.bytes,
    }


def item(row: Any) -> Item:
    """Of a row that has the columns of `ItemRow`."""
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
        ordered_at=in_utc(row.ordered_at),
        told_at=in_utc(row.told_at),
        first_try=row.first_try,
        tries=row.tries,
        answers=_ANSWERS.validate_python(row.answers),
        executed_at=in_utc(row.executed_at),
        original=_ORIGINAL.validate_python(row.original) if row.original is not None else None,
        person=ErasedPerson.model_validate(row.person) if row.person is not None else None,
        instead=Instead.model_validate(row.instead) if row.instead is not None else None,
    )


def in_utc(moment: datetime | None) -> datetime | None:
    return moment and moment.astimezone(UTC)
