"""Jobs, and what has come of recordings."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from minutier.ingestion.models import Table


class JobRow(Table, table=True):
    """One row a job; ``user_sub`` and ``docs`` tell who asked, and are nowhere else.

    ``announcement`` is forgotten when the job ends.
    """

    __tablename__ = "jobs"

    id: UUID = Field(primary_key=True)
    tenant: str
    kind: str
    recording_id: UUID = Field(index=True)
    user_sub: str
    base_url: str
    language: str | None = None
    docs: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    callback: bool = True
    spoken: str | None = None
    announcement: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    failure: str | None = None
    document_id: str | None = None
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    told_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class EndRow(Table, table=True):
    """What has come of a recording, by kind of job: a reference to its document, or why there is none.

    Kept for every recording, since a job may be asked for after its recording was done.
    """

    __tablename__ = "ends"

    recording_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    result: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    failure: str | None = None
    language: str | None = None
