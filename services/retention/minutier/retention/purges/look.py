"""What there is of several recordings, looked at side by side: most of it is waiting for servers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from minutier.retention.purges.domain import Inventory, Item, Rows
from minutier.retention.purges.ports import Stock

_AT_ONCE = 8

T = TypeVar("T")


async def take_all(
    tenant: str,
    items: Iterable[Item],
    remains: Mapping[UUID, Sequence[Rows]],
    *,
    stock: Stock,
    digests: bool = False,
) -> Mapping[UUID, Inventory]:
    """By recording, as `Stock.take` gives it. Raises what the servers raise."""

    async def take(item: Item) -> tuple[UUID, Inventory]:
        rows = remains[item.recording_id]
        return item.recording_id, await stock.take(tenant, item, rows, digests=digests)

    return dict(await side_by_side(items, take))


async def side_by_side(items: Iterable[Item], work: Callable[[Item], Awaitable[T]]) -> Sequence[T]:
    """A few at once; the first that fails ends the others, and its error is raised."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(item: Item) -> T:
        async with room:
            return await work(item)

    tasks = [asyncio.ensure_future(one(item)) for item in items]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
