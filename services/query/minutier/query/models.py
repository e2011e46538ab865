"""The read model."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Table(SQLModel):
    metadata = MetaData()


class RecordingRow(Table, table=True):
    """One row a recording; ``facts`` is by event id."""

    __tablename__ = "recordings"

    id: UUID = Field(primary_key=True)
    tenant: str
    announced_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    facts: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
