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


class AnnouncedObject(Table, table=True):
    """An object of a bucket that some recording was announced to be, whoever announced it.

    ``etag`` is empty where who announced it did not know it.
    """

    __tablename__ = "announced_objects"

    bucket: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    etag: str = Field(primary_key=True)
    tenant: str
    recording_id: UUID = Field(index=True)
    language: str | None = None
    has_metadata: bool = False
    announced_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class Expectation(Table, table=True):
    """A recording that was begun or promised, and that is missing once ``due_at`` has passed."""

    __tablename__ = "expectations"

    recording_id: UUID = Field(primary_key=True)
    tenant: str
    source: str
    external_id: str
    expected_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    due_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, index=True))
