"""What is searched."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, DateTime, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field

from minutier.query.models import Table


class SearchedRow(Table, table=True):
    """One row a recording: all of its lexemes, without their places, and the figures that bound a search."""

    __tablename__ = "searched"

    recording_id: UUID = Field(primary_key=True)
    tenant: str
    happened_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    language: str
    duration: float | None = None
    passages: int = 0
    rules: int = Field(sa_column=Column(SmallInteger, nullable=False))
    lexemes: str = Field(sa_column=Column(TSVECTOR, nullable=False))


class PassageRow(Table, table=True):
    """One row for what is shown of a recording that is found: a title, a speaker, a segment, an item."""

    __tablename__ = "passages"

    recording_id: UUID = Field(primary_key=True)
    kind: int = Field(sa_column=Column(SmallInteger, primary_key=True))
    number: int = Field(primary_key=True)
    tenant: str
    segment: str | None = None
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    text: str
    clock: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    lexemes: str = Field(sa_column=Column(TSVECTOR, nullable=False))
