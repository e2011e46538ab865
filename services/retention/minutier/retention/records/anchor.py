"""The use case: the signed head of each log is kept outside the database as well.

What is kept is a head as it is handed out, and `minutier verify --head` takes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

import structlog

from minutier.retention.audit.anchor import Anchors
from minutier.retention.audit.domain import Head
from minutier.retention.audit.ports import Anchored
from minutier.retention.records.domain import NoKey
from minutier.retention.records.ports import Logs
from minutier.schemas.records import LogHead
from minutier.shared.proofs.issue import sign
from minutier.shared.proofs.issue import written as line
from minutier.shared.proofs.opening import open_head, parsed
from minutier.shared.proofs.signing import PublicKey

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Heads(Anchors):
    """Those in the store; ``former`` keys have signed some of them, and of the entries."""

    former: Mapping[str, PublicKey] = field(default_factory=dict)

    folder: ClassVar[str] = "heads/"

    @property
    def keys(self) -> Mapping[str, PublicKey]:
        """All that are trusted."""
        return {**self.former, **({self.key.public.id: self.key.public} if self.key else {})}

    def written(self, tenant: str, head: Head, at: datetime) -> bytes:
        """Raises `NoKey`."""
        if self.key is None:
            raise NoKey
        told = LogHead(tenant=tenant, tree_size=head.number, root=head.hash, issued_at=at)
        return line(sign(told, self.key))

    def says(self, text: bytes, tenant: str, anchor: Anchored) -> bool:
        opened = open_head(text, parsed(text), self.keys)
        told = (opened.head.tenant, opened.head.tree_size, opened.head.root)
        return opened.problem is None and told == (tenant, anchor.number, anchor.hash)


async def anchor(tenant: str, *, logs: Logs, heads: Heads) -> None:
    """Where the log has grown. Raises what the database and the store raise, and `NoKey`."""
    async with logs.of(tenant) as found:
        size, anchored = await found.size(), await found.anchored()
        if size <= anchored:
            return
        head = (await found.head(datetime.now(UTC))).head
    await heads.put(tenant, Head(head.tree_size, head.root))
    async with logs.of(tenant) as found:
        await found.settle(head.tree_size)
    log.info("disposal records anchored", tenant=tenant, size=head.tree_size, root=head.root)
