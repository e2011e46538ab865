"""What there is of several recordings, looked at side by side: most of it is waiting for servers."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from minutier.retention.purges.domain import Inventory, Item, Rows
from minutier.retention.purges.ports import Stock
from minutier.shared.side_by_side import side_by_side

AT_ONCE = 8


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

    return dict(await side_by_side(items, take, most=AT_ONCE))
