"""The use case: a document is made of a meeting, beside what else is asked for."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from minutier.query.exports.domain import Exported

# Each takes a processor, and hours of speech hundreds of megabytes.
_AT_ONCE = 2
_WAITING = 20


class Busy(Exception):
    """As many wait for a document as may."""


class Renderer:
    """Makes ``at_once`` documents at a time, while at most ``waiting`` others wait their turn."""

    def __init__(self, *, at_once: int = _AT_ONCE, waiting: int = _WAITING) -> None:
        self._threads = ThreadPoolExecutor(at_once, "exports")
        self._most = at_once + waiting
        self._asked = 0

    async def render(self, render: Callable[[Exported], bytes], exported: Exported) -> bytes:
        """Raises `Busy`, and what ``render`` raises."""
        if self._asked >= self._most:
            raise Busy
        self._asked += 1
        # Whoever leaves frees no thread: what they asked for counts until it is made.
        making = self._threads.submit(render, exported)
        making.add_done_callback(self._done(asyncio.get_running_loop()))
        return await asyncio.wrap_future(making)

    def _done(self, loop: asyncio.AbstractEventLoop) -> Callable[[object], None]:
        def count() -> None:
            self._asked -= 1

        def done(_: object) -> None:
            loop.call_soon_threadsafe(count)

        return done
