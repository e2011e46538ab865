"""Requests of persons to be erased, and where the documents lie that these are about."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from minutier.retention.models import Table, moment


class RequestRow(Table, table=True):
    """One request; the row stays when nothing else of the recording is left."""

    __tablename__ = "erasure_requests"

    id: UUID = Field(primary_key=True)
    tenant: str
    recording_id: UUID
    reference: str
    received_on: date
    registered_by: str
    registered_at: datetime = moment()
    purge_id: UUID | None = None
    completed_at: datetime | None = moment(nullable=True)
    refused_by: str | None = None
    refused_at: datetime | None = moment(nullable=True)
    ground: str | None = None
    explanation: str | None = None


class DocumentRow(Table, table=True):
    """What one event has said of where something lies: references and figures."""

    __tablename__ = "documents"

    recording_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    told_by: UUID = Field(primary_key=True)
    tenant: str
    wanted_since: datetime = moment()
    at: datetime = moment()
    data: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
