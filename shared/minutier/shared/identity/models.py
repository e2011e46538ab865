"""Who is signed in, and who is about to be.

Neither table is confined to a tenant: whose row it is is only known once it is read. What leads to a row is a
random value of 256 bits, of which the row has the digest.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, DateTime, Index, LargeBinary, MetaData, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Table(SQLModel):
    metadata = MetaData()


def create_tables(connection: Connection) -> None:
    """For the migration of a service whose pages people sign in to."""
    Table.metadata.create_all(connection)


def _moment() -> Any:
    column = Column(DateTime(timezone=True), nullable=False, server_default=func.now())
    return Field(default=None, sa_column=column)


class SessionRow(Table, table=True):
    """One browser of somebody who has signed in; ``standing`` is that of the provider's settings then."""

    __tablename__ = "sessions"
    __table_args__ = (Index("sessions_used", "used_at"),)

    id: bytes = Field(sa_column=Column(LargeBinary, primary_key=True), description="a digest")
    provider: str
    standing: str
    person: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    id_token: str
    created_at: datetime = _moment()
    used_at: datetime = _moment()


class SignInRow(Table, table=True):
    """One browser that was sent to a provider, and is to come back."""

    __tablename__ = "sign_ins"
    __table_args__ = (
        Index("sign_ins_created", "created_at"),
        Index("sign_ins_address", "address", "created_at"),
    )

    state: bytes = Field(sa_column=Column(LargeBinary, primary_key=True), description="a digest")
    browser: bytes = Field(sa_column=Column(LargeBinary, nullable=False), description="a digest")
    provider: str
    nonce: str
    verifier: str
    redirect_uri: str
    return_path: str
    address: str
    created_at: datetime = _moment()
