"""What was computed lately, up to a number of bytes."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import TypeVar

V = TypeVar("V")


class Cache:
    """Forgets what was not asked for the longest; what is larger than all of it is not kept."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, tuple[object, int]] = OrderedDict()

    def get(self, kind: type[V], key: Hashable) -> V | None:
        """What was put there, if it is of this ``kind``."""
        found = self._kept.get(key)
        if found is None or not isinstance(found[0], kind):
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: object, size: int) -> None:
        """``value`` is never changed and takes about ``size`` bytes."""
        self._drop(key)
        if size > self._most_bytes:
            return
        self._kept[key] = (value, size)
        self._bytes += size
        while self._bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Hashable) -> None:
        _, size = self._kept.pop(key, (None, 0))
        self._bytes -= size
