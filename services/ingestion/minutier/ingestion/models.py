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

    ``etag`` is empty until somebody tells it.
    """

    __tablename__ = "announced_objects"

    tenant: str = Field(primary_key=True)
    bucket: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    etag: str = Field(primary_key=True)
    recording_id: UUID = Field(index=True)
    source: str
    language: str | None = None
    has_metadata: bool = False
    announced_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class Expectation(Table, table=True):
    """A recording that was begun, and that is missing once ``due_at`` has passed.

    Without ``due_at`` its end has been told of: news of its beginning that comes late expects nothing.
    """

    __tablename__ = "expectations"

    recording_id: UUID = Field(primary_key=True)
    tenant: str
    source: str
    external_id: str
    expected_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    due_at: datetime | None = Field(sa_column=Column(DateTime(timezone=True), index=True))


class DisposedObject(Table, table=True):
    """An object of a bucket that a recording was which is purged: it is not taken in again.

    ``digest`` is of its bucket and key, which may hold names; ``source`` is who had announced it.
    """

    __tablename__ = "disposed_objects"

    tenant: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    etag: str = Field(primary_key=True)
    source: str


class Telling(Table, table=True):
    """Something that was announced of a recording; of what it said there is a digest alone."""

    __tablename__ = "tellings"

    recording_id: UUID = Field(primary_key=True)
    digest: UUID = Field(primary_key=True)
