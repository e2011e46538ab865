"""What is known of a disposal before its record is signed, and how records join their tenant's log."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID, uuid4

from minutier.schemas.records import (
    Answer,
    Approval,
    Cause,
    DestroyedObject,
    DisposalRecord,
    ErasedPerson,
    Kind,
    Quantity,
    Rule,
    SignedRecord,
)
from minutier.shared.proofs.issue import append
from minutier.shared.proofs.merkle import Frontier
from minutier.shared.proofs.signing import SigningKey


class NoKey(Exception):
    """There is nothing to sign with."""

    def __init__(self) -> None:
        super().__init__(
            "Disposal records cannot be signed, since this service has no key. Make one with "
            "'openssl genpkey -algorithm ed25519', and name its file in MINUTIER_RETENTION_SIGNING_KEY."
        )


@dataclass(frozen=True)
class Draft:
    """A disposal record but for what its place in the log gives it."""

    purge_id: UUID
    recording_id: UUID
    cause: Cause
    kinds: tuple[Kind, ...]
    whole: bool
    inventory: tuple[Quantity, ...]
    rule: Rule
    approval: Approval
    ordered_at: datetime
    executed_at: datetime
    verified_at: datetime
    answers: tuple[Answer, ...]
    objects: tuple[DestroyedObject, ...] = ()
    repeats: UUID | None = None
    person: ErasedPerson | None = None

    @property
    def subject(self) -> tuple[UUID, UUID]:
        """The purge and the recording; of both together there is one record."""
        return self.purge_id, self.recording_id


@dataclass(frozen=True)
class Issued:
    """A signed record, and the nodes of the log's tree that it completes, by their levels from 0."""

    entry: SignedRecord
    nodes: tuple[bytes, ...]


def issue(
    drafts: Sequence[Draft], *, tenant: str, log: Frontier, at: datetime, key: SigningKey
) -> list[Issued]:
    """The next entries of ``log``, in their order.

    Raises `ValidationError` where a draft is no record, and `Malformed` where it cannot be written.
    """
    issued = []
    for draft in drafts:
        known = {each.name: getattr(draft, each.name) for each in fields(draft)}
        record = DisposalRecord(id=uuid4(), tenant=tenant, index=log.size, issued_at=at, **known)
        log, entry, nodes = append(record, log, key)
        issued.append(Issued(entry, nodes))
    return issued
