"""Disposal records: what an organisation shows to prove what it destroyed, and by which right.

They leave the system as files and are checked without it (docs/architecture/proofs.md). They hold no
personal data, and no numbers but integers, so that there is one way to write each.
"""

from enum import StrEnum
from operator import not_
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field

from minutier.schemas.base import Contract, Sha256, Tenant

# The largest number of objects that one record names.
MOST_OBJECTS = 10_000

# Beyond 2**53 - 1 readers of JSON do not agree on an integer.
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$", description="an identifier, never a name")]
Line = Annotated[
    str,
    Field(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,300}$", description="one line, without control characters"),
]
Signature = Annotated[
    str, Field(pattern=r"^[0-9a-f]{128}$", description="Ed25519 (RFC 8032), in hexadecimal")
]
KeyId = Annotated[Sha256, Field(description="SHA-256 of the public key's SubjectPublicKeyInfo in DER")]


class Kind(StrEnum):
    """What of a recording has a period of its own."""

    MEDIA = "media"
    TRANSCRIPT = "transcript"
    MINUTES = "minutes"
    ACCESS_LOG = "access_log"


class Cause(StrEnum):
    """How it came to the disposal; a reapplication repeats one after a restore from a backup."""

    EXPIRY = "expiry"
    QUERY = "query"
    LIST = "list"
    ERASURE = "erasure"
    REAPPLICATION = "reapplication"


class Overlap(StrEnum):
    """What becomes of the sound where others talk while the one who is erased does."""

    MUTE = "mute"
    KEEP = "keep"


class Quantity(Contract):
    """How much of one sort there was; ``bytes`` where it is known."""

    place: Label = Field(examples=["object_versions", "rows", "index_entries", "stream_messages"])
    count: Count
    bytes: Count | None = None


class DestroyedObject(Contract):
    """The content of an object that is no more; its key is not kept."""

    sha256: Sha256
    size: Count = Field(description="bytes")


class Policy(Contract):
    """The policy by which the recording's time was over, as it was then."""

    id: UUID
    name: Line
    version: int = Field(ge=1, le=2**31 - 1)


class Rule(Contract):
    """By which right it was destroyed; ``visa`` is the archives' reference, where a public body needs one."""

    legal_basis: Line
    policy: Policy | None = Field(None, description="absent where no policy asked for it")
    visa: Line | None = None


class Approval(Contract):
    """Digests that lead to what was approved and, in the audit log, to who proposed and approved it."""

    inventory: Sha256 = Field(description="of the inventory that was shown and approved")
    proposal: Sha256 = Field(description="hash of the audit entry of the proposal")
    approval: Sha256 = Field(description="hash of the audit entry of the approval")


class Answer(Contract):
    """What one service said that it erased."""

    service: Label
    erased: tuple[Quantity, ...]


class ErasedPerson(Contract):
    """What was one person's of a recording whose rest was kept (GDPR, article 17)."""

    transcript: Sha256 = Field(description="of the transcript document that it was chosen from")
    speakers: tuple[Label, ...] = Field(min_length=1, description="what that calls their voices")
    overlap: Overlap
    segments: Count
    words: Count
    turns: Count
    silenced_milliseconds: Count


class DisposalRecord(Contract):
    """That, by which right and when one recording's data were destroyed; one for each purge and recording."""

    version: Literal[1] = 1
    id: UUID
    tenant: Tenant
    index: Count = Field(description="its place in the tenant's log, from 0 without a gap")
    purge_id: UUID
    recording_id: UUID
    cause: Cause
    repeats: UUID | None = Field(None, description="the record of the disposal that was applied again")
    kinds: tuple[Kind, ...] = Field(min_length=1)
    whole: bool = Field(description="whether nothing of the recording was to be left, its number aside")
    person: ErasedPerson | None = Field(
        None, exclude_if=not_, description="where it was for one person, and the rest of it was kept"
    )
    inventory: tuple[Quantity, ...] = Field(description="what retention itself found before")
    objects: tuple[DestroyedObject, ...] = Field((), max_length=MOST_OBJECTS, exclude_if=not_)
    rule: Rule
    approval: Approval
    ordered_at: AwareDatetime
    executed_at: AwareDatetime = Field(description="when the last service had answered")
    verified_at: AwareDatetime = Field(description="when retention itself found nothing left")
    answers: tuple[Answer, ...]
    issued_at: AwareDatetime


class LogHead(Contract):
    """All entries of a tenant's log up to some moment, in one hash (RFC 9162, section 2.1)."""

    version: Literal[1] = 1
    tenant: Tenant
    tree_size: Count = Field(description="entries")
    root: Sha256
    issued_at: AwareDatetime


class Envelope(Contract):
    """What is not signed itself, and so is refused where it carries anything more."""

    model_config = ConfigDict(extra="forbid")


class SignedRecord(Envelope):
    """An entry of the log, and a line of its export."""

    record: DisposalRecord
    key_id: KeyId
    signature: Signature


class SignedHead(Envelope):
    head: LogHead
    key_id: KeyId
    signature: Signature


class DisposalProof(Envelope):
    """One entry and the evidence that the log holds it."""

    entry: SignedRecord
    path: tuple[Sha256, ...] = Field(
        max_length=53, description="inclusion proof (RFC 9162, section 2.1.3), from the leaf up"
    )
    head: SignedHead


# The files that leave the system, by the names of their schemas.
RECORDS: dict[str, type[Envelope]] = {
    "disposal-proof": DisposalProof,
    "signed-record": SignedRecord,
    "signed-head": SignedHead,
}
