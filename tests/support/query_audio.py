"""Sounds in memory, read as the object store reads them."""

import hashlib

from minutier.schemas.references import ObjectRef
from minutier.shared.errors import ObjectMissing

SOUND = bytes(range(256)) * 4


class Sounds:
    """Bytes by key; ``read`` has what was asked for."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.read: list[tuple[int, int]] = []

    def keep(self, key: str, body: bytes = SOUND) -> ObjectRef:
        self.kept[key] = body
        return ObjectRef(
            bucket="recordings", key=key, sha256=hashlib.sha256(body).hexdigest(), size=len(body)
        )

    async def read_range(self, ref: ObjectRef, start: int, length: int) -> bytes:
        self.read.append((start, length))
        if ref.key not in self.kept:
            raise ObjectMissing
        body = self.kept[ref.key]
        assert 0 <= start < start + length <= len(body)
        return body[start : start + length]
