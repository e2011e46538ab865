"""Checking a whole log, entry by entry, in memory that does not grow with it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from minutier.schemas.records import LogHead
from minutier.shared.proofs.canonical import Malformed
from minutier.shared.proofs.findings import Finding, Reason, Verdict, entries, verdict
from minutier.shared.proofs.merkle import Frontier, leaf_hash
from minutier.shared.proofs.opening import (
    MOST_BYTES,
    Entry,
    Head,
    Keys,
    open_entry,
    open_head,
    parsed,
)
from minutier.shared.proofs.verify import contradiction

# Of a log that is wrong throughout these are told, and the others are counted.
MOST_FINDINGS = 100


@dataclass(frozen=True)
class LogVerified:
    """``covered`` is how many of the ``entries``, from the first on, are as a head has them.

    Where nothing was found, that is all of them. ``more`` findings are not listed.
    """

    tenant: str | None
    entries: int
    covered: int
    findings: tuple[Finding, ...]
    more: int

    @property
    def verdict(self) -> Verdict:
        return verdict(self.findings)


def verify_log(lines: Iterable[bytes], keys: Keys, heads: Sequence[Head] = ()) -> LogVerified:
    """``lines`` are signed records in the order of the log, and signed heads, each after the last entry that
    it covers. ``heads`` were had from elsewhere.

    A changed record has a bad signature, and a removed one leaves a gap among the indices, which are signed.
    Whoever has the key can make up for both, but not for what a head says. Without a head that covers the
    last entry nobody can tell that there was none after it.
    """
    check = _Check(keys)
    for head in heads:
        check.given(head)
    for line in lines:
        if line.strip():
            check.line(line)
    return check.ended()


def lines(file: IO[bytes]) -> Iterator[bytes]:
    """Those of ``file``; one that is too long for any entry comes in pieces, which none takes for one."""
    return iter(lambda: file.readline(MOST_BYTES + 1), b"")


class _Check:
    """``count`` is the index that the next entry should have.

    Once the log is not ``whole``, its tree is none that a head has, and only what can be said without is.
    """

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self.tenant: str | None = None
        self.count = 0
        self.covered = 0
        self.tree = Frontier()
        self.whole = True
        self.heads: dict[int, LogHead] = {}
        self.findings: list[Finding] = []
        self.more = 0

    def given(self, opened: Head) -> None:
        head = opened.head
        if self._stands(opened):
            known = self.heads.setdefault(head.tree_size, head)
            if known.root != head.root:
                self._keep(contradiction(head.tree_size))

    def line(self, line: bytes) -> None:
        try:
            raw = parsed(line)
            if "head" in raw:
                self._head(open_head(line, raw, self.keys))
            else:
                self._entry(open_entry(line, raw, self.keys, self.count))
        except Malformed as error:
            self.found(Reason.MALFORMED, f"Where entry {self.count} should be, the line {error}.", self.count)
            self._lost()

    def ended(self) -> LogVerified:
        newest = max(self.heads, default=0)
        if newest > self.count:
            text = (
                f"The log ends before {entries(self.count, newest - 1)}, which a head over {newest} entries "
                "covers. Where the file was exported before that head was signed, export it again; else its "
                "tail was cut."
            )
            self.found(Reason.TAIL_CUT, text, self.count, newest - 1)
        elif self.whole and self.covered < self.count:
            text = (
                f"No head covers {entries(self.covered, self.count - 1)}: they are as they were signed, but "
                "whether others came after them cannot be told. Give a later head, with --head."
            )
            self.found(Reason.NOT_COVERED, text, self.covered, self.count - 1)
        elif self.tenant is None and not self.findings:
            self.found(Reason.MALFORMED, "The file holds no entry.")
        return LogVerified(self.tenant, self.count, self.covered, tuple(self.findings), self.more)

    def found(self, reason: Reason, text: str, first: int | None = None, last: int | None = None) -> None:
        self._keep(Finding(reason, text, first, first if last is None else last))

    def _entry(self, entry: Entry) -> None:
        if entry.problem is not None:
            self._keep(entry.problem)
            if entry.problem.reason is Reason.BAD_SIGNATURE:
                self._lost()
                return
        index = entry.record.index
        self._belongs(entry.record.tenant, index)
        if index < self.count:
            text = f"Entry {index} is there again, or later than its place, before entry {self.count}."
            self.found(Reason.ENTRY_MISPLACED, text, index)
            self.whole = False
            return
        if index > self.count:
            text = f"The log lacks {entries(self.count, index - 1)}, before entry {index}."
            self.found(Reason.ENTRIES_MISSING, text, self.count, index - 1)
            self.whole = False
        self.count = index + 1
        if self.whole:
            self.tree, _ = self.tree.append(leaf_hash(entry.content))
            if (head := self.heads.get(self.count)) is not None:
                self._compare(head)

    def _head(self, opened: Head) -> None:
        head = opened.head
        if not self._stands(opened):
            return
        if (known := self.heads.get(head.tree_size)) is not None and known.root != head.root:
            self._keep(contradiction(head.tree_size))
        elif head.tree_size > self.count:
            text = (
                f"The log lacks {entries(self.count, head.tree_size - 1)}, before the head that covers them."
            )
            self.found(Reason.ENTRIES_MISSING, text, self.count, head.tree_size - 1)
            self.whole, self.count = False, head.tree_size
        elif head.tree_size < self.count:
            text = (
                f"The head over {head.tree_size} entries is later than its place, after {self.count} entries."
            )
            self.found(Reason.ENTRY_MISPLACED, text, head.tree_size, self.count - 1)
            self.whole = False
        elif self.whole:
            self._compare(head)

    def _stands(self, opened: Head) -> bool:
        if opened.problem is not None:
            self._keep(opened.problem)
            return False
        return self._belongs(opened.head.tenant, None)

    def _belongs(self, tenant: str, index: int | None) -> bool:
        self.tenant = self.tenant or tenant
        if tenant != self.tenant:
            text = f"There are entries or heads of tenants {self.tenant} and {tenant}, and a log is of one."
            self.found(Reason.OTHER_TENANT, text, index)
        return tenant == self.tenant

    def _compare(self, head: LogHead) -> None:
        """With the tree as it is; ``head`` covers as many entries."""
        if self.tree.root().hex() == head.root:
            self.covered = head.tree_size
            return
        last = max(head.tree_size - 1, 0)
        text = (
            f"The log is not what the head over {head.tree_size} entries was signed for: of "
            f"{entries(self.covered, last)} at least one was replaced by whoever has the key."
        )
        self.found(Reason.ENTRIES_CHANGED, text, self.covered, last)
        self.whole = False

    def _lost(self) -> None:
        """What stands where the next entry should be is none."""
        self.whole = False
        self.count += 1

    def _keep(self, finding: Finding) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)
        else:
            self.more += 1
