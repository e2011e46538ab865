"""The use case: a whole log is given away, in memory that does not grow with it."""

from collections.abc import AsyncIterator
from datetime import datetime

from minutier.retention.records.ports import Logs
from minutier.schemas.records import SignedHead
from minutier.shared.proofs.issue import written

# A record that names many objects has a megabyte.
_BATCH = 50


async def export(tenant: str, *, logs: Logs, at: datetime) -> AsyncIterator[bytes]:
    """The lines that `minutier verify` takes: the entries, and the head of ``at`` that covers them.

    Raises `NoKey` before there is a line, and what the database raises.
    """
    async with logs.of(tenant) as log:
        head = await log.head(at)
    return _lines(tenant, logs, head)


async def _lines(tenant: str, logs: Logs, head: SignedHead) -> AsyncIterator[bytes]:
    size = head.head.tree_size
    for start in range(0, size, _BATCH):
        # Each batch is a transaction of its own: none waits for whoever reads slowly.
        async with logs.of(tenant) as log:
            batch = await log.batch(start, min(_BATCH, size - start))
        for kept in batch:
            yield kept.entry + b"\n"
    yield written(head) + b"\n"
