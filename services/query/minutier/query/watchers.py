"""Who follows something now: so many at a time, and nobody all of them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from minutier.query.identity.domain import Person

# What anybody may have once half of all places are taken.
_FEW = 20


class Watchers:
    """At most ``most``; the second half is for those who have few."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[tuple[str, str]] = Counter()

    def has_room(self, person: Person) -> bool:
        """Whether ``person`` may follow something more."""
        taken = self._taken.total()
        return taken < self._most and (taken < self._most // 2 or self._taken[_name(person)] < _FEW)

    @contextmanager
    def watching(self, person: Person) -> Iterator[None]:
        """``person`` follows something until this is left."""
        name = _name(person)
        self._taken[name] += 1
        try:
            yield
        finally:
            self._taken[name] -= 1
            if not self._taken[name]:
                del self._taken[name]


def _name(person: Person) -> tuple[str, str]:
    return person.tenant, person.id
