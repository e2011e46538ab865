"""What a verifier can find."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    # Something is wrong.
    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    OTHER_TENANT = "other_tenant"
    NOT_UNDER_HEAD = "not_under_head"
    ENTRIES_MISSING = "entries_missing"
    ENTRY_MISPLACED = "entry_misplaced"
    ENTRIES_CHANGED = "entries_changed"
    TAIL_CUT = "tail_cut"
    HEADS_CONTRADICT = "heads_contradict"
    # Nothing is wrong, and what was given does not settle the matter.
    HEAD_OLDER_THAN_RECORD = "head_older_than_record"
    OTHER_HEAD = "other_head"
    NOT_COVERED = "not_covered"


UNSETTLED = frozenset({Reason.HEAD_OLDER_THAN_RECORD, Reason.OTHER_HEAD, Reason.NOT_COVERED})


@dataclass(frozen=True)
class Finding:
    """``first`` and ``last`` are the indices of the entries concerned; ``text`` says what it means and what
    to do, without anything that the files hold but identifiers, numbers and times.
    """

    reason: Reason
    text: str
    first: int | None = None
    last: int | None = None


class Verdict(StrEnum):
    """``OPEN`` is neither: what was given does not suffice."""

    PROVEN = "proven"
    BROKEN = "broken"
    OPEN = "open"


def verdict(findings: Iterable[Finding]) -> Verdict:
    reasons = {finding.reason for finding in findings}
    if reasons - UNSETTLED:
        return Verdict.BROKEN
    return Verdict.OPEN if reasons else Verdict.PROVEN


def entries(first: int, last: int) -> str:
    """As texts name them."""
    return f"entry {first}" if first == last else f"entries {first} to {last}"
