"""Purges: what is to be destroyed, who has agreed to it, and how far it is; pure, as a domain is.

A purge is proposed, counted, approved by somebody else, and executed after a time of grace. Each recording in
it goes its own way: what has changed since it was counted, or is held, falls out.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID, uuid5

from minutier.retention.holds.domain import Search
from minutier.retention.policies.domain import Kind
from minutier.schemas.events import Instead, Made
from minutier.schemas.records import Approval, Cause, ErasedPerson, Rule
from minutier.schemas.retained import kept
from minutier.shared.proofs.canonical import canonical

MOST_LISTED = 1000
MOST_ITEMS = 50_000
BASIS_CHARACTERS = 300
REASON_CHARACTERS = 2000
VISA_CHARACTERS = 300

_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")


class State(StrEnum):
    """How far a purge is."""

    COUNTING = "counting"
    PREVIEWED = "previewed"
    APPROVED = "approved"
    EXECUTING = "executing"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"


class ItemState(StrEnum):
    """How far one recording's part in a purge is; the last three are its ends."""

    LISTED = "listed"
    COUNTED = "counted"
    ORDERED = "ordered"
    ANSWERED = "answered"
    DESTROYED = "destroyed"
    DROPPED = "dropped"
    STOPPED = "stopped"


# In these somebody is about to destroy it.
UNENDED = frozenset({ItemState.LISTED, ItemState.COUNTED, ItemState.ORDERED, ItemState.ANSWERED})


class Reason(StrEnum):
    """Why a recording has fallen out of a purge, or was stopped in the midst of it."""

    HELD = "held"
    CHANGED = "changed"
    NOT_DUE = "not_due"
    GONE = "gone"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class StoredVersion:
    """A version of an object, or a delete marker; its content's digest where the store knows it."""

    bucket: str
    key: str
    version: str | None
    size: int
    sha256: str | None = None
    marker: bool = False


@dataclass(frozen=True)
class Rows:
    """Rows of one table; ``kind`` is that of a recording, and of others that go with the whole ``None``."""

    table: str
    kind: str | None
    count: int
    bytes: int


@dataclass(frozen=True)
class Inventory:
    """All that there is of one recording, as far as a purge is to destroy it."""

    versions: tuple[StoredVersion, ...] = ()
    rows: tuple[Rows, ...] = ()
    messages: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.versions or self.rows or any(self.messages.values()))

    @property
    def bytes(self) -> int:
        return sum(each.size for each in self.versions) + sum(each.bytes for each in self.rows)

    @property
    def substance(self) -> str:
        """The digest of what people would miss.

        Who has read it, or what was told of it once more, is no part of that.
        """
        return _digest(
            [
                [[each.bucket, each.key, each.version, each.size, each.marker] for each in self._in_order()],
                sorted([each.table, each.kind, each.count] for each in self.rows if each.kind in _CONTENT),
            ]
        )

    def digest(self, recording_id: UUID, kinds: Iterable[Kind], person: ErasedPerson | None = None) -> str:
        """Of all of it, for the approval: SHA-256 in hexadecimal."""
        return _digest(
            [
                *([person.model_dump(mode="json")] if person else []),
                str(recording_id),
                sorted(kinds),
                [
                    [each.bucket, each.key, each.version, each.size, each.sha256, each.marker]
                    for each in self._in_order()
                ],
                sorted([each.table, each.kind or "", each.count, each.bytes] for each in self.rows),
                dict(self.messages),
            ]
        )

    def _in_order(self) -> list[StoredVersion]:
        return sorted(self.versions, key=lambda each: (each.bucket, each.key, each.version or ""))


_CONTENT = frozenset({Kind.MEDIA, Kind.TRANSCRIPT, Kind.MINUTES})


@dataclass(frozen=True)
class Purge:
    """What is proposed, by whom, and who has approved it.

    ``proposal`` and ``approval`` are hashes of entries of the audit log; ``inventory`` is the digest of all
    that was counted. A public body needs the archives' ``visa``. Raises `ValueError` for a text that cannot
    be.
    """

    id: UUID
    tenant: str
    cause: Cause
    legal_basis: str
    reason: str
    needs_visa: bool
    proposed_by: str
    proposed_at: datetime
    state: State = State.COUNTING
    search: Search | None = None
    proposal: str = ""
    inventory: str | None = None
    approved_by: str | None = None
    approved_at: datetime | None = None
    approval: str | None = None
    visa: str | None = None
    executes_at: datetime | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None

    def __post_init__(self) -> None:
        check_line("legal basis", self.legal_basis, BASIS_CHARACTERS)
        if not self.reason.strip() or len(self.reason) > REASON_CHARACTERS:
            raise ValueError(f"give a reason: 1 to {REASON_CHARACTERS} characters")


@dataclass(frozen=True)
class Answer:
    """What one service said that it erased: a count for each place, and bytes where they are known.

    ``made`` is what it has made instead, where one person was erased.
    """

    erased: Mapping[str, tuple[int, int | None]]
    made: tuple[Made, ...] = ()


@dataclass(frozen=True)
class Original:
    """The disposal that is repeated: its record's id, by which right it was, and who agreed."""

    record_id: UUID
    rule: Rule
    approval: Approval


@dataclass(frozen=True)
class Item:
    """One recording's part in a purge.

    The orders from ``first_try`` to ``tries`` may be answered. ``held`` is so now, whatever it was before.
    Where it is one ``person`` who is erased, ``instead`` is what there is to be without them.
    """

    purge_id: UUID
    recording_id: UUID
    kinds: frozenset[Kind]
    whole: bool
    state: ItemState
    policy: tuple[UUID, int] | None = None
    inventory: Inventory | None = None
    digest: str | None = None
    substance: str | None = None
    reason: Reason | None = None
    ordered_at: datetime | None = None
    told_at: datetime | None = None
    first_try: int = 0
    tries: int = 0
    answers: Mapping[str, Answer] = field(default_factory=dict)
    executed_at: datetime | None = None
    original: Original | None = None
    held: bool = False
    person: ErasedPerson | None = None
    instead: Instead | None = None

    @property
    def made(self) -> tuple[Made, ...]:
        """What services have made instead."""
        return tuple(made for answer in self.answers.values() for made in answer.made)

    @property
    def kept(self) -> frozenset[str]:
        """The keys of the objects that stay, or take a place."""
        return kept(self.instead, self.made)

    def order(self, number: int | None = None) -> UUID:
        """The id of the order that was given at this try."""
        return uuid5(self.purge_id, f"{self.recording_id} {self.tries if number is None else number}")

    def expects(self, order: UUID) -> bool:
        return any(order == self.order(number) for number in range(self.first_try, self.tries + 1))


def check_line(name: str, text: str, characters: int) -> None:
    """Raises `ValueError`."""
    if not text.strip() or len(text) > characters or not _LINE.fullmatch(text):
        raise ValueError(f"give a {name}: one line of 1 to {characters} characters")


class Digests:
    """The digest over all that a purge has counted, which is what is approved: by recording, in order."""

    def __init__(self) -> None:
        self._hash = sha256()

    def add(self, recording_id: UUID, digest: str) -> None:
        self._hash.update(f"{recording_id} {digest}\n".encode())

    def value(self) -> str:
        return self._hash.hexdigest()


def _digest(value: object) -> str:
    return sha256(canonical(value)).hexdigest()
