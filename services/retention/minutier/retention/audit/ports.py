"""What the audit log needs from outside, and what others need of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from minutier.retention.audit.domain import Action, Deed, Entry, Head
from minutier.schemas.references import Location


class Audit(Protocol):
    """For use cases whose deeds are written down, in the transaction that does them."""

    async def write(self, deed: Deed) -> Entry:
        """What was written down; until the transaction ends nobody else writes, so this comes last in it."""
        ...


# How a digest of the access log is made. That of the first form is of what there is alone, and not of what
# went with a purge.
FORM = 2


@dataclass(frozen=True)
class Segment:
    """The rows of the access log with ids above ``after``, up to ``through``: how many, and their SHA-256.

    Those that went with a purge are among them; how many these are, is ``purged``.
    """

    after: int
    through: int
    rows: int
    digest: str
    form: int = 1
    purged: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Purged:
    """How many rows of a segment are said to have gone with purges, by what there is of these.

    Of the ``late`` there is a disposal record that was issued once the segment was anchored, of the ``early``
    one from before. Of those that are ``open`` there is an order alone, which has not come to a record, or
    was stopped by a hold. Of the ``unproven`` there is nothing.
    """

    late: int = 0
    early: int = 0
    open: int = 0
    unproven: int = 0

    def accounts_for(self, was: Segment) -> bool:
        """Whether nothing else went: before the segment was anchored no more than was known then."""
        return not self.unproven and self.early <= was.purged


class AuditLog(Audit, Protocol):
    """One tenant's audit log, in one transaction."""

    @property
    def tenant(self) -> str: ...

    async def lock(self) -> None:
        """Nobody else writes before the transaction ends."""
        ...

    async def head(self) -> Head: ...

    async def anchored(self) -> int:
        """The number of the last entry that was anchored."""
        ...

    async def settle(self, number: int) -> None:
        """The entry with this number was anchored."""
        ...

    async def page(
        self, *, limit: int, after: int | None = None, action: Action | None = None
    ) -> Sequence[Entry]:
        """At most ``limit``, newest first, beginning behind the one with the number ``after``."""
        ...

    async def batch(self, after: int, limit: int) -> Sequence[Entry]:
        """At most ``limit``, oldest first, beginning behind the one with the number ``after``."""
        ...

    async def segments(self, after: int, limit: int) -> Sequence[tuple[Segment, datetime]]:
        """What the chain holds of the access log, and since when, oldest first, beginning behind that row."""
        ...

    async def last_segment(self) -> Segment | None: ...

    async def read_accesses(
        self, after: int, through: int | None = None, *, form: int = FORM
    ) -> Segment | None:
        """A segment as the access log is now; ``None`` where there is no access log.

        Without ``through`` it ends before the first row that others may still come before, and is not longer
        than can be read at once.
        """
        ...

    async def purged(self, segment: Segment, anchored_at: datetime) -> Purged:
        """By what query has kept of rows that it erased, and by the log of disposal records."""
        ...


class AuditLogs(Protocol):
    def of(self, tenant: str) -> AbstractAsyncContextManager[AuditLog]:
        """A transaction, which is committed where nothing is raised."""
        ...

    async def tenants(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Anchored:
    """What an object is an anchor for, as its name says; anybody who may write to the store can name one."""

    number: int
    hash: str
    location: Location


class Store(Protocol):
    async def locks(self, bucket: str) -> bool: ...

    async def write(
        self, bucket: str, key: str, body: bytes, content_type: str, *, kept_until: datetime | None = None
    ) -> object: ...

    def versions(self, bucket: str, prefix: str) -> AsyncIterator[Sequence[Location]]: ...

    async def peek(self, location: Location, *, most: int) -> bytes: ...
