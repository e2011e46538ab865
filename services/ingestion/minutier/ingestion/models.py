"""The register of recordings."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, DateTime, MetaData
from sqlmodel import Field, SQLModel, UniqueConstraint


class Table(SQLModel):
    metadata = MetaData()


class Recording(Table, table=True):
    """One row a recording; it holds no names: those are in the recording document."""

    __tablename__ = "recordings"
    __table_args__ = (UniqueConstraint("tenant", "source", "external_id"),)

    id: UUID = Field(primary_key=True)
    tenant: str
    source: str
    external_id: str
    announced_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    settled_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    rejected: str | None = None
