"""Policies, and what is known of a recording: how long what is kept of it may be kept, and since when.

A day is 24 hours. Dates are moments in UTC, so that neither summer time nor a leap year moves one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar
from uuid import UUID, uuid5

from minutier.schemas.records import Kind as Kind

_DEFAULTS = UUID("4d5c3c39-1f0e-5b0e-8a55-0d1f1b6a7c02")

MOST_DAYS = 36500
MOST_LABELS = 20
MOST_POLICIES = 100
_TERM_CHARACTERS = 64
_NAME_CHARACTERS = 200
_BASIS_CHARACTERS = 2000

# Meetings are recorded before they are taken in, and soon: another time is that of a clock that was wrong.
LONGEST_BEFORE_INGESTION = timedelta(days=30)

T = TypeVar("T", str, datetime)


class Clock(StrEnum):
    """What a period counts from."""

    MEETING = "meeting"
    INGESTION = "ingestion"
    FILE_CLOSED = "file_closed"


class Disposition(StrEnum):
    """What becomes of a thing at the end of its period."""

    DESTROY = "destroy"
    PROPOSE = "propose_to_archives"


class Criterion(StrEnum):
    """What a scope may ask of a recording."""

    TENANT = "tenant"
    SOURCE = "source"
    CLASS = "class"
    LABEL = "label"


# What there is of a recording that was not taken in: who announced it, and who was told of it.
OF_REFUSED = frozenset({Kind.ACCESS_LOG})


@dataclass(frozen=True)
class Told:
    """What an event tells; `None` is what it does not tell."""

    source: str | None = None
    met_at: datetime | None = None
    ingested_at: datetime | None = None
    kinds: frozenset[Kind] = frozenset()


@dataclass(frozen=True)
class Facts:
    """What is known of a recording, and what people have said of it; nothing of what it holds.

    The access log is there for as long as anything is: ``accesses_since`` is when it was destroyed last. The
    ``source`` is unknown of those that an earlier version took in. ``kinds`` is empty until the recording
    was taken in or refused, at ``ingested_at``. Raises `ValueError` for a class or labels that cannot be.
    """

    tenant: str
    source: str | None = None
    record_class: str | None = None
    labels: frozenset[str] = frozenset()
    met_at: datetime | None = None
    ingested_at: datetime | None = None
    closed_at: datetime | None = None
    accesses_since: datetime | None = None
    kinds: frozenset[Kind] = frozenset()

    def __post_init__(self) -> None:
        if self.kinds and self.ingested_at is None:
            raise ValueError("what is kept of a recording was taken in at some time: give ingested_at")
        _check_term("class", self.record_class)
        if len(self.labels) > MOST_LABELS:
            raise ValueError(f"a recording has at most {MOST_LABELS} labels: take some away first")
        for label in self.labels:
            _check_term("label", label)


def learn(facts: Facts, told: Told) -> Facts:
    """The same in any order, and however often: of ingestions the first counts, of meetings the last.

    Where something was taken in, it counts for nothing that it was refused before.
    """
    moments = [(known.kinds, known.ingested_at) for known in (facts, told) if known.ingested_at is not None]
    taken_in = [at for kinds, at in moments if kinds > OF_REFUSED]
    return replace(
        facts,
        source=_first(facts.source, told.source),
        met_at=_last(facts.met_at, told.met_at),
        ingested_at=min(taken_in or [at for _, at in moments], default=None),
        kinds=facts.kinds | told.kinds,
    )


@dataclass(frozen=True)
class Scope:
    """Which recordings a policy is for: those of which everything holds that is named."""

    tenant: str
    source: str | None = None
    record_class: str | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        for name, value in (("source", self.source), ("class", self.record_class), ("label", self.label)):
            _check_term(name, value)

    def unmet(self, facts: Facts) -> tuple[Criterion, ...]:
        """What does not hold of the recording. A source that is unknown could be any."""
        held = {
            Criterion.TENANT: self.tenant == facts.tenant,
            Criterion.SOURCE: self.source is None or facts.source in (self.source, None),
            Criterion.CLASS: self.record_class in (None, facts.record_class),
            Criterion.LABEL: self.label is None or self.label in facts.labels,
        }
        return tuple(criterion for criterion, holds in held.items() if not holds)

    def presumed(self, facts: Facts) -> tuple[Criterion, ...]:
        """What is taken to hold since the contrary is not known."""
        return (Criterion.SOURCE,) if self.source is not None and facts.source is None else ()


@dataclass(frozen=True)
class Rule:
    """How long one kind is kept: the current phase, and then the intermediate one, which may be none.

    Raises `ValueError` for days that cannot be.
    """

    clock: Clock
    current_days: int
    intermediate_days: int = 0

    def __post_init__(self) -> None:
        if self.current_days < 1:
            raise ValueError("the current phase is at least one day")
        if self.intermediate_days < 0:
            raise ValueError("the intermediate phase has days, or none: 0")
        if self.days > MOST_DAYS:
            raise ValueError(f"both phases together are at most {MOST_DAYS} days")

    @property
    def days(self) -> int:
        return self.current_days + self.intermediate_days


@dataclass(frozen=True)
class Policy:
    """One version of a policy. A version never changes; what is in force is the last one of each policy.

    A tenant's default is for what no other policy says anything of. Raises `ValueError` for what cannot be.
    """

    id: UUID
    version: int
    name: str
    scope: Scope
    legal_basis: str
    disposition: Disposition
    rules: Mapping[Kind, Rule]
    withdrawn: bool = False

    def __post_init__(self) -> None:
        if self.version < 1:
            raise ValueError("the first version of a policy is 1")
        for what, text, most in (
            ("name", self.name, _NAME_CHARACTERS),
            ("legal basis", self.legal_basis, _BASIS_CHARACTERS),
        ):
            if not text.strip() or len(text) > most:
                raise ValueError(f"give a policy a {what} of 1 to {most} characters")
        if not self.rules:
            raise ValueError("a policy has a rule for one kind at least")
        if self.is_default:
            if self.scope != Scope(self.scope.tenant):
                raise ValueError("the default is for every recording: name no source, class or label")
            if set(self.rules) != set(Kind):
                raise ValueError("the default has a rule for each kind: nothing may be without one")
            if self.withdrawn:
                raise ValueError("the default cannot be withdrawn: give it other rules instead")

    @property
    def is_default(self) -> bool:
        return self.id == default_id(self.scope.tenant)


@dataclass(frozen=True)
class Tenant:
    """What is in force for a tenant; ``revision`` counts the changes of its policies."""

    name: str
    public_body: bool
    revision: int
    policies: tuple[Policy, ...]

    def disposition(self, policy: Policy) -> Disposition:
        """A public body destroys nothing before the archives have agreed, whatever a policy says."""
        return Disposition.PROPOSE if self.public_body else policy.disposition


@lru_cache(maxsize=1024)
def default_id(tenant: str) -> UUID:
    """The same everywhere, so that replicas need not agree on it first."""
    return uuid5(_DEFAULTS, tenant)


def default_policy(tenant: str, periods: Mapping[Kind, int], *, version: int = 1) -> Policy:
    """A tenant's default with ``periods`` in days since ingestion."""
    return Policy(
        id=default_id(tenant),
        version=version,
        name="Default",
        scope=Scope(tenant),
        legal_basis="GDPR, article 5(1)(e)",
        disposition=Disposition.DESTROY,
        rules={kind: Rule(Clock.INGESTION, days) for kind, days in periods.items()},
    )


def _check_term(what: str, value: str | None) -> None:
    if value is None:
        return
    if not 0 < len(value) <= _TERM_CHARACTERS or value != value.strip() or not value.isprintable():
        raise ValueError(
            f"a {what} is 1 to {_TERM_CHARACTERS} printable characters, without spaces around them"
        )


def _first(one: T | None, other: T | None) -> T | None:
    return min((value for value in (one, other) if value is not None), default=None)


def _last(one: T | None, other: T | None) -> T | None:
    return max((value for value in (one, other) if value is not None), default=None)
