"""Policies and recordings of retention: drawn by hypothesis, made by hand, and in a register in memory."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from hypothesis import strategies as st

from minutier.retention.policies.domain import (
    Clock,
    Disposition,
    Facts,
    Kind,
    Policy,
    Rule,
    Scope,
    Tenant,
    default_policy,
)
from minutier.retention.policies.ports import Version
from minutier.retention.policies.schedule import Due, Schedule
from minutier.shared.errors import Permanent

TENANT = "acme"
TAKEN_IN = datetime(2026, 1, 1, 9, tzinfo=UTC)
PERIODS = {Kind.MEDIA: 120, Kind.TRANSCRIPT: 365, Kind.MINUTES: 365, Kind.ACCESS_LOG: 365}
_IDS = UUID("7d1c2f34-5b0a-5c1e-9a77-2f1e3d4c5b6a")


def policy(
    name: str = "Boards",
    days: int | Mapping[Kind, Rule] = 30,
    *,
    tenant: str = TENANT,
    version: int = 1,
    clock: Clock = Clock.INGESTION,
    intermediate: int = 0,
    disposition: Disposition = Disposition.DESTROY,
    withdrawn: bool = False,
    **scope: Any,
) -> Policy:
    """A policy that is known by its name; ``days`` are those of each kind."""
    rules = dict.fromkeys(Kind, Rule(clock, days, intermediate)) if isinstance(days, int) else days
    return Policy(
        uuid5(_IDS, f"{tenant} {name}"),
        version,
        name,
        Scope(tenant, **scope),
        "Code du patrimoine, article L212-2",
        disposition,
        rules,
        withdrawn,
    )


def default(tenant: str = TENANT, version: int = 1, **days: int) -> Policy:
    return default_policy(
        tenant, {**PERIODS, **{Kind(kind): number for kind, number in days.items()}}, version=version
    )


def facts(**known: Any) -> Facts:
    """A recording from LiveKit that has everything."""
    given = {"tenant": TENANT, "source": "livekit", "ingested_at": TAKEN_IN, "kinds": frozenset(Kind)}
    return Facts(**{**given, **known})


sources = st.sampled_from(["livekit", "bigbluebutton"])
classes = st.sampled_from(["board", "staff"])
labels = st.sampled_from(["budget", "2026"])


def _around(days: int) -> st.SearchStrategy[datetime]:
    return st.integers(-days * 24, days * 24).map(lambda hours: TAKEN_IN + timedelta(hours=hours))


moments, taken_in, near = _around(60_000), _around(2_000), _around(40)
rules = st.builds(Rule, st.sampled_from(Clock), st.integers(1, 400), st.integers(0, 100))


def recordings(tenant: str = TENANT) -> st.SearchStrategy[Facts]:
    return st.builds(
        Facts,
        st.just(tenant),
        source=st.none() | sources,
        record_class=st.none() | classes,
        labels=st.frozensets(labels),
        met_at=st.none() | moments | near,
        ingested_at=taken_in | near,
        closed_at=st.none() | near,
        kinds=st.frozensets(st.sampled_from(Kind)),
    )


def policies(tenant: str = TENANT) -> st.SearchStrategy[list[Policy]]:
    """Some in force beside the default, which comes first."""
    named = st.lists(
        st.builds(
            policy,
            st.sampled_from("ABCDEFGH"),
            st.dictionaries(st.sampled_from(Kind), rules, min_size=1),
            tenant=st.just(tenant),
            disposition=st.sampled_from(Disposition),
            source=st.none() | sources,
            record_class=st.none() | classes,
            label=st.none() | labels,
        ),
        max_size=5,
        unique_by=lambda policy: policy.id,
    )
    return named.map(lambda some: [default(tenant), *some])


@dataclass
class Rows:
    """What the database of all tenants holds."""

    recordings: dict[UUID, Facts] = field(default_factory=dict)
    revisions: dict[UUID, int] = field(default_factory=dict)
    schedules: dict[UUID, Schedule] = field(default_factory=dict)
    versions: dict[str, list[Version]] = field(default_factory=dict)
    tenants: dict[str, int] = field(default_factory=dict)
    public_bodies: set[str] = field(default_factory=set)


class Register:
    def __init__(self, rows: Rows, tenant: str) -> None:
        self.name = tenant
        self._rows = rows

    async def tenant(self, *, locked: bool = False) -> Tenant:
        if self.name not in self._rows.tenants:
            self._rows.tenants[self.name] = 1
            self._rows.versions[self.name] = [Version(default(self.name), None, TAKEN_IN)]
        last = {version.policy.id: version.policy for version in self._rows.versions[self.name]}
        return Tenant(
            self.name,
            self.name in self._rows.public_bodies,
            self._rows.tenants[self.name],
            tuple(policy for policy in last.values() if not policy.withdrawn),
        )

    async def mark(self, *, public_body: bool) -> None:
        (self._rows.public_bodies.add if public_body else self._rows.public_bodies.discard)(self.name)

    async def add_version(self, policy: Policy, *, set_by: str | None) -> None:
        self._rows.versions[self.name].append(Version(policy, set_by, TAKEN_IN))
        self._rows.tenants[self.name] += 1

    async def versions(self, policy_id: UUID) -> Sequence[Version]:
        found = [one for one in self._rows.versions.get(self.name, []) if one.policy.id == policy_id]
        return found[::-1]

    async def version(self, policy_id: UUID, number: int) -> Policy | None:
        found = [one.policy for one in await self.versions(policy_id) if one.policy.version == number]
        return found[0] if found else None

    async def find(self, recording_id: UUID, *, locked: bool = False) -> Facts | None:
        found = self._rows.recordings.get(recording_id)
        return found if found and found.tenant == self.name else None

    async def add(self, recording_id: UUID) -> Facts:
        if (found := self._rows.recordings.get(recording_id)) and found.tenant != self.name:
            raise Permanent("another_tenants")
        self._rows.revisions.setdefault(recording_id, 0)
        return self._rows.recordings.setdefault(recording_id, Facts(self.name))

    async def keep(self, recording_id: UUID, facts: Facts) -> None:
        self._rows.recordings[recording_id] = facts

    async def settle(self, schedules: Mapping[UUID, Schedule], *, revision: int) -> None:
        self._rows.schedules.update(schedules)
        self._rows.revisions.update(dict.fromkeys(schedules, revision))

    async def behind(self, *, limit: int) -> Mapping[UUID, Facts]:
        found = [
            recording_id
            for recording_id, _ in self._theirs()
            if self._rows.revisions[recording_id] < self._rows.tenants.get(self.name, 0)
        ]
        return {recording_id: self._rows.recordings[recording_id] for recording_id in found[:limit]}

    async def page(self, *, limit: int, after: UUID | None) -> Mapping[UUID, Facts]:
        return dict([item for item in self._theirs() if after is None or item[0] > after][:limit])

    async def due(self, before: datetime, *, limit: int, after: Due | None = None) -> Sequence[Due]:
        found = (
            Due(recording_id, kind, decision.due_at, decision.policy.id, decision.policy.version)
            for recording_id, _ in self._theirs()
            if self._rows.revisions[recording_id] == self._rows.tenants[self.name]
            for kind, decision in self._rows.schedules[recording_id].items()
            if decision.due_at and decision.due_at < before
        )
        ordered = sorted(found, key=_place)
        return [due for due in ordered if after is None or _place(due) > _place(after)][:limit]

    async def are_due(self, recording_id: UUID, kinds: Collection[Kind], now: datetime) -> bool:
        schedule = self._rows.schedules[recording_id]
        return all(kind in schedule and (schedule[kind].due_at or now) < now for kind in kinds)

    async def dispose(self, recording_id: UUID, kinds: Collection[Kind]) -> None:
        facts = self._rows.recordings[recording_id]
        self._rows.recordings[recording_id] = replace(facts, kinds=facts.kinds - frozenset(kinds))

    async def forget(self, recordings: Collection[UUID]) -> None:
        for recording_id in recordings:
            del self._rows.recordings[recording_id]

    def _theirs(self) -> Iterable[tuple[UUID, Facts]]:
        return [
            item for item in sorted(self._rows.recordings.items(), key=_id) if item[1].tenant == self.name
        ]


class Registers:
    """Transactions are rolled back where something is raised, as in a database."""

    def __init__(self) -> None:
        self.rows = Rows()

    @asynccontextmanager
    async def of(self, tenant: str) -> AsyncIterator[Register]:
        before = deepcopy(self.rows)
        try:
            yield Register(self.rows, tenant)
        except BaseException:
            self.rows = before
            raise

    async def tenants(self) -> Sequence[str]:
        return sorted(self.rows.tenants)

    async def behind(self) -> Sequence[str]:
        return [
            tenant
            for tenant in await self.tenants()
            if any(
                facts.tenant == tenant and self.rows.revisions[recording_id] < self.rows.tenants[tenant]
                for recording_id, facts in self.rows.recordings.items()
            )
        ]


def _id(item: tuple[UUID, Facts]) -> UUID:
    return item[0]


def _place(due: Due) -> tuple[datetime, UUID, str]:
    return due.due_at, due.recording_id, due.kind.value
