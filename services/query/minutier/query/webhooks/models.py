"""What applications are told, and where."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, String
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from minutier.query.models import Table


def _moment(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


class WebhookRow(Table, table=True):
    """One application's address; the secrets are kept to sign with, and shown when they are made."""

    __tablename__ = "webhooks"

    id: UUID = Field(primary_key=True)
    tenant: str
    url: str
    events: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    description: str
    secret: str
    old_secret: str | None = None
    old_secret_until: datetime | None = _moment(nullable=True)
    state: str = "active"
    reason: str | None = None
    failures: int = 0
    failing_since: datetime | None = _moment(nullable=True)
    created_at: datetime = _moment()


class TenantRow(Table, table=True):
    """Which tenants have webhooks: what has to be known before they are read, and nothing else."""

    __tablename__ = "webhook_tenants"

    tenant: str = Field(primary_key=True)


class DeliveryRow(Table, table=True):
    """What one webhook is told; ``next_at`` is null once that has ended.

    ``claim`` is whose attempt counts while one is made; ``tries`` counts since somebody last asked by hand.
    """

    __tablename__ = "webhook_deliveries"

    id: UUID = Field(primary_key=True)
    webhook_id: UUID
    tenant: str
    event: str
    recording_id: UUID | None = None
    body: str
    created_at: datetime = _moment()
    state: str = "pending"
    next_at: datetime | None = _moment(nullable=True)
    claim: UUID | None = None
    tries: int = 0
    attempts: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
