"""What the API takes and shows of purges."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from minutier.retention.asked import Asked, Line, Text
from minutier.retention.holds.routes import SearchAsked
from minutier.retention.policies.domain import Kind
from minutier.retention.purges.domain import (
    BASIS_CHARACTERS,
    MOST_LISTED,
    REASON_CHARACTERS,
    VISA_CHARACTERS,
    Inventory,
    Item,
    ItemState,
    Purge,
    Reason,
    State,
)
from minutier.retention.purges.ports import Total
from minutier.schemas.records import Cause, ErasedPerson

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 in hexadecimal")]


class NewPurge(Asked):
    """What is listed, or what a search finds, or all whose time is over and that nothing holds."""

    cause: Literal["expiry", "query", "list"]
    reason: Text | None = Field(None, min_length=1, max_length=REASON_CHARACTERS)
    legal_basis: Line | None = Field(None, min_length=1, max_length=BASIS_CHARACTERS)
    kinds: set[Kind] = Field(set(Kind), min_length=1, description="for a list or a search")
    recordings: list[UUID] = Field([], max_length=MOST_LISTED, description="for a list")
    search: SearchAsked | None = Field(None, description="for a query")


class ApprovalAsked(Asked):
    """Of what was counted, by its digest: so nothing else is approved than what was looked at."""

    inventory: Digest
    visa: str | None = Field(
        None, min_length=1, max_length=VISA_CHARACTERS, description="the archives' reference"
    )


class TotalShown(BaseModel):
    """What the recordings in one state, that have fallen out for one reason, come to."""

    state: ItemState
    reason: Reason | None
    recordings: int
    versions: int
    rows: int
    messages: int
    bytes: int

    @classmethod
    def of(cls, total: Total) -> Self:
        return cls(
            state=total.state,
            reason=total.reason,
            recordings=total.recordings,
            versions=total.versions,
            rows=total.rows,
            messages=total.messages,
            bytes=total.bytes,
        )


class Waiting(BaseModel):
    """A service that has not answered for some recordings, the first of them since ``since``."""

    service: str
    recordings: int
    since: datetime


class PurgeShown(BaseModel):
    """``inventory`` is what is to be approved; ``alarm`` says that a service does not answer."""

    id: UUID
    state: State
    cause: Cause
    legal_basis: str
    reason: str
    search: SearchAsked | None
    needs_visa: bool
    proposed_by: str
    proposed_at: datetime
    inventory: str | None
    totals: list[TotalShown]
    approved_by: str | None
    approved_at: datetime | None
    visa: str | None
    executes_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None
    waiting: list[Waiting]
    alarm: bool

    @classmethod
    def of(
        cls,
        purge: Purge,
        totals: Sequence[Total],
        waiting: Mapping[str, tuple[int, datetime]],
        *,
        late_before: datetime,
    ) -> Self:
        return cls(
            id=purge.id,
            state=purge.state,
            cause=purge.cause,
            legal_basis=purge.legal_basis,
            reason=purge.reason,
            search=purge.search and SearchAsked.of(purge.search),
            needs_visa=purge.needs_visa,
            proposed_by=purge.proposed_by,
            proposed_at=purge.proposed_at,
            inventory=purge.inventory,
            totals=[TotalShown.of(total) for total in totals],
            approved_by=purge.approved_by,
            approved_at=purge.approved_at,
            visa=purge.visa,
            executes_at=purge.executes_at,
            ended_by=purge.ended_by,
            ended_at=purge.ended_at,
            waiting=[
                Waiting(service=service, recordings=count, since=since)
                for service, (count, since) in sorted(waiting.items())
            ],
            alarm=any(since < late_before for _, since in waiting.values()),
        )


class Proposed(BaseModel):
    """What is due by several policies is proposed apart, since each has a legal basis of its own."""

    items: list[PurgeShown]


class Purges(BaseModel):
    """The last that was proposed first; ``next`` is what to give as ``after`` for those before."""

    items: list[PurgeShown]
    next: UUID | None


class VersionShown(BaseModel):
    bucket: str
    key: str
    version: str | None
    size: int
    sha256: str | None
    marker: bool


class RowsShown(BaseModel):
    table: str
    kind: str | None
    count: int
    bytes: int


class InventoryShown(BaseModel):
    """Every object version, and how many rows and messages there are."""

    versions: list[VersionShown]
    rows: list[RowsShown]
    messages: dict[str, int]

    @classmethod
    def of(cls, inventory: Inventory) -> Self:
        return cls(
            versions=[VersionShown.model_validate(each, from_attributes=True) for each in inventory.versions],
            rows=[RowsShown.model_validate(each, from_attributes=True) for each in inventory.rows],
            messages=dict(inventory.messages),
        )


class ItemShown(BaseModel):
    """One recording in a purge; ``held`` says that a hold covers it now.

    Of what is destroyed the inventory is not kept. With ``person`` it is one who is erased; the rest stays.
    """

    recording_id: UUID
    kinds: list[Kind]
    whole: bool
    state: ItemState
    reason: Reason | None
    held: bool
    digest: str | None
    inventory: InventoryShown | None
    answered: list[str]
    person: ErasedPerson | None

    @classmethod
    def of(cls, item: Item) -> Self:
        return cls(
            recording_id=item.recording_id,
            kinds=sorted(item.kinds),
            whole=item.whole,
            state=item.state,
            reason=item.reason,
            held=item.held,
            digest=item.digest,
            inventory=item.inventory and InventoryShown.of(item.inventory),
            answered=sorted(item.answers),
            person=item.person,
        )


class Items(BaseModel):
    """By recording; ``next`` is what to give as ``after`` for the others."""

    items: list[ItemShown]
    next: UUID | None
