"""What is shown of disposal records beside the signed files."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from minutier.retention.audit.verify import Integrity, State
from minutier.retention.records.ports import Listed
from minutier.schemas.records import Cause, Kind, Policy, Quantity


class RecordShown(BaseModel):
    """A record in short; ``objects`` is how many it names. The record itself is what is signed."""

    id: UUID
    index: int = Field(description="its place in the log, from 0")
    purge_id: UUID
    recording_id: UUID
    cause: Cause
    kinds: list[Kind]
    inventory: list[Quantity]
    objects: int
    policy: Policy | None
    legal_basis: str
    visa: str | None
    executed_at: datetime
    verified_at: datetime
    issued_at: datetime

    @classmethod
    def of(cls, listed: Listed) -> Self:
        record = listed.record
        return cls(
            id=record.id,
            index=record.index,
            purge_id=record.purge_id,
            recording_id=record.recording_id,
            cause=record.cause,
            kinds=list(record.kinds),
            inventory=list(record.inventory),
            objects=listed.objects,
            policy=record.rule.policy,
            legal_basis=record.rule.legal_basis,
            visa=record.rule.visa,
            executed_at=record.executed_at,
            verified_at=record.verified_at,
            issued_at=record.issued_at,
        )


class Records(BaseModel):
    """The last first; ``next`` is what to give as ``after`` for those before."""

    items: list[RecordShown]
    next: int | None


class LogShown(BaseModel):
    """``index`` is that of the record where something is wrong; a kept head covers ``anchored`` of them."""

    looked_at: datetime
    state: State
    records: int
    anchored: int
    index: int | None

    @classmethod
    def of(cls, found: Integrity, at: datetime) -> Self:
        index = None if found.number is None else found.number - 1
        return cls(
            looked_at=at, state=found.state, records=found.entries, anchored=found.anchored, index=index
        )
