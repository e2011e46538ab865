"""What is searched."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, DateTime, SmallInteger
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
