"""Policies, what is known of recordings, and the schedules that follow."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, String, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from minutier.retention.models import Table, moment


class TenantRow(Table, table=True):
    """Which tenants there are, which any transaction may read; ``revision`` counts changes of policies."""

    __tablename__ = "tenants"

    tenant: str = Field(primary_key=True)
    public_body: bool = False
    revision: int = 1


class PolicyRow(Table, table=True):
    """One version of a policy; rows are only ever added."""

    __tablename__ = "policies"

    tenant: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    name: str
    source: str | None = None
    record_class: str | None = None
    label: str | None = None
    legal_basis: str
    disposition: str
    rules: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    withdrawn: bool = False
    set_by: str | None = None
    set_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now())
    )


class RecordingRow(Table, table=True):
    """What is known of a recording; ``revision`` is that of the policies its schedule was made by."""

    __tablename__ = "recordings"

    id: UUID = Field(primary_key=True)
    tenant: str
    source: str | None = None
    record_class: str | None = None
    labels: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    met_at: datetime | None = moment(nullable=True)
    ingested_at: datetime | None = moment(nullable=True)
    closed_at: datetime | None = moment(nullable=True)
    accesses_since: datetime | None = moment(nullable=True)
    kinds: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    revision: int = 0


class ScheduleRow(Table, table=True):
    """When one kind of a recording is restricted and due, and by which version of which policy.

    Both are null as long as the clock has not started.
    """

    __tablename__ = "schedules"

    recording_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    tenant: str
    policy_id: UUID
    policy_version: int
    restricted_at: datetime | None = moment(nullable=True)
    due_at: datetime | None = moment(nullable=True)
