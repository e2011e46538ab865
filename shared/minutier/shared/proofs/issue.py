"""Signing records and heads, for whoever keeps the log."""

from datetime import datetime

from pydantic import BaseModel

from minutier.schemas.records import DisposalProof, DisposalRecord, LogHead, SignedHead, SignedRecord
from minutier.shared.proofs.canonical import canonical
from minutier.shared.proofs.merkle import Frontier, leaf_hash
from minutier.shared.proofs.signing import Purpose, SigningKey


def append(
    record: DisposalRecord, log: Frontier, key: SigningKey
) -> tuple[Frontier, SignedRecord, tuple[bytes, ...]]:
    """The log with one more entry, the entry, and the nodes that it completes (`Frontier.append`).

    ``record.index`` is the log's size before it.
    """
    signed = content(record)
    log, nodes = log.append(leaf_hash(signed))
    return log, _entry(record, signed, key), nodes


def sign_record(record: DisposalRecord, key: SigningKey) -> SignedRecord:
    """An entry that is in no log yet."""
    return _entry(record, content(record), key)


def sign_head(tenant: str, log: Frontier, at: datetime, key: SigningKey) -> SignedHead:
    """The head over all that ``log`` holds."""
    return sign(LogHead(tenant=tenant, tree_size=log.size, root=log.root().hex(), issued_at=at), key)


def sign(head: LogHead, key: SigningKey) -> SignedHead:
    return SignedHead(head=head, key_id=key.public.id, signature=key.sign(Purpose.HEAD, content(head)))


def prove(entry: SignedRecord, path: tuple[bytes, ...], head: SignedHead) -> DisposalProof:
    """The bundle that is handed out; ``path`` is the inclusion's in the tree of ``head``."""
    return DisposalProof(entry=entry, path=tuple(step.hex() for step in path), head=head)


def written(file: DisposalProof | SignedRecord | SignedHead) -> bytes:
    """The file, on one line without its end: also the line of an exported log."""
    return canonical(_plain(file))


def content(signed: DisposalRecord | LogHead) -> bytes:
    """The bytes that are signed, after their purpose, and hashed."""
    return canonical(_plain(signed))


def _entry(record: DisposalRecord, signed: bytes, key: SigningKey) -> SignedRecord:
    return SignedRecord(record=record, key_id=key.public.id, signature=key.sign(Purpose.RECORD, signed))


def _plain(model: BaseModel) -> object:
    return model.model_dump(mode="json", exclude_none=True)
