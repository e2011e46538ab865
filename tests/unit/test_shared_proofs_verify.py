"""What a verifier finds in one record's proof: nothing where it is as signed, and every change where not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from minutier.schemas.records import DisposalRecord, SignedHead
from minutier.shared.proofs.canonical import canonical
from minutier.shared.proofs.findings import Reason, Verdict
from minutier.shared.proofs.issue import prove, sign_head, sign_record, written
from minutier.shared.proofs.merkle import Frontier, leaf_hash
from minutier.shared.proofs.opening import MOST_BYTES
from minutier.shared.proofs.signing import Purpose
from minutier.shared.proofs.verify import verify_proof
from tests.support.contracts import EXAMPLES, examples
from tests.support.proofs import BEGINNING, KEY, KEYS, TENANT, Log, key_of, opened, record

Place = tuple[str | int, ...]

LOG = Log.of(12)
PROOF = written(LOG.proof(4))
DOCUMENT: dict[str, Any] = json.loads(PROOF)


def reasons(text: bytes, *heads: SignedHead) -> list[Reason]:
    return [finding.reason for finding in verify_proof(text, KEYS, [opened(head) for head in heads]).findings]


def places(value: Any, where: Place = ()) -> Iterator[Place]:
    """The way to every value, objects and lists included."""
    yield where
    match value:
        case dict():
            for name, child in value.items():
                yield from places(child, (*where, name))
        case list():
            for index, child in enumerate(value):
                yield from places(child, (*where, index))


def at(document: Any, where: Place) -> Any:
    for step in where:
        document = document[step]
    return document


def fresh() -> Any:
    return json.loads(PROOF)


PLACES = [place for place in places(DOCUMENT) if place]
TEXTS = [place for place in PLACES if isinstance(at(DOCUMENT, place), str)]
OBJECTS = [place for place in places(DOCUMENT) if isinstance(at(DOCUMENT, place), dict)]


@pytest.mark.parametrize("path", examples("disposal-proof/*.json"), ids=str)
def test_the_golden_proofs_hold(path: Path) -> None:
    verified = verify_proof((EXAMPLES / path).read_bytes(), KEYS)
    assert (verified.verdict, verified.findings) == (Verdict.PROVEN, ())


def test_every_record_is_proven_under_every_head_that_covers_it() -> None:
    for size in range(1, len(LOG.entries) + 1):
        for index in range(size):
            verified = verify_proof(written(LOG.proof(index, size)), KEYS, [opened(LOG.head(size))])
            assert verified.verdict is Verdict.PROVEN
            assert verified.record == record(index)


@given(st.sampled_from(PLACES), st.none() | st.booleans() | st.integers() | st.text() | st.just([]))
def test_another_value_is_found(place: Place, value: Any) -> None:
    document = fresh()
    before = at(document, place)
    assume(type(value) is not type(before) or value != before)
    at(document, place[:-1])[place[-1]] = value
    assert verify_proof(json.dumps(document).encode(), KEYS).verdict is Verdict.BROKEN


@given(st.sampled_from(TEXTS), st.data())
def test_another_character_is_found(place: Place, data: st.DataObject) -> None:
    document = fresh()
    text = at(document, place)
    position = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(
        st.sampled_from("0123456789abcdefAZ- ").filter(lambda found: found != text[position])
    )
    at(document, place[:-1])[place[-1]] = text[:position] + character + text[position + 1 :]
    assert verify_proof(json.dumps(document).encode(), KEYS).verdict is Verdict.BROKEN


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_value_that_is_gone_is_found(place: Place) -> None:
    document = fresh()
    del at(document, place[:-1])[place[-1]]
    assert verify_proof(json.dumps(document).encode(), KEYS).verdict is Verdict.BROKEN


@pytest.mark.parametrize("place", OBJECTS, ids=str)
def test_a_field_that_is_added_is_found(place: Place) -> None:
    document = fresh()
    at(document, place)["note"] = "void"
    assert verify_proof(json.dumps(document).encode(), KEYS).verdict is Verdict.BROKEN


@given(st.integers(0, len(PROOF) - 1), st.integers(0, 255))
def test_another_byte_is_found(position: int, byte: int) -> None:
    text = PROOF[:position] + bytes([byte]) + PROOF[position + 1 :]
    proven = verify_proof(text, KEYS).verdict is Verdict.PROVEN
    assert proven == (byte == PROOF[position])


@given(st.integers(0, len(PROOF) - 1))
def test_a_file_that_was_cut_is_found(end: int) -> None:
    assert reasons(PROOF[:end]) == [Reason.MALFORMED]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "no JSON"),
        (b"[]", "no JSON object"),
        (b"\xff", "no JSON in UTF-8"),
        (PROOF.decode().encode("utf-16"), "no JSON in UTF-8"),
        (PROOF + PROOF, "no JSON"),
        (PROOF.replace(b'{"entry"', b'{"entry":{},"entry"'), "twice"),
        (PROOF.replace(b'"index":4', b'"index":4.0'), "no integer"),
        (PROOF.replace(b'"index":4', b'"index":NaN'), "no integer"),
        (PROOF.replace(b'"index":4', b'"index":4,"later":9007199254740993'), "no canonical form"),
        (PROOF.replace(b'"index":4', b'"index":4,"later":"\\ud800"'), "json_invalid"),
        (b"[" * 100_000, "nested too deeply"),
        (b" " * (MOST_BYTES + 1), "bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_others_may_read_otherwise_is_refused(text: bytes, why: str) -> None:
    verified = verify_proof(text, KEYS)
    assert [finding.reason for finding in verified.findings] == [Reason.MALFORMED]
    assert why in verified.findings[0].text
    assert verified.record is None


def test_how_it_is_laid_out_does_not_matter() -> None:
    turned = dict(reversed(DOCUMENT.items()))
    assert reasons(json.dumps(turned, indent=3).encode()) == []


def test_what_a_later_version_signs_is_part_of_the_record() -> None:
    content = json.loads(canonical(record().model_dump(mode="json"))) | {"since": [1, {"é": None}]}
    frontier, _ = Frontier().append(leaf_hash(canonical(content)))
    document = {
        "entry": {
            "record": content,
            "key_id": KEY.public.id,
            "signature": KEY.sign(Purpose.RECORD, canonical(content)),
        },
        "path": [],
        "head": sign_head(TENANT, frontier, BEGINNING, KEY).model_dump(mode="json"),
    }
    assert reasons(json.dumps(document).encode()) == []
    content["since"] = [1]
    assert reasons(json.dumps(document).encode()) == [Reason.BAD_SIGNATURE, Reason.NOT_UNDER_HEAD]


def test_what_is_signed_and_of_no_known_shape_is_no_record() -> None:
    document = fresh()
    document["entry"]["record"]["index"] = "4"
    content = canonical(document["entry"]["record"])
    document["entry"]["signature"] = KEY.sign(Purpose.RECORD, content)
    assert reasons(json.dumps(document).encode()) == [Reason.MALFORMED]


def test_a_key_that_is_not_trusted_is_named() -> None:
    other = key_of("other")
    verified = verify_proof(written(Log.of(1, other).proof(0)), KEYS)
    assert [finding.reason for finding in verified.findings] == [Reason.UNKNOWN_KEY, Reason.UNKNOWN_KEY]
    assert all(other.public.id in finding.text for finding in verified.findings)


def test_who_holds_the_key_cannot_change_a_record_under_a_head() -> None:
    forged = sign_record(record(4, kinds=("minutes",)), KEY)
    assert reasons(written(LOG.proof(4).model_copy(update={"entry": forged}))) == [Reason.NOT_UNDER_HEAD]


def test_a_signature_of_a_head_is_none_of_a_record() -> None:
    assert not KEY.public.signed(Purpose.RECORD, b"content", KEY.sign(Purpose.HEAD, b"content"))


def test_the_record_of_another_tenant_is_none_of_this_log() -> None:
    log = Log([record(tenant="other")])
    assert reasons(written(log.proof(0))) == [Reason.OTHER_TENANT]
    assert reasons(PROOF, sign_head("other", LOG.frontiers[-1], BEGINNING, KEY)) == [Reason.OTHER_TENANT]


def test_an_older_head_says_nothing_of_the_record() -> None:
    verified = verify_proof(PROOF, KEYS, [opened(LOG.head(4))])
    assert [finding.reason for finding in verified.findings] == [Reason.HEAD_OLDER_THAN_RECORD]
    assert verified.verdict is Verdict.OPEN
    assert "signed later" in verified.findings[0].text


@pytest.mark.parametrize("size", [5, 11])
def test_a_head_that_the_proof_was_not_made_for_asks_for_one_that_is(size: int) -> None:
    verified = verify_proof(PROOF, KEYS, [opened(LOG.head(size))])
    assert [finding.reason for finding in verified.findings] == [Reason.OTHER_HEAD]
    assert verified.verdict is Verdict.OPEN
    assert f"the head over {size} entries, or the log" in verified.findings[0].text
    assert reasons(written(LOG.proof(4, size)), LOG.head(size)) == []


def test_two_heads_that_contradict_each_other_are_evidence() -> None:
    fork = Log([*(record(index) for index in range(11)), record(11, kinds=("minutes",))])
    verified = verify_proof(PROOF, KEYS, [opened(fork.head())])
    assert [finding.reason for finding in verified.findings] == [Reason.HEADS_CONTRADICT]
    assert verified.verdict is Verdict.BROKEN


def test_a_head_that_was_changed_is_no_head() -> None:
    head = LOG.head()
    changed = head.model_copy(update={"head": head.head.model_copy(update={"tree_size": 4})})
    assert reasons(PROOF, changed) == [Reason.BAD_SIGNATURE]


def test_a_finding_quotes_nothing_but_identifiers() -> None:
    secret = "Anna Lindqvist"
    document = fresh()
    document["entry"]["record"]["rule"]["legal_basis"] = secret
    document["entry"]["record"][secret] = secret
    document[secret] = secret
    for text in (json.dumps(document), json.dumps(document["entry"]), PROOF.decode() + secret):
        assert secret not in repr(verify_proof(text.encode(), KEYS).findings)


def test_a_record_with_as_many_objects_as_it_may_name_can_be_read() -> None:
    many = DisposalRecord.model_validate(
        record().model_dump() | {"objects": [{"sha256": "f" * 64, "size": 2**53 - 1}] * 10_000}
    )
    log = Log([many])
    assert reasons(written(prove(log.entries[0], (), log.head()))) == []
