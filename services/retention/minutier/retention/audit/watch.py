"""The use case: what has happened to an audit log is noticed, also where nobody looks."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from minutier.retention.audit.accesses import Accesses, verify_accesses
from minutier.retention.audit.anchor import Anchors, integrity
from minutier.retention.audit.ports import AuditLogs
from minutier.retention.audit.verify import Integrity
from minutier.shared.rounds import for_each

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Finding:
    """What was found at a moment; ``accesses`` only of a chain that is whole, which says what they were.

    ``disposals`` is the log of disposal records.
    """

    at: datetime
    integrity: Integrity
    accesses: Accesses | None
    disposals: Integrity | None = None


class Watch:
    """One log is read at a time, whoever asks."""

    def __init__(
        self,
        logs: AuditLogs,
        anchors: Anchors,
        disposals: Callable[[str], Awaitable[Integrity]] | None = None,
    ) -> None:
        self._logs = logs
        self._anchors = anchors
        self._disposals = disposals
        self._found: dict[str, Finding] = {}
        self._reading = asyncio.Lock()

    async def look_at_all(self) -> None:
        """One log that cannot be read keeps no other from being looked at."""
        await for_each(await self._logs.tenants(), self.look, named="verify audit log")

    async def look(self, tenant: str) -> Finding:
        """Read all of it now. Raises what the database and the store raise."""
        async with self._reading:
            found = await integrity(tenant, logs=self._logs, anchors=self._anchors)
            sound = found.state.sound
            accesses = await verify_accesses(self._logs, tenant) if sound else None
            if not sound:
                log.error("audit log is broken", tenant=tenant, state=found.state.value, number=found.number)
            if accesses and accesses.changed:
                log.error("access log is not what it was", tenant=tenant, segments=len(accesses.changed))
            disposals = await self._disposals(tenant) if self._disposals else None
            if disposals and not disposals.state.sound:
                told = {"state": disposals.state.value, "number": disposals.number}
                log.error("log of disposal records is broken", tenant=tenant, **told)
            self._found[tenant] = finding = Finding(datetime.now(UTC), found, accesses, disposals)
            return finding

    def last(self, tenant: str) -> Finding | None:
        """What was found when it was last looked at, by this process."""
        return self._found.get(tenant)
