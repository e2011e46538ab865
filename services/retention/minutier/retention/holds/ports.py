"""What holds need from outside."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from minutier.retention.holds.domain import Hold, Release
from minutier.schemas.references import Location


@dataclass(frozen=True)
class Standing:
    """A hold, and how many recordings it covers; of ``unlocked`` the store does not know it yet."""

    hold: Hold
    covered: int
    unlocked: int


@dataclass(frozen=True)
class Seen:
    """One hold of a recording as it was read; ``version`` changes with it."""

    hold_id: UUID
    version: int


@dataclass(frozen=True)
class Change:
    """A recording whose objects are to be as ``held`` says; ``seen`` is what the store does not know yet.

    ``placed`` and ``released`` are those holds of which nobody has been told.
    """

    recording_id: UUID
    held: bool
    seen: tuple[Seen, ...]
    placed: tuple[UUID, ...] = ()
    released: tuple[UUID, ...] = ()


class Holds(Protocol):
    """One tenant's holds, in one transaction."""

    async def add(self, hold: Hold) -> None: ...

    async def cover(self, hold_id: UUID, recordings: Collection[UUID]) -> Sequence[UUID]:
        """Have the hold cover those that there are and that it does not cover yet; none is deleted meanwhile.

        Gives those that the tenant has not.
        """
        ...

    async def cover_found(self, hold: Hold) -> None:
        """As `cover`, for all that the hold's search finds."""
        ...

    async def standing(self) -> Sequence[Hold]:
        """Those with a search that have not been released."""
        ...

    async def find(self, hold_id: UUID, *, locked: bool = False) -> Hold | None: ...

    async def release(self, hold_id: UUID, release: Release) -> None: ...

    async def page(self, *, limit: int, after: UUID | None = None) -> Sequence[Standing]:
        """The last that was placed first."""
        ...

    async def counted(self, hold: Hold) -> Standing: ...

    async def covered(self, hold_id: UUID, *, limit: int, after: UUID | None = None) -> Sequence[UUID]:
        """The recordings that a hold covers, or covered until its release, by id."""
        ...

    async def of(self, recording_id: UUID) -> Sequence[Hold]:
        """Those that cover a recording now."""
        ...

    async def renew(self, recording_id: UUID) -> None:
        """Something was added to what is kept of a recording: where it is held, that is to be held too."""
        ...

    async def changes(self, *, limit: int) -> Sequence[Change]:
        """What the store does not know yet."""
        ...

    async def settle(self, change: Change) -> None:
        """The store knows what was seen, and others are told; what has changed meanwhile is left."""
        ...


class Store(Protocol):
    async def locks(self, bucket: str) -> bool:
        """Whether the store keeps a bucket's held objects from being deleted."""
        ...

    def versions(self, bucket: str, prefix: str) -> AsyncIterator[Sequence[Location]]: ...

    async def set_hold(self, location: Location, held: bool) -> None: ...
