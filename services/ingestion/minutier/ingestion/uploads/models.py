"""Uploads that somebody announced they would send."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from minutier.ingestion.models import Table


class PromisedUpload(Table, table=True):
    """One row an upload that has not come; ``details`` may name people, and go with the row."""

    __tablename__ = "promised_uploads"

    recording_id: UUID = Field(primary_key=True)
    tenant: str
    details: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, index=True))
