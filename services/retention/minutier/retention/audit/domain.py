"""The audit log: who did what and when, in one chain of hashes for each tenant."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from minutier.shared.proofs.canonical import Malformed, canonical

ACTOR_CHARACTERS = 256
MOST_DETAILS = 20

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NAME = re.compile(r"[a-z][a-z_]{0,39}")
# Codes, ids and digests: what somebody has written or is called has spaces, accents or an @.
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")


class Action(StrEnum):
    """What somebody did."""

    POLICY_SET = "policy_set"
    POLICY_WITHDRAWN = "policy_withdrawn"
    ORGANISATION_MARKED = "organisation_marked"
    RECORDING_CLASSIFIED = "recording_classified"
    FILE_CLOSED = "file_closed"
    FILE_REOPENED = "file_reopened"
    HOLD_PLACED = "hold_placed"
    HOLD_RELEASED = "hold_released"
    RESTRICTED_READ = "restricted_read"
    ACCESS_LOG_ANCHORED = "access_log_anchored"
    ERASURE_REGISTERED = "erasure_registered"
    ERASURE_PROPOSED = "erasure_proposed"
    ERASURE_REFUSED = "erasure_refused"
    VOICES_READ = "voices_read"
    PURGE_PROPOSED = "purge_proposed"
    PURGE_APPROVED = "purge_approved"
    PURGE_WITHDRAWN = "purge_withdrawn"
    PURGE_REAPPLIED = "purge_reapplied"
    PURGE_BEGUN = "purge_begun"
    PURGE_COMPLETED = "purge_completed"


class Thing(StrEnum):
    """What it was done to."""

    RECORDING = "recording"
    HOLD = "hold"
    POLICY = "policy"
    PURGE = "purge"
    ERASURE = "erasure"


def service(name: str) -> str:
    """The actor where it was nobody but a service."""
    return f"service:{name}"


@dataclass(frozen=True)
class Deed:
    """What is to be written down; ``actor`` is a person's id or a `service`.

    It is kept for good, so ``detail`` holds codes, numbers and ids, and nothing that somebody has written or
    is called. Raises `ValueError` for anything else.
    """

    actor: str
    action: Action
    things: Mapping[Thing, UUID] = field(default_factory=dict)
    detail: Mapping[str, str | int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.actor or len(self.actor) > ACTOR_CHARACTERS or _CONTROL.search(self.actor):
            raise ValueError(
                f"an actor is the id of a person or a service, {ACTOR_CHARACTERS} characters at most"
            )
        if len(self.detail) > MOST_DETAILS:
            raise ValueError(f"there are at most {MOST_DETAILS} details of a deed")
        for name, value in self.detail.items():
            if not _NAME.fullmatch(name):
                raise ValueError("the name of a detail is of lower-case letters and underscores")
            if isinstance(value, str) and not _CODE.fullmatch(value):
                raise ValueError(f"{name} is no code and no id: the audit log keeps no texts")


@dataclass(frozen=True)
class Head:
    """The last entry of a chain, which stands for all before it."""

    number: int
    hash: str


NOTHING = Head(0, "0" * 64)


@dataclass(frozen=True)
class Entry:
    """One deed in the chain of its tenant, as it was read: not what it ought to be, but what there is.

    ``number`` counts from 1. ``hash`` is the SHA-256 of the other fields, the ``previous`` entry's hash among
    them, in hexadecimal.
    """

    tenant: str
    number: int
    at: datetime
    actor: str
    action: str
    things: Mapping[str, Any]
    detail: Mapping[str, Any]
    previous: str
    hash: str

    @property
    def head(self) -> Head:
        return Head(self.number, self.hash)

    def follows(self, head: Head) -> bool:
        """Whether this is what was written down after ``head``."""
        if (self.number, self.previous) != (head.number + 1, head.hash):
            return False
        try:
            return self.hash == _digest(self)
        except Malformed:
            return False


def link(tenant: str, deed: Deed, *, after: Head, at: datetime) -> Entry:
    """The entry that comes after ``after``. Raises `Malformed` for numbers beyond 2**53 - 1."""
    entry = Entry(
        tenant=tenant,
        number=after.number + 1,
        at=at.astimezone(UTC),
        actor=deed.actor,
        action=deed.action.value,
        things={thing.value: str(named) for thing, named in deed.things.items()},
        detail=dict(deed.detail),
        previous=after.hash,
        hash="",
    )
    return replace(entry, hash=_digest(entry))


def _digest(entry: Entry) -> str:
    content = {
        "version": 1,
        "tenant": entry.tenant,
        "number": entry.number,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "things": entry.things,
        "detail": entry.detail,
        "previous": entry.previous,
    }
    return sha256(canonical(content)).hexdigest()
