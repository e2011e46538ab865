"""What people lay over transcripts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from minutier.query.models import Table


class LayerRow(Table, table=True):
    """One layer, never changed; ``content`` is all of it."""

    __tablename__ = "layers"

    id: UUID = Field(primary_key=True)
    tenant: str
    recording_id: UUID
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    kind: str
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
