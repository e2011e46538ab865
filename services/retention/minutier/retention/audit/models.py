"""The audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from minutier.retention.models import Table, moment


class ChainRow(Table, table=True):
    """A tenant's chain; whoever has the row locked writes to it. Any transaction may read which there are."""

    __tablename__ = "chains"

    tenant: str = Field(primary_key=True)
    anchored: int = 0


class EntryRow(Table, table=True):
    """One entry of a chain; rows are only ever added."""

    __tablename__ = "audit_log"

    tenant: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    at: datetime = moment()
    actor: str
    action: str
    things: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    detail: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    previous: str
    hash: str
