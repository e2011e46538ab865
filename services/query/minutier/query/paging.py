"""Which recordings a list has, and where a page of it ends."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from minutier.query.domain import State


@dataclass(frozen=True)
class Wanted:
    """Those since ``since`` and before ``before``; texts are part of what is named, whatever its accents."""

    state: State | None = None
    title: str | None = None
    participant: str | None = None
    since: datetime | None = None
    before: datetime | None = None


T = TypeVar("T")


def cut(found: Sequence[T], limit: int) -> tuple[Sequence[T], T | None]:
    """What is shown of ``found``, which has one more than ``limit`` where there is another page.

    Then the last that is shown is told besides: that page begins behind it.
    """
    shown = found[:limit]
    return shown, shown[-1] if len(found) > limit else None


class BadCursor(Exception):
    """The text is no cursor that this service gave."""


@dataclass(frozen=True)
class Position:
    """A recording's place in a list, by when it happened, which new recordings do not shift."""

    moment: datetime
    id: UUID

    def encode(self) -> str:
        return urlsafe_b64encode(f"{self.moment.isoformat()} {self.id}".encode()).decode()

    @classmethod
    def decode(cls, cursor: str) -> "Position":
        """Raises `BadCursor`."""
        try:
            moment, recording_id = urlsafe_b64decode(cursor.encode()).decode().split(" ")
            told = datetime.fromisoformat(moment)
            # An offset may be longer than those that PostgreSQL reads.
            position = cls(told.astimezone(UTC), UUID(recording_id))
        except (ValueError, OverflowError):
            raise BadCursor from None
        if told.tzinfo is None:
            raise BadCursor
        return position
