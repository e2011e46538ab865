"""What a piece of work has stored, so that it can be taken back where the work turns out to be unwanted."""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

from minutier.schemas.references import Location

P = ParamSpec("P")
Result = TypeVar("Result")

_noted: ContextVar[list[Location] | None] = ContextVar("noted", default=None)


def begin() -> list[Location]:
    """Where this task, and what it starts, stores anything from now on; the list grows."""
    noted: list[Location] = []
    _noted.set(noted)
    return noted


def note(location: Location) -> None:
    """Something is about to be stored."""
    if (noted := _noted.get()) is not None:
        noted.append(location)


async def to_its_end(store: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Call ``store`` in a thread; whoever is cancelled meanwhile is so once it has returned or failed."""
    storing = asyncio.create_task(asyncio.to_thread(store, *args, **kwargs))
    try:
        return await asyncio.shield(storing)
    except asyncio.CancelledError:
        await asyncio.wait([storing])
        raise
