"""Holds, and which recordings they cover."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from minutier.retention.models import Table, moment


class HoldRow(Table, table=True):
    """A hold; after its release the row stays."""

    __tablename__ = "holds"

    id: UUID = Field(primary_key=True)
    tenant: str
    matter: str
    reason: str
    placed_by: str
    placed_at: datetime = moment()
    search: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    released_by: str | None = None
    released_at: datetime | None = moment(nullable=True)
    release_reason: str | None = None


class HeldRow(Table, table=True):
    """A recording that a hold covers, or has covered until its release.

    The row is ``stale`` as long as the object store does not know of it; ``version`` counts changes. Of what
    others have been ``told`` see `Telling`.
    """

    __tablename__ = "held"

    hold_id: UUID = Field(primary_key=True)
    recording_id: UUID = Field(primary_key=True)
    tenant: str
    released: bool = False
    stale: bool = True
    version: int = 1
    told: int = Field(default=0, sa_column=Column(SmallInteger, nullable=False))
