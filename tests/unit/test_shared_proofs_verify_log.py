"""What a verifier finds in a whole log."""

import json
from collections.abc import Iterable, Sequence
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.schemas.records import SignedHead
from minutier.shared.proofs.findings import Reason, Verdict
from minutier.shared.proofs.issue import sign_head, sign_record, written
from minutier.shared.proofs.opening import MOST_BYTES
from minutier.shared.proofs.verify_log import MOST_FINDINGS, LogVerified, lines, verify_log
from tests.support.proofs import BEGINNING, KEY, KEYS, Log, key_of, opened, record

SIZE = 9
LOG = Log.of(SIZE)
FILE = LOG.lines()

Found = list[tuple[Reason, int | None, int | None]]


def verified(file: Iterable[bytes], *heads: SignedHead) -> LogVerified:
    return verify_log(file, KEYS, [opened(head) for head in heads])


def found(file: Iterable[bytes], *heads: SignedHead) -> Found:
    return [(each.reason, each.first, each.last) for each in verified(file, *heads).findings]


def renumbered(removed: int) -> Log:
    """What somebody who has the key makes of the log without one record."""
    kept = [entry.record for entry in LOG.entries if entry.record.index != removed]
    return Log(kept_one.model_copy(update={"index": index}) for index, kept_one in enumerate(kept))


@pytest.mark.parametrize("size", range(SIZE + 1))
def test_a_log_holds_under_its_own_head_and_every_older_one(size: int) -> None:
    whole = verified(FILE, LOG.head(size))
    assert (whole.verdict, whole.entries, whole.covered) == (Verdict.PROVEN, SIZE, SIZE)


def test_heads_may_stand_between_the_entries() -> None:
    file = [
        line for size, entry in enumerate(LOG.entries) for line in (written(LOG.head(size)), written(entry))
    ]
    assert found([*file, FILE[-1]]) == []


@pytest.mark.parametrize("index", range(SIZE))
def test_a_removed_entry_is_found_by_its_index(index: int) -> None:
    file = FILE[:index] + FILE[index + 1 :]
    assert found(file) == [(Reason.ENTRIES_MISSING, index, index)]


@given(st.integers(0, SIZE - 1), st.data())
def test_a_removed_stretch_is_found(first: int, data: st.DataObject) -> None:
    last = data.draw(st.integers(first, SIZE - 1))
    assert found(FILE[:first] + FILE[last + 1 :]) == [(Reason.ENTRIES_MISSING, first, last)]


@given(st.integers(0, SIZE - 1))
def test_a_cut_tail_is_found_by_a_head_from_elsewhere(kept: int) -> None:
    cut = [*FILE[:kept], written(LOG.head(kept))]
    assert verified(cut).verdict is Verdict.PROVEN
    assert found(cut, LOG.head()) == [(Reason.TAIL_CUT, kept, SIZE - 1)]


def test_without_a_head_nobody_can_tell_what_followed() -> None:
    bare = verified(FILE[:-1])
    assert [finding.reason for finding in bare.findings] == [Reason.NOT_COVERED]
    assert (bare.verdict, bare.entries, bare.covered) == (Verdict.OPEN, SIZE, 0)
    older = verified(FILE[:-1], LOG.head(6))
    assert [(finding.first, finding.last) for finding in older.findings] == [(6, SIZE - 1)]
    assert (older.verdict, older.covered) == (Verdict.OPEN, 6)
    assert found(FILE[:-1], LOG.head()) == []


@given(st.integers(0, SIZE - 1), st.data())
def test_another_byte_of_an_entry_is_found_there(index: int, data: st.DataObject) -> None:
    line = FILE[index]
    position = data.draw(st.integers(0, len(line) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != line[position]))
    changed = line[:position] + bytes([byte]) + line[position + 1 :]
    findings = verified([*FILE[:index], changed, *FILE[index + 1 :]]).findings
    assert [finding.first for finding in findings] == [index]
    assert findings[0].reason in {Reason.MALFORMED, Reason.BAD_SIGNATURE, Reason.UNKNOWN_KEY}


@given(st.integers(0, len(FILE[-1]) - 1), st.integers(0, 255))
def test_another_byte_of_the_head_is_found(position: int, byte: int) -> None:
    head = FILE[-1]
    changed = head[:position] + bytes([byte]) + head[position + 1 :]
    assert (verified([*FILE[:-1], changed]).verdict is Verdict.PROVEN) == (changed == head)


@given(st.permutations(range(SIZE)))
def test_another_order_is_found(order: Sequence[int]) -> None:
    file = [*(FILE[index] for index in order), FILE[-1]]
    assert (verified(file).verdict is Verdict.PROVEN) == (list(order) == list(range(SIZE)))


@given(st.integers(0, SIZE - 1), st.data())
def test_an_entry_that_is_there_again_is_found(index: int, data: st.DataObject) -> None:
    before = data.draw(st.integers(index + 1, SIZE))
    assert found([*FILE[:before], FILE[index], *FILE[before:]]) == [(Reason.ENTRY_MISPLACED, index, index)]


@pytest.mark.parametrize("index", range(SIZE))
def test_who_has_the_key_cannot_replace_what_a_head_covers(index: int) -> None:
    forged = written(sign_record(record(index, kinds=("minutes",)), KEY))
    file = [*FILE[:index], forged, *FILE[index + 1 :]]
    between = 5
    first, last = (0, between - 1) if index < between else (between, SIZE - 1)
    assert found(file, LOG.head(between)) == [(Reason.ENTRIES_CHANGED, first, last)]


@pytest.mark.parametrize("index", range(SIZE - 1))
def test_who_has_the_key_cannot_remove_what_a_head_from_elsewhere_covers(index: int) -> None:
    forged = renumbered(index)
    assert found(forged.lines()) == []
    assert found(forged.lines(), LOG.head(SIZE - 1)) == [
        (Reason.ENTRIES_CHANGED, 0, SIZE - 2),
        (Reason.HEADS_CONTRADICT, 0, SIZE - 2),
    ]
    assert found(forged.lines(), LOG.head())[-1] == (Reason.TAIL_CUT, SIZE - 1, SIZE - 1)


def test_two_heads_from_elsewhere_that_contradict_each_other_are_evidence() -> None:
    forged = renumbered(0)
    reasons = {reason for reason, _, _ in found(FILE, LOG.head(8), forged.head(8))}
    assert reasons == {Reason.HEADS_CONTRADICT}


def test_a_head_after_its_place_is_found() -> None:
    assert found([*FILE[:-1], written(LOG.head(7))]) == [(Reason.ENTRY_MISPLACED, 7, SIZE - 1)]


def test_entries_of_another_tenant_are_none_of_this_log() -> None:
    other = Log([record(0), record(1, tenant="other")])
    assert found(other.lines()) == [(Reason.OTHER_TENANT, 1, 1)]
    foreign = sign_head("other", LOG.frontiers[-1], BEGINNING, KEY)
    assert {reason for reason, _, _ in found(FILE, foreign)} == {Reason.OTHER_TENANT}


def test_keys_may_change_within_a_log() -> None:
    new = key_of("new")
    log = Log([record(0)])
    log.key = new
    log.append(record(1))
    assert found(log.lines())[0] == (Reason.UNKNOWN_KEY, 1, 1)
    both = {**KEYS, new.public.id: new.public}
    assert verify_log(log.lines(), both).verdict is Verdict.PROVEN


def test_a_log_without_entries_holds_where_a_head_says_so() -> None:
    assert found([written(Log().head())]) == []
    assert found([], Log().head()) == []
    assert found([]) == [(Reason.MALFORMED, None, None)]
    assert found([], LOG.head()) == [(Reason.TAIL_CUT, 0, SIZE - 1)]


def test_findings_are_bounded() -> None:
    broken = verified([b"{}"] * (MOST_FINDINGS + 5))
    assert (len(broken.findings), broken.more) == (MOST_FINDINGS, 5)


def test_no_line_is_read_whole_that_is_too_long_for_an_entry() -> None:
    longest = max(map(len, lines(BytesIO(FILE[0] + b" " * 2 * MOST_BYTES + b"\n" + FILE[1] + b"\n"))))
    assert longest == MOST_BYTES + 1
    assert found(lines(BytesIO(b"x" * (MOST_BYTES + 9)))) == [
        (Reason.MALFORMED, 0, 0),
        (Reason.MALFORMED, 1, 1),
    ]


def test_empty_lines_and_other_line_ends_do_not_matter() -> None:
    text = b"\r\n\r\n".join(json.dumps(json.loads(line)).encode() for line in FILE)
    assert found(lines(BytesIO(text))) == []
