"""Who did what here, and whether that is still what was written down, for compliance staff."""

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from minutier.retention.audit.domain import Action, Entry
from minutier.retention.audit.ports import AuditLogs
from minutier.retention.audit.verify import State
from minutier.retention.audit.watch import Finding, Watch
from minutier.retention.officers import officer
from minutier.shared.identity.domain import Person
from minutier.shared.identity.gate import Gate
from minutier.shared.problems import described

# PostgreSQL has no larger integer.
_LAST = 2**31 - 1


class EntryShown(BaseModel):
    """``hash`` is of the other fields, and of the entry before (``previous``) with them."""

    number: int
    at: datetime
    actor: str = Field(description="a person's id, or `service:` and its name")
    action: str
    things: dict[str, Any] = Field(description="ids of what it was done to")
    detail: dict[str, Any]
    previous: str
    hash: str

    @classmethod
    def of(cls, entry: Entry) -> Self:
        return cls(
            number=entry.number,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            things=dict(entry.things),
            detail=dict(entry.detail),
            previous=entry.previous,
            hash=entry.hash,
        )


class Entries(BaseModel):
    """The last first; ``next`` is what to give as ``after`` for those before."""

    items: list[EntryShown]
    next: int | None


class AccessesShown(BaseModel):
    """Of query's access log: rows that are as they were, and others.

    ``purged`` went with recordings that have a disposal record, ``open`` by orders that have none yet or were
    stopped, ``fewer`` before it was kept why. Where rows were changed, added or removed is in ``changed``.
    """

    rows: int
    purged: int
    open: int
    fewer: int
    changed: list[int]


class IntegrityShown(BaseModel):
    """``number`` is that of the entry where something is wrong; ``anchored`` is also outside the database."""

    looked_at: datetime
    state: State
    entries: int
    anchored: int
    number: int | None
    accesses: AccessesShown | None

    @classmethod
    def of(cls, finding: Finding) -> Self:
        found, accesses = finding.integrity, finding.accesses
        return cls(
            looked_at=finding.at,
            state=found.state,
            entries=found.entries,
            anchored=found.anchored,
            number=found.number,
            accesses=accesses and AccessesShown(**{**vars(accesses), "changed": list(accesses.changed)}),
        )


def router(*, gate: Gate, logs: AuditLogs, watch: Watch) -> APIRouter:
    api = APIRouter(prefix="/api/v1/audit", tags=["audit"], responses=described(401, 403, 422))
    asking: Any = officer(gate)
    costly: Any = officer(gate, costly=True)

    @api.get("")
    async def list_entries(
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        after: Annotated[int | None, Query(ge=1, le=_LAST)] = None,
        action: Action | None = None,
        person: Person = asking,
    ) -> Entries:
        """Who did what, and when."""
        async with logs.of(person.tenant) as log:
            found = await log.page(limit=limit + 1, after=after, action=action)
        items = [EntryShown.of(entry) for entry in found[:limit]]
        return Entries(items=items, next=items[-1].number if len(found) > limit else None)

    @api.get("/integrity")
    async def show_integrity(again: bool = False, person: Person = costly) -> IntegrityShown:
        """Whether the log is whole, as it was found last; with `again`, it is read now."""
        finding = None if again else watch.last(person.tenant)
        return IntegrityShown.of(finding or await watch.look(person.tenant))

    return api
