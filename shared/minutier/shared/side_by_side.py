"""The same work for several things at once, since most of it is waiting for servers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")


async def side_by_side(items: Iterable[T], work: Callable[[T], Awaitable[U]], *, most: int) -> Sequence[U]:
    """``most`` at once; the first that fails ends the others, and its error is raised."""
    room = asyncio.Semaphore(most)

    async def one(item: T) -> U:
        async with room:
            return await work(item)

    tasks = [asyncio.ensure_future(one(item)) for item in items]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
