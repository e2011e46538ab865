"""The use case: finding out whether a log of disposal records is what was signed, and all of it.

Signatures tell of changed records, their indices of removed ones, and heads that are kept outside the
database of what whoever has the key did.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from minutier.retention.audit.domain import Head
from minutier.retention.audit.verify import Integrity, State, verify
from minutier.retention.records.anchor import Heads
from minutier.retention.records.ports import Kept, Logs
from minutier.shared.proofs.canonical import Malformed
from minutier.shared.proofs.merkle import Frontier, leaf_hash
from minutier.shared.proofs.opening import Keys, open_entry, parsed

# A record that names many objects has a megabyte.
_BATCH = 50

# Entries with indices from the first argument on, in their order, at most as many as the second.
Read = Callable[[int, int], Awaitable[Sequence[Kept]]]


class Tree:
    """Along a tenant's log; what has come since is found by asking once more."""

    def __init__(self, tenant: str, read: Read, keys: Keys) -> None:
        self._tenant = tenant
        self._read = read
        self._keys = keys
        self._tree = Frontier()
        self._waiting: deque[tuple[Kept, bytes | None]] = deque()

    @property
    def head(self) -> Head:
        return Head(self._tree.size, self._tree.root().hex())

    async def to(self, number: int | None) -> State | None:
        while number is None or self._tree.size < number:
            if not self._waiting:
                batch = await self._read(self._tree.size, _BATCH)
                self._waiting.extend(await asyncio.to_thread(self._opened, batch))
            if not self._waiting:
                return None
            kept, content = self._waiting.popleft()
            if kept.index != self._tree.size:
                return State.MISSING
            if content is None:
                return State.CHANGED
            tree, nodes = self._tree.append(leaf_hash(content))
            if nodes != kept.nodes:
                return State.CHANGED
            self._tree = tree
        return None

    def _opened(self, batch: Sequence[Kept]) -> list[tuple[Kept, bytes | None]]:
        return [(kept, self._content(kept)) for kept in batch]

    def _content(self, kept: Kept) -> bytes | None:
        """What was signed; ``None`` where the row is for something else, or nobody trusted has signed it."""
        try:
            entry = open_entry(kept.entry, parsed(kept.entry), self._keys, kept.index)
        except Malformed:
            return None
        record = entry.record
        signed = (record.tenant, record.index, record.id, record.recording_id, record.purge_id)
        row = (self._tenant, kept.index, kept.id, kept.recording_id, kept.purge_id)
        return entry.content if entry.problem is None and signed == row else None


async def integrity(tenant: str, *, logs: Logs, heads: Heads) -> Integrity:
    """Of a tenant's log, read from its beginning. Raises what the database and the store raise."""

    async def read(start: int, limit: int) -> Sequence[Kept]:
        # Each batch is a transaction of its own: none waits for the store.
        async with logs.of(tenant) as log:
            return await log.batch(start, limit)

    tree = Tree(tenant, read, heads.keys)
    return await verify(tree, heads.of(tenant), lambda anchor: heads.ours(tenant, anchor))
