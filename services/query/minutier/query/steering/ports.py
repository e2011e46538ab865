"""What steering needs from outside."""

from typing import Protocol
from uuid import UUID

from minutier.query.steering.domain import Pace
from minutier.schemas.references import ObjectRef


class Paces(Protocol):
    async def of(self, id: UUID) -> Pace:
        """What is before a recording, and how fast that goes."""
        ...


class Media(Protocol):
    async def holds(self, ref: ObjectRef) -> bool:
        """Whether the object is still there."""
        ...
