"""Who has listened, in the access log."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID

from minutier.query.access.domain import Seen
from minutier.query.access.log import Action
from minutier.query.access.ports import AccessLog
from minutier.shared.identity.domain import Person

_SECONDS = 600.0
# Whoever is forgotten for others is written down once more.
_MOST = 10_000

_Key = tuple[str, str, UUID, str | None]


class Listening:
    """Writes down once in ten minutes that somebody listens, though a player asks for many parts."""

    def __init__(self, log: AccessLog, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._noted: OrderedDict[_Key, float] = OrderedDict()
        self._writing = asyncio.Lock()

    async def note(self, person: Person, seen: Seen) -> None:
        """Before anything is given: raises what the log raises."""
        key = (person.tenant, person.id, seen.entry.id, seen.reason)
        if self._lately(key):
            return
        async with self._writing:
            if self._lately(key):
                return
            await self._log.write(person, Action.AUDIO, seen.entry.id, **seen.because)
            self._noted.pop(key, None)
            self._noted[key] = self._clock()
            if len(self._noted) > _MOST:
                self._noted.popitem(last=False)

    def _lately(self, key: _Key) -> bool:
        return self._clock() - self._noted.get(key, -_SECONDS) < _SECONDS
