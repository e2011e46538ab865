"""A document is made, beside what else is asked for."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from minutier.shared.identity.domain import Person
from minutier.shared.places import Places

T = TypeVar("T")

# Each takes a processor, and hours of speech hundreds of megabytes.
_AT_ONCE = 2
_WAITING = 20
# Of one person, whose others would wait behind them.
_EACH = 4


class Busy(Exception):
    """As many documents are made or wait, for somebody or in all, as may."""


class Renderer:
    """Makes ``at_once`` documents at a time, while at most ``waiting`` others wait their turn.

    At most ``each`` of them are one person's.
    """

    def __init__(self, *, at_once: int = _AT_ONCE, waiting: int = _WAITING, each: int = _EACH) -> None:
        self._threads = ThreadPoolExecutor(at_once, "documents")
        self._places = Places(at_once + waiting, each=each)

    async def render(self, person: Person, render: Callable[[T], bytes], of: T) -> bytes:
        """What ``render`` makes of ``of`` for ``person``. Raises `Busy`, and what ``render`` raises."""
        if not self._places.has_room(person):
            raise Busy
        self._places.take(person)
        # Whoever leaves frees no thread: what they asked for counts until it is made.
        making = self._threads.submit(render, of)
        loop = asyncio.get_running_loop()
        making.add_done_callback(lambda _: loop.call_soon_threadsafe(self._places.leave, person))
        return await asyncio.wrap_future(making)
