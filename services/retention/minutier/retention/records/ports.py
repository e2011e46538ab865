"""What the log of disposal records needs from outside, and what others need of it."""

from collections.abc import AsyncIterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from minutier.retention.records.domain import Draft
from minutier.schemas.records import DisposalProof, DisposalRecord, SignedHead, SignedRecord


class Issuer(Protocol):
    """For use cases that have destroyed something, in the transaction that says so."""

    async def append(self, draft: Draft) -> SignedRecord:
        """The draft's record, which is issued where there is none for its purge and recording yet.

        Until the transaction ends nobody else appends, so this comes last in it. Raises `NoKey`.
        """
        ...

    async def append_all(self, drafts: Sequence[Draft]) -> Sequence[SignedRecord]:
        """Each draft's record, as `append`; all of them are in memory, and signed in one go."""
        ...


@dataclass(frozen=True)
class Kept:
    """A row of the log as it was read: not what it ought to be, but what there is."""

    index: int
    id: UUID
    recording_id: UUID
    purge_id: UUID
    entry: bytes
    nodes: tuple[bytes, ...]


@dataclass(frozen=True)
class Listed:
    """A record without the objects that it names, and how many those are."""

    record: DisposalRecord
    objects: int


class Sort(StrEnum):
    """What archives have become of records whose time is over."""

    DESTROYED = "destroyed"
    SAMPLED = "sampled"
    KEPT = "kept"


@dataclass(frozen=True)
class Row:
    """One recording of an elimination list; ``bytes`` are those of its ``objects``."""

    title: str | None
    source: str
    earliest: datetime
    latest: datetime
    objects: int
    bytes: int
    legal_basis: str
    sort: Sort = Sort.DESTROYED


@dataclass(frozen=True)
class Elimination:
    """What a public body shows its archives (*bordereau d'élimination*); ``visa`` once they have agreed."""

    producer: str
    purge_id: UUID
    legal_basis: str
    visa: str | None
    at: datetime
    rows: AsyncIterable[Row]


class Log(Issuer, Protocol):
    """One tenant's log, in one transaction."""

    @property
    def tenant(self) -> str: ...

    async def size(self) -> int:
        """Entries."""
        ...

    async def find(self, id: UUID) -> SignedRecord | None: ...

    async def of_recording(self, recording_id: UUID) -> Sequence[SignedRecord]:
        """Oldest first; a recording that is destroyed in parts has several."""
        ...

    async def page(
        self,
        *,
        limit: int,
        after: int | None = None,
        purge_id: UUID | None = None,
        recording_id: UUID | None = None,
    ) -> Sequence[Listed]:
        """At most ``limit``, newest first, beginning behind the one with the index ``after``."""
        ...

    async def batch(self, start: int, limit: int) -> Sequence[Kept]:
        """At most ``limit``, oldest first, beginning with the index ``start``."""
        ...

    async def head(self, at: datetime) -> SignedHead:
        """Over all entries, signed as at ``at``. Raises `NoKey`."""
        ...

    async def proof(self, entry: SignedRecord, at: datetime) -> DisposalProof:
        """That the log has ``entry``, by such a head. Raises `NoKey`."""
        ...

    async def anchored(self) -> int:
        """How many entries the newest head covers that is kept outside the database."""
        ...

    async def settle(self, size: int) -> None:
        """A head over ``size`` entries is kept outside."""
        ...


class Logs(Protocol):
    def of(self, tenant: str) -> AbstractAsyncContextManager[Log]:
        """A transaction, which is committed where nothing is raised."""
        ...
