"""A log of disposal records, with a key of its own, kept as a service would keep it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from minutier.schemas.records import (
    Answer,
    Approval,
    Cause,
    DestroyedObject,
    DisposalProof,
    DisposalRecord,
    Kind,
    Policy,
    Quantity,
    Rule,
    SignedHead,
    SignedRecord,
)
from minutier.shared.proofs.issue import append, prove, sign_head, written
from minutier.shared.proofs.merkle import Frontier, Node, inclusion_path
from minutier.shared.proofs.opening import Head, Keys, open_head, parsed
from minutier.shared.proofs.signing import SigningKey

TENANT = "default"
BEGINNING = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def key_of(name: str) -> SigningKey:
    """The same for the same name; for tests only."""
    return SigningKey(Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest()))


KEY = key_of("tests")
KEYS: Keys = {KEY.public.id: KEY.public}


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def record(index: int = 0, **changes: Any) -> DisposalRecord:
    at = BEGINNING + timedelta(days=index)
    quantities = (
        Quantity(place="object_versions", count=2, bytes=4_096),
        Quantity(place="rows", count=37),
    )
    fields: dict[str, Any] = {
        "id": UUID(int=index + 1, version=4),
        "tenant": TENANT,
        "index": index,
        "purge_id": UUID(int=9, version=4),
        "recording_id": UUID(int=index + 1000, version=5),
        "cause": Cause.EXPIRY,
        "kinds": (Kind.MEDIA, Kind.TRANSCRIPT),
        "whole": False,
        "inventory": quantities,
        "objects": (
            DestroyedObject(sha256=digest(f"media {index}"), size=3_072),
            DestroyedObject(sha256=digest(f"transcript {index}"), size=1_024),
        ),
        "rule": Rule(
            legal_basis="GDPR art. 5(1)(e)",
            policy=Policy(id=UUID(int=7, version=5), name="Default", version=2),
            visa="AD75-2026-118",
        ),
        "approval": Approval(
            inventory=digest("inventory"), proposal=digest("proposal"), approval=digest("approval")
        ),
        "ordered_at": at,
        "executed_at": at + timedelta(seconds=41),
        "verified_at": at + timedelta(seconds=55),
        "answers": (
            Answer(service="ingestion", erased=quantities[:1]),
            Answer(service="query", erased=quantities[1:]),
        ),
        "issued_at": at + timedelta(seconds=56),
    }
    return DisposalRecord(**fields | changes)


class Log:
    """Signed records, with the nodes that each append completed in that record's row."""

    def __init__(self, records: Iterable[DisposalRecord] = (), key: SigningKey = KEY) -> None:
        self.key = key
        self.entries: list[SignedRecord] = []
        self.rows: list[tuple[bytes, ...]] = []
        self.frontiers = [Frontier()]
        for each in records:
            self.append(each)

    @classmethod
    def of(cls, size: int, key: SigningKey = KEY) -> "Log":
        return cls([record(index) for index in range(size)], key)

    def append(self, appended: DisposalRecord) -> None:
        frontier, entry, completed = append(appended, self.frontiers[-1], self.key)
        self.entries.append(entry)
        self.rows.append(completed)
        self.frontiers.append(frontier)

    def nodes(self) -> dict[Node, bytes]:
        return {
            Node(last, level): root for last, row in enumerate(self.rows) for level, root in enumerate(row)
        }

    def head(self, size: int | None = None) -> SignedHead:
        frontier = self.frontiers[-1 if size is None else size]
        return sign_head(TENANT, frontier, BEGINNING + timedelta(days=frontier.size), self.key)

    def proof(self, index: int, size: int | None = None) -> DisposalProof:
        size = len(self.entries) if size is None else size
        path = inclusion_path(index, size, self.nodes())
        return prove(self.entries[index], path, self.head(size))

    def lines(self, *, head: bool = True) -> list[bytes]:
        """As it is exported."""
        lines = [written(entry) for entry in self.entries]
        return [*lines, written(self.head())] if head else lines


def opened(head: SignedHead, keys: Keys = KEYS) -> Head:
    """As a verifier reads it."""
    text = written(head)
    return open_head(text, parsed(text), keys)


def write_log(path: Path, lines: Sequence[bytes]) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path
