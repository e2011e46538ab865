"""What listening to a recording needs from outside."""

from typing import Protocol

from minutier.schemas.references import ObjectRef


class Objects(Protocol):
    async def read_range(self, ref: ObjectRef, start: int, length: int) -> bytes:
        """These bytes of an object. Raises `minutier.shared.errors.Permanent` where it is gone or another."""
        ...
