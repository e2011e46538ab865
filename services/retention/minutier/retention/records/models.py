"""The log of disposal records."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from minutier.retention.models import Table, moment


class LogRow(Table, table=True):
    """A tenant's log; whoever has the row locked appends to it. Any transaction may read which there are.

    ``anchored`` is how many entries the newest head covers that is kept outside the database.
    """

    __tablename__ = "disposal_logs"

    tenant: str = Field(primary_key=True)
    anchored: int = 0


class DisposalRow(Table, table=True):
    """One entry of a log; rows are only ever added.

    ``entry`` is the signed record as it was written, and ``nodes`` are those that its leaf completed.
    """

    __tablename__ = "disposals"

    tenant: str = Field(primary_key=True)
    index: int = Field(primary_key=True)
    id: UUID
    recording_id: UUID
    purge_id: UUID
    entry: str
    nodes: list[bytes] = Field(sa_column=Column(ARRAY(LargeBinary), nullable=False))
    issued_at: datetime = moment()
