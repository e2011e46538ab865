"""What the tables of retention have in common."""

from typing import Any

from sqlalchemy import Column, DateTime, MetaData
from sqlmodel import Field, SQLModel


class Table(SQLModel):
    metadata = MetaData()


def moment(*, nullable: bool = False) -> Any:
    """A column for a moment in time."""
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))
