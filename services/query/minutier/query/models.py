"""The read model."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, MetaData, SmallInteger, String, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel


class Table(SQLModel):
    metadata = MetaData()


def _moment(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


class RegisterRow(Table, table=True):
    """Which tenant a recording is of: what has to be known before its tenant is, and nothing else."""

    __tablename__ = "register"

    id: UUID = Field(primary_key=True)
    tenant: str


class RecordingRow(Table, table=True):
    """One row a recording; ``facts`` is by event id, and everything after it follows from them, but for what
    was ``destroyed``.
    """

    __tablename__ = "recordings"

    id: UUID = Field(primary_key=True)
    tenant: str
    announced_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    facts: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    happened_at: datetime = _moment()
    state: str = "announced"
    title: str | None = None
    found_by: str = Field(default="", description="the title and the names of those who were there, folded")
    revision: int = 1
    destroyed: list[str] = Field(default=[], sa_column=Column(ARRAY(String), nullable=False))
    restricted: list[str] = Field(default=[], sa_column=Column(ARRAY(String), nullable=False))


class GrantRow(Table, table=True):
    """What a principal may do with a recording, and who said so."""

    __tablename__ = "grants"

    recording_id: UUID = Field(primary_key=True)
    principal: str = Field(primary_key=True)
    origin: str = Field(primary_key=True)
    tenant: str
    level: int = Field(sa_column=Column(SmallInteger, nullable=False))
    until: datetime | None = _moment(nullable=True)
    given_by: str | None = None
    given_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now())
    )


class AccessRow(Table, table=True):
    """One read of a recording's content, or one search."""

    __tablename__ = "access_log"

    id: int | None = Field(default=None, primary_key=True)
    tenant: str
    recording_id: UUID | None = None
    person_id: str
    person_name: str
    action: str
    detail: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now())
    )
