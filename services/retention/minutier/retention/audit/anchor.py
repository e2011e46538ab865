"""The use case: the head of each chain is kept outside the database as well.

Whoever can write to the database can write a chain anew, but not what the store has kept of it. Which chains
are behind is told by their rows: after a kill, or beside another replica, it just goes on.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import structlog

from minutier.retention.audit.accesses import anchor_accesses
from minutier.retention.audit.domain import Entry, Head
from minutier.retention.audit.ports import Anchored, AuditLogs, Store
from minutier.retention.audit.verify import Chain, Integrity, verify
from minutier.shared.errors import ObjectMissing
from minutier.shared.objects import AUDIT
from minutier.shared.proofs.canonical import Malformed, canonical, read
from minutier.shared.proofs.signing import Purpose, SigningKey
from minutier.shared.rounds import for_each

log = structlog.get_logger(__name__)

# Where the store locks.
_KEPT = timedelta(days=3650)
_MOST_BYTES = 4096
_DIGITS = 12
# The hash is in the name, so that a listing tells what each is for, and no later version says otherwise.
_NAME = re.compile(r"(\d{12})-([0-9a-f]{64})\.json")


@dataclass(frozen=True)
class Anchors:
    """Heads in the store, signed where there is a ``key``; without one the store is trusted."""

    store: Store
    key: SigningKey | None

    # Below that of the tenant.
    folder: ClassVar[str] = ""

    async def put(self, tenant: str, head: Head) -> None:
        """Raises what the store raises."""
        now = datetime.now(UTC)
        await self.store.write(
            AUDIT,
            f"{tenant}/{self.folder}{head.number:0{_DIGITS}d}-{head.hash}.json",
            self.written(tenant, head, now),
            "application/json",
            kept_until=now + _KEPT if await self.store.locks(AUDIT) else None,
        )

    async def of(self, tenant: str) -> AsyncIterator[Anchored]:
        """By number, and in all their versions: who puts a delete marker over one has not taken it away."""
        prefix = f"{tenant}/{self.folder}"
        async for page in self.store.versions(AUDIT, prefix):
            for location in page:
                if name := _NAME.fullmatch(location.key.removeprefix(prefix)):
                    yield Anchored(int(name[1]), name[2], location)

    async def ours(self, tenant: str, anchor: Anchored) -> bool:
        """Whether it says what its name says, and is signed where there is a key."""
        try:
            return self.says(await self.store.peek(anchor.location, most=_MOST_BYTES), tenant, anchor)
        except (ObjectMissing, Malformed, LookupError, TypeError, ValueError):
            return False

    def written(self, tenant: str, head: Head, at: datetime) -> bytes:
        """What is kept of ``head``."""
        content: dict[str, Any] = {
            "version": 1,
            "tenant": tenant,
            "number": head.number,
            "hash": head.hash,
            "at": at.isoformat(),
        }
        if self.key is None:
            return canonical({"anchor": content, "unsigned": "no signing key was set"})
        signature = self.key.sign(Purpose.ANCHOR, canonical(content))
        return canonical({"anchor": content, "key_id": self.key.public.id, "signature": signature})

    def says(self, text: bytes, tenant: str, anchor: Anchored) -> bool:
        """Whether ``text`` says so; may raise what reading something else raises."""
        file = read(text)
        content = file["anchor"]
        told = (content["tenant"], content["number"], content["hash"])
        if told != (tenant, anchor.number, anchor.hash):
            return False
        return self.key is None or self.key.public.signed(
            Purpose.ANCHOR, canonical(content), file["signature"]
        )


async def integrity(tenant: str, *, logs: AuditLogs, anchors: Anchors) -> Integrity:
    """Of a tenant's audit log, read from its beginning. Raises what the database and the store raise."""

    async def entries(after: int, limit: int) -> Sequence[Entry]:
        # Each batch is a transaction of its own: none waits for the store.
        async with logs.of(tenant) as found:
            return await found.batch(after, limit)

    return await verify(Chain(entries), anchors.of(tenant), lambda anchor: anchors.ours(tenant, anchor))


class Anchoring:
    """Every log that has moved is anchored; one that cannot be keeps no other from it.

    ``disposals`` does so with a tenant's log of disposal records.
    """

    def __init__(
        self,
        logs: AuditLogs,
        anchors: Anchors,
        disposals: Callable[[str], Awaitable[object]] | None = None,
    ) -> None:
        self._logs = logs
        self._anchors = anchors
        self._disposals = disposals

    async def catch_up(self) -> None:
        """Raises what the database raises where it does not tell which chains there are."""
        tenants = await self._logs.tenants()
        await for_each(tenants, self._accesses, named="anchor access log")
        await for_each(tenants, self._head, named="anchor audit log")
        if self._disposals is not None:
            await for_each(tenants, self._disposals, named="anchor disposal records")

    async def _accesses(self, tenant: str) -> None:
        moved = True
        while moved:
            async with self._logs.of(tenant) as found:
                moved = await anchor_accesses(found)

    async def _head(self, tenant: str) -> None:
        async with self._logs.of(tenant) as found:
            head, anchored = await found.head(), await found.anchored()
        if head.number <= anchored:
            return
        await self._anchors.put(tenant, head)
        async with self._logs.of(tenant) as found:
            await found.settle(head.number)
        anchored_as = {"tenant": tenant, "number": head.number, "hash": head.hash}
        if self._anchors.key is None:
            log.warning("audit log anchored without a signature, since there is no key", **anchored_as)
        else:
            log.info("audit log anchored", **anchored_as)
