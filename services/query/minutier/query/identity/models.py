"""Who is signed in, and who is about to be."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime, LargeBinary, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from minutier.query.models import Table


def _moment() -> Any:
    column = Column(DateTime(timezone=True), nullable=False, server_default=func.now())
    return Field(default=None, sa_column=column)


class SessionRow(Table, table=True):
    """One browser of somebody who has signed in; ``standing`` is that of the provider's settings then."""

    __tablename__ = "sessions"

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

    state: bytes = Field(sa_column=Column(LargeBinary, primary_key=True), description="a digest")
    browser: bytes = Field(sa_column=Column(LargeBinary, nullable=False), description="a digest")
    provider: str
    nonce: str
    verifier: str
    redirect_uri: str
    return_path: str
    address: str
    created_at: datetime = _moment()
