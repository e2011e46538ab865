"""What policies need from outside."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from minutier.retention.policies.domain import Facts, Kind, Policy, Tenant
from minutier.retention.policies.schedule import Due, Schedule
from minutier.schemas.documents import Document
from minutier.schemas.references import ObjectRef

D = TypeVar("D", bound=Document)


class Documents(Protocol):
    async def load(self, kind: type[D], ref: ObjectRef) -> D:
        """Raises `minutier.shared.errors.Permanent` where it is gone."""
        ...


@dataclass(frozen=True)
class Version:
    """A version of a policy, and who set it when: a person's id, or `None` for the settings."""

    policy: Policy
    set_by: str | None
    set_at: datetime


class Register(Protocol):
    """One tenant's policies and recordings, in one transaction."""

    @property
    def name(self) -> str:
        """The tenant's."""
        ...

    async def tenant(self, *, locked: bool = False) -> Tenant:
        """What is in force; the revision is never newer than the policies.

        Whoever has it locked is the only one who changes policies, until the transaction ends.
        """
        ...

    async def mark(self, *, public_body: bool) -> None: ...

    async def add_version(self, policy: Policy, *, set_by: str | None) -> None:
        """Have it in force from now on, and every schedule made anew."""
        ...

    async def versions(self, policy_id: UUID) -> Sequence[Version]:
        """All of them, the last first."""
        ...

    async def version(self, policy_id: UUID, number: int) -> Policy | None: ...

    async def find(self, recording_id: UUID, *, locked: bool = False) -> Facts | None:
        """Nobody else changes what is locked before the transaction ends."""
        ...

    async def add(self, recording_id: UUID) -> Facts:
        """The recording, locked, with no facts where it is new.

        Raises `minutier.shared.errors.Permanent` (``another_tenants``) where it is of another tenant.
        """
        ...

    async def keep(self, recording_id: UUID, facts: Facts) -> None: ...

    async def settle(self, schedules: Mapping[UUID, Schedule], *, revision: int) -> None:
        """Write the schedules of recordings, made by the policies of this revision."""
        ...

    async def behind(self, *, limit: int) -> Mapping[UUID, Facts]:
        """Recordings whose schedules were made by older policies, locked; none that somebody else has."""
        ...

    async def page(self, *, limit: int, after: UUID | None) -> Mapping[UUID, Facts]:
        """At most ``limit`` recordings by id, beginning behind ``after``."""
        ...

    async def due(self, before: datetime, *, limit: int, after: Due | None = None) -> Sequence[Due]:
        """What is due before a moment, the oldest first, at most ``limit``, beginning behind ``after``.

        What was made by policies that are not in force any more is left out, until it has been made anew.
        """
        ...

    async def are_due(self, recording_id: UUID, kinds: Collection[Kind], now: datetime) -> bool:
        """Whether all these kinds of it are, by the policies in force."""
        ...

    async def dispose(self, recording_id: UUID, kinds: Collection[Kind]) -> None:
        """Forget these kinds of it; nobody does that to what is held."""
        ...

    async def forget(self, recordings: Collection[UUID]) -> None:
        """Forget these as a whole; nobody does that to what is held."""
        ...


class Registers(Protocol):
    def of(self, tenant: str) -> AbstractAsyncContextManager[Register]:
        """A transaction, which is committed where nothing is raised."""
        ...

    async def tenants(self) -> Sequence[str]: ...

    async def behind(self) -> Sequence[str]:
        """Tenants with recordings whose schedules were made by older policies."""
        ...
