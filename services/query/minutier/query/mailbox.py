"""What one watching client has still to be sent."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class News:
    """``changed`` says that the recording is to be read again; ``progress`` has a fraction a stage."""

    changed: bool
    progress: dict[str, float]


class Mailbox:
    """Holds the newest fraction of each stage and whether anything changed, and so never grows.

    A client slower than the news misses fractions that newer ones replaced. It misses no state: a
    state is read when it is sent, and is whole.
    """

    def __init__(self) -> None:
        self._changed = False
        self._progress: dict[str, float] = {}
        self._arrived = asyncio.Event()

    def put_change(self) -> None:
        self._changed = True
        self._arrived.set()

    def put_progress(self, stage: str, fraction: float) -> None:
        self._progress[stage] = fraction
        self._arrived.set()

    async def take(self, *, timeout: float) -> News | None:
        """What has arrived since the last time; ``None`` where nothing has for ``timeout`` seconds."""
        try:
            await asyncio.wait_for(self._arrived.wait(), timeout)
        except TimeoutError:
            return None
        news = News(self._changed, self._progress)
        self._changed, self._progress = False, {}
        self._arrived.clear()
        return news
