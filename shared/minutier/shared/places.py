"""Who does something now of which there may be so much at a time: nobody has all of it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from minutier.shared.identity.domain import Person


class Places:
    """At most ``most``; once ``free`` are taken, the others are for those who have fewer than ``each``."""

    def __init__(self, most: int, *, each: int, free: int = 0) -> None:
        self._most = most
        self._each = each
        self._free = free
        self._taken: Counter[tuple[str, str]] = Counter()

    def has_room(self, person: Person) -> bool:
        """Whether ``person`` may have one more."""
        taken = self._taken.total()
        return taken < self._most and (taken < self._free or self._taken[_name(person)] < self._each)

    def take(self, person: Person) -> None:
        self._taken[_name(person)] += 1

    def leave(self, person: Person) -> None:
        name = _name(person)
        self._taken[name] -= 1
        if not self._taken[name]:
            del self._taken[name]

    @contextmanager
    def taken(self, person: Person) -> Iterator[None]:
        """``person`` has one until this is left."""
        self.take(person)
        try:
            yield
        finally:
            self.leave(person)


def _name(person: Person) -> tuple[str, str]:
    return person.tenant, person.id
