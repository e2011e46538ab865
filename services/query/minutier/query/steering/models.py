"""What waits in the pipeline: ids, figures and times of all tenants, and nothing of what was said."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, DateTime
from sqlmodel import Field

from minutier.query.models import Table


class QueueRow(Table, table=True):
    """A recording in a stage that works on it, or that it waits for; ``duration`` in seconds of sound."""

    __tablename__ = "queue"

    recording_id: UUID = Field(primary_key=True)
    stage: str = Field(primary_key=True)
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    duration: float | None = None


class RateRow(Table, table=True):
    """What a stage has taken lately: ``seconds`` for ``sound_seconds``, the newest counting the most."""

    __tablename__ = "rates"

    stage: str = Field(primary_key=True)
    sound_seconds: float
    seconds: float
