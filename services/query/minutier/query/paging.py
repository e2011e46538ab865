"""Where a page ends, as an opaque cursor."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


class BadCursor(Exception):
    """The text is no cursor that this service gave."""


@dataclass(frozen=True)
class Position:
    """A recording's place in the list, which new recordings do not shift."""

    announced_at: datetime
    id: UUID

    def encode(self) -> str:
        return urlsafe_b64encode(f"{self.announced_at.isoformat()} {self.id}".encode()).decode()

    @classmethod
    def decode(cls, cursor: str) -> "Position":
        """Raises `BadCursor`."""
        try:
            moment, recording_id = urlsafe_b64decode(cursor.encode()).decode().split(" ")
            position = cls(datetime.fromisoformat(moment), UUID(recording_id))
        except ValueError:
            raise BadCursor from None
        if position.announced_at.tzinfo is None:
            raise BadCursor
        return position
