"""What purges need from outside."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from minutier.retention.policies.domain import Kind
from minutier.retention.purges.domain import Inventory, Item, ItemState, Purge, Reason, Rows
from minutier.schemas.records import ErasedPerson
from minutier.schemas.references import ObjectRef


@dataclass(frozen=True)
class Total:
    """What the items in one state, that have fallen out for one reason, come to."""

    state: ItemState
    reason: Reason | None
    recordings: int
    versions: int
    rows: int
    messages: int
    bytes: int


@dataclass(frozen=True)
class Eliminated:
    """What a list of what is eliminated says of a recording, also once it is destroyed."""

    recording_id: UUID
    source: str | None
    earliest: datetime | None
    latest: datetime | None
    versions: int
    bytes: int


@dataclass(frozen=True)
class Unlistable:
    """Recordings that there are not, and those that another purge is about to destroy."""

    unknown: tuple[UUID, ...] = ()
    busy: tuple[UUID, ...] = ()


class Candidates(Protocol):
    """One tenant's recordings that may be put into a purge."""

    async def put(
        self, purge: Purge, recordings: Collection[UUID], kinds: Collection[Kind]
    ) -> Unlistable | None:
        """Put them into the purge; where it gives something, the transaction is to be rolled back."""
        ...

    async def put_found(self, purge: Purge, kinds: Collection[Kind], *, limit: int) -> int:
        """Put in what the purge's search finds and no other purge is for; gives how many."""
        ...

    async def due_policies(self, now: datetime) -> Sequence[tuple[UUID, int]]:
        """The versions of policies by which something is due that no purge is for and no hold covers."""
        ...

    async def count_due(self, now: datetime) -> int:
        """Recordings of which something is due that no purge is for and no hold covers."""
        ...

    async def put_due(self, purge: Purge, policy: tuple[UUID, int], now: datetime, *, limit: int) -> int:
        """Put in what is due by a policy, and not held; gives how many recordings."""
        ...

    async def put_person(
        self, purge: Purge, recording_id: UUID, kinds: Collection[Kind], person: ErasedPerson
    ) -> Unlistable | None:
        """As `put`, for one person of a recording, whose rest is kept."""
        ...

    async def put_again(self, purge: Purge, items: Collection[Item]) -> int:
        """Put in these, of which retention may know nothing more; gives how many no other purge is for."""
        ...


class Purges(Protocol):
    """One tenant's purges, in one transaction."""

    @property
    def tenant(self) -> str: ...

    @property
    def candidates(self) -> Candidates: ...

    async def add(self, purge: Purge) -> None: ...

    async def keep(self, purge: Purge) -> None:
        """Have the purge be so from now on."""
        ...

    async def find(self, purge_id: UUID, *, locked: bool = False) -> Purge | None: ...

    async def page(self, *, limit: int, after: UUID | None = None) -> Sequence[Purge]:
        """The last that was proposed first."""
        ...

    async def open(self) -> Sequence[Purge]:
        """Those that are neither completed nor withdrawn, the first that was proposed first."""
        ...

    async def totals(self, purge_id: UUID) -> Sequence[Total]: ...

    async def waiting(self, purge_id: UUID) -> Mapping[str, tuple[int, datetime]]:
        """By service, of how many recordings it has not answered, and since when the first waits."""
        ...

    async def items(
        self, purge_id: UUID, *, limit: int, after: UUID | None = None, state: ItemState | None = None
    ) -> Sequence[Item]:
        """By recording, beginning behind ``after``."""
        ...

    async def eliminated(
        self, purge_id: UUID, *, limit: int, after: UUID | None = None
    ) -> Sequence[Eliminated]:
        """By recording, those that have not fallen out, beginning behind ``after``."""
        ...

    async def take(
        self,
        purge_id: UUID,
        state: ItemState,
        *,
        limit: int,
        told_before: datetime | None = None,
        among: Collection[UUID] | None = None,
    ) -> Sequence[Item]:
        """Items in this state, locked; none that somebody else has.

        With ``among``, none but of these recordings.
        """
        ...

    async def about(self, recording_id: UUID) -> Purge | None:
        """The one that is to destroy something of it, and has not yet."""
        ...

    async def asked(self, items: Collection[tuple[UUID, UUID]]) -> Mapping[tuple[UUID, UUID], Item]:
        """By purge and recording, those that there are.

        They are locked until the transaction ends, and without their inventories, which are large.
        """
        ...

    async def put(self, items: Iterable[Item]) -> None:
        """How far they are. Once one is counted its inventory stays as it is, until it is destroyed."""
        ...

    async def withdraw(self, purge_id: UUID) -> None:
        """Have all fall out that is not ordered yet."""
        ...

    async def remains(self, items: Iterable[Item]) -> Mapping[UUID, Sequence[Rows]]:
        """What the tables of all services have of recordings, as far as the items destroy them."""
        ...

    async def remains_of_person(self, item: Item, segments: Sequence[str]) -> Sequence[Rows]:
        """What the tables have of the one whom the item erases, who said these segments."""
        ...

    async def held(self, recordings: Collection[UUID]) -> Set[UUID]:
        """Those that a hold covers; until the transaction ends that does not change."""
        ...


class Ledgers(Protocol):
    """The purges of each tenant."""

    async def busy(self) -> Sequence[str]:
        """Tenants with purges that are neither completed nor withdrawn."""
        ...


class Stock(Protocol):
    """What lies outside the database."""

    async def take(
        self, tenant: str, item: Item, rows: Sequence[Rows], *, digests: bool = False
    ) -> Inventory:
        """All that there is of a recording, as far as the item is to destroy it.

        With ``digests``, those of the objects' contents as well. Raises what the servers' clients raise.
        """
        ...

    async def title(self, tenant: str, recording_id: UUID) -> str | None:
        """What a recording is called, as long as there is a document that says so."""
        ...

    async def discard(self, ref: ObjectRef) -> None:
        """Remove every version of one object."""
        ...

    async def clear(self, item: Item) -> None:
        """Remove the messages of a recording from every stream."""
        ...
