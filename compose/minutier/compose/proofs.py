"""The files that `minutier verify` is given, and what it says of them."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import IO, Any

from minutier.compose.connection import data_directory
from minutier.compose.failures import Failure, Unsettled, WrongUsage
from minutier.schemas.records import DisposalRecord, ErasedPerson, LogHead, Quantity
from minutier.shared.proofs.canonical import Malformed
from minutier.shared.proofs.findings import Verdict
from minutier.shared.proofs.opening import MOST_BYTES, Head, Keys, open_head, parsed
from minutier.shared.proofs.signing import InvalidKey, PublicKey
from minutier.shared.proofs.verify import RecordVerified, verify_proof
from minutier.shared.proofs.verify_log import LogVerified, lines, verify_log

Verified = RecordVerified | LogVerified


def own_key(data_dir: Path | None) -> Path:
    """That of the embedded system; raises `WrongUsage` where there is none."""
    path = data_directory(data_dir).public_key
    if not path.is_file():
        raise WrongUsage(
            "Give the public key of whoever issued the file with --key, from a source that you trust. "
            f"There is none of a system here, at {path}."
        )
    return path


def verified(file: Path, *, heads: Sequence[Path], keys: Sequence[Path]) -> Verified:
    """What there is to say of ``file``; raises `Failure` where one cannot be read or is of another kind."""
    trusted = _keys(keys)
    others = [_head(path, trusted) for path in heads]
    try:
        with file.open("rb") as opened:
            return _verified(opened, trusted, others)
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.") from None


def document(verified: Verified) -> dict[str, Any]:
    """For `--json`."""
    findings = [asdict(finding) for finding in verified.findings]
    match verified:
        case RecordVerified(record=record, head=head):
            return {
                "verdict": verified.verdict,
                "record": record and record.model_dump(mode="json", exclude_none=True),
                "head": head and head.model_dump(mode="json"),
                "findings": findings,
            }
        case LogVerified(tenant=tenant, entries=entries, covered=covered, more=more):
            return {
                "verdict": verified.verdict,
                "tenant": tenant,
                "entries": entries,
                "covered": covered,
                "findings": findings,
                "more": more,
            }


def summary(verified: Verified) -> str:
    """What holds, and nothing where something is wrong."""
    match verified:
        case _ if verified.verdict is Verdict.BROKEN:
            return ""
        case RecordVerified(record=DisposalRecord() as record, head=LogHead() as head):
            return _of_record(record, head)
        case LogVerified(tenant=tenant, entries=entries, covered=covered):
            return (
                f"The log of tenant {tenant}: {entries} entries, each as it was signed, and none missing "
                f"between them. {covered} are as a head has them."
            )
    return ""


def require(verified: Verified) -> None:
    """Raises `Failure` where something is wrong, and `Unsettled` where something is open."""
    texts = [finding.text for finding in verified.findings]
    if isinstance(verified, LogVerified) and verified.more:
        texts.append(f"There are {verified.more} more findings.")
    match verified.verdict:
        case Verdict.BROKEN:
            raise Failure("\n".join(["Not proven:", *texts]))
        case Verdict.OPEN:
            raise Unsettled("\n".join(["Not settled:", *texts]))


def _keys(paths: Sequence[Path]) -> Keys:
    found = {}
    for path in paths:
        try:
            key = PublicKey.read(path)
        except InvalidKey as error:
            raise WrongUsage(f"{path} {error}.") from None
        except OSError as error:
            raise WrongUsage(f"{path} cannot be read: {error.strerror}.") from None
        found[key.id] = key
    return found


def _head(path: Path, keys: Keys) -> Head:
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
        return open_head(text, parsed(text), keys)
    except Malformed as error:
        raise Failure(f"{path} is no signed head: it {error}.") from None
    except OSError as error:
        raise WrongUsage(f"{path} cannot be read: {error.strerror}.") from None


def _verified(file: IO[bytes], keys: Keys, heads: Sequence[Head]) -> Verified:
    """A log has its entries one a line; what is of one line tells by its fields which of the two it is."""
    first = file.readline(MOST_BYTES + 1)
    try:
        is_log = "entry" not in parsed(first)
    except Malformed:
        # Of a proof on several lines this is a piece; of a log, a line that was changed.
        is_log = first.strip().endswith(b"}")
    if is_log:
        return verify_log(chain([first], lines(file)), keys, heads)
    return verify_proof(first + file.read(MOST_BYTES), keys, heads)


def _of_record(record: DisposalRecord, head: LogHead) -> str:
    rule = record.rule
    rows = [
        ("record", f"{record.id}, as it was signed"),
        ("log", f"of tenant {record.tenant}, entry {record.index} by a head over {head.tree_size} entries"),
        ("recording", str(record.recording_id)),
        ("destroyed", ", ".join([*record.kinds, *map(_amount, record.inventory)])),
        ("of whom", record.person and _of_person(record.person)),
        ("cause", record.cause),
        ("policy", rule.policy and f"{rule.policy.name}, version {rule.policy.version}"),
        ("legal basis", rule.legal_basis),
        ("visa", rule.visa),
        ("ordered", record.ordered_at.isoformat()),
        ("executed", record.executed_at.isoformat()),
        ("verified", record.verified_at.isoformat()),
        ("head signed", head.issued_at.isoformat()),
    ]
    return "\n".join(f"{name:<12} {value}" for name, value in rows if value is not None)


def _of_person(person: ErasedPerson) -> str:
    return (
        f"one person alone, {', '.join(person.speakers)}: {person.segments} segments, {person.words} words, "
        f"{person.turns} turns, {person.silenced_milliseconds / 1000:.1f} s of silence, where others talk as "
        f"well: {person.overlap}; the rest was kept"
    )


def _amount(quantity: Quantity) -> str:
    size = "" if quantity.bytes is None else f" ({quantity.bytes} bytes)"
    return f"{quantity.count} {quantity.place.replace('_', ' ')}{size}"
