"""The tables of retention."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, DateTime, MetaData, func
from sqlmodel import Field, SQLModel


class Table(SQLModel):
    metadata = MetaData()


class PolicyRow(Table, table=True):
    """A policy that was in force for some recording; rows are only ever added."""

    __tablename__ = "policies"

    id: UUID = Field(primary_key=True)
    name: str
    media_days: int
    transcript_days: int
    minutes_days: int
    created_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now())
    )


class ExpiryRow(Table, table=True):
    """When one kind of what is kept of a recording expires, and by which policy."""

    __tablename__ = "expiries"

    recording_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    tenant: str
    policy_id: UUID = Field(foreign_key="policies.id")
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
