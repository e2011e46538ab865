"""Purges, and what each destroys of which recording."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, String
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from minutier.retention.models import Table, moment


class PurgeRow(Table, table=True):
    """One purge; after its end the row stays."""

    __tablename__ = "purges"

    id: UUID = Field(primary_key=True)
    tenant: str
    cause: str
    state: str
    legal_basis: str
    reason: str
    query: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    needs_visa: bool
    proposed_by: str
    proposed_at: datetime = moment()
    proposal: str = ""
    inventory: str | None = None
    approved_by: str | None = None
    approved_at: datetime | None = moment(nullable=True)
    approval: str | None = None
    visa: str | None = None
    executes_at: datetime | None = moment(nullable=True)
    ended_by: str | None = None
    ended_at: datetime | None = moment(nullable=True)


class ItemRow(Table, table=True):
    """One recording's part in a purge; of what was destroyed the inventory is kept as digests and sums."""

    __tablename__ = "purge_items"

    purge_id: UUID = Field(primary_key=True)
    recording_id: UUID = Field(primary_key=True)
    tenant: str
    kinds: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    whole: bool
    state: str = "listed"
    source: str | None = None
    earliest: datetime | None = moment(nullable=True)
    latest: datetime | None = moment(nullable=True)
    policy_id: UUID | None = None
    policy_version: int | None = None
    inventory: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    digest: str | None = None
    substance: str | None = None
    versions: int = 0
    rows: int = 0
    messages: int = 0
    bytes: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    original: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    person: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    instead: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    reason: str | None = None
    ordered_at: datetime | None = moment(nullable=True)
    told_at: datetime | None = moment(nullable=True)
    first_try: int = 0
    tries: int = 0
    answers: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    executed_at: datetime | None = moment(nullable=True)
    ended_at: datetime | None = moment(nullable=True)
