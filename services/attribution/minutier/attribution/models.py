"""The tables of attribution, in its own schema."""

from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class PartsRow(SQLModel, table=True):
    """The parts of one recording that have arrived; references and figures only."""

    __tablename__ = "parts"

    recording_id: UUID = Field(primary_key=True)
    tenant: str
    ingested: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    diarized: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    transcribed: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
