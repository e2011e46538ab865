"""The tables of attribution, in its own schema."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class PartsRow(SQLModel, table=True):
    """The parts of one recording that have arrived; references and figures only.

    ``told`` is since when each was wanted, and when and by which event it was told.
    """

    __tablename__ = "parts"

    recording_id: UUID = Field(primary_key=True)
    tenant: str
    ingested: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    diarized: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    transcribed: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    told: dict[str, list[str]] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    wanted_since: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
