"""Checking one record with the evidence it comes with: nothing is needed but the files and the public key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from minutier.schemas.records import DisposalProof, DisposalRecord, LogHead
from minutier.shared.proofs.canonical import Malformed
from minutier.shared.proofs.findings import Finding, Reason, Verdict, verdict
from minutier.shared.proofs.merkle import includes, leaf_hash
from minutier.shared.proofs.opening import Head, Keys, entry_of, head_of, parsed, validated


@dataclass(frozen=True)
class RecordVerified:
    """``record`` and ``head`` are the file's, and none where it could not be read.

    Where nothing was found, the record is as it was signed, and in the log of that head, which other heads
    that were given do not contradict.
    """

    record: DisposalRecord | None
    head: LogHead | None
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        return verdict(self.findings)


def verify_proof(text: bytes, keys: Keys, others: Sequence[Head] = ()) -> RecordVerified:
    """``text`` is a `DisposalProof`; ``others`` are heads that were had from elsewhere."""
    try:
        raw = parsed(text)
        proof = validated(DisposalProof, text)
        entry = entry_of(proof.entry, raw["entry"], keys, proof.entry.record.index)
        own = head_of(proof.head, raw["head"], keys)
    except Malformed as error:
        return RecordVerified(None, None, (Finding(Reason.MALFORMED, f"The file {error}."),))
    findings = [problem for problem in (entry.problem, own.problem) if problem is not None]
    findings += _inclusion(proof, entry.content)
    for other in others:
        findings += _compared(entry.record, own.head, other)
    return RecordVerified(entry.record, own.head, tuple(findings))


def _inclusion(proof: DisposalProof, content: bytes) -> Iterator[Finding]:
    record, head = proof.entry.record, proof.head.head
    index = record.index
    if record.tenant != head.tenant:
        text = f"The record is of tenant {record.tenant}, and the head is of the log of {head.tenant}."
        yield Finding(Reason.OTHER_TENANT, text, index, index)
    path = [bytes.fromhex(step) for step in proof.path]
    if not includes(bytes.fromhex(head.root), head.tree_size, leaf_hash(content), index, path):
        text = (
            f"The log, as the file's head over {head.tree_size} entries has it, does not hold this record as "
            f"entry {index}: the record, its proof or the head was changed, or they do not belong together."
        )
        yield Finding(Reason.NOT_UNDER_HEAD, text, index, index)


def _compared(record: DisposalRecord, own: LogHead, other: Head) -> Iterator[Finding]:
    head = other.head
    index, given = record.index, f"the given head, over {head.tree_size} entries"
    if other.problem is not None:
        yield other.problem
    elif head.tenant != record.tenant:
        text = f"The record is of tenant {record.tenant}, and {given}, of the log of {head.tenant}."
        yield Finding(Reason.OTHER_TENANT, text, index, index)
    elif head.tree_size == own.tree_size:
        if head.root != own.root:
            yield contradiction(head.tree_size)
    elif head.tree_size <= index:
        text = (
            f"The record is entry {index}, and {given}, is older: it says nothing of the record. Get a head "
            "that was signed later from where you had that one, or the log, and check it with that head."
        )
        yield Finding(Reason.HEAD_OLDER_THAN_RECORD, text, index, index)
    else:
        text = (
            f"The file proves the record by a head over {own.tree_size} entries. Whether {given}, is of the "
            "same log cannot be told by these files. Get the proof of this record for the head over "
            f"{head.tree_size} entries, or the log, and check that with the given head."
        )
        yield Finding(Reason.OTHER_HEAD, text, index, index)


def contradiction(tree_size: int) -> Finding:
    """Of two heads that are both signed."""
    text = (
        f"There are two heads over {tree_size} entries, each with a valid signature, that are of different "
        "logs: whoever has the key has shown different logs to different people. Keep both as evidence."
    )
    return Finding(Reason.HEADS_CONTRADICT, text, 0, max(tree_size - 1, 0))
