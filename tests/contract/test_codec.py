"""What is decoded, what is refused, and with which reason."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from minutier.schemas.codec import UndecodableEvent, decode, encode
from minutier.schemas.documents import Turn
from minutier.schemas.events import EVENTS, AnyEvent, Ingested, RecordingAnnounced, RecordingIngested
from minutier.schemas.references import ObjectRef
from tests.support.contracts import EXAMPLES, committed_schema, example, examples, validator
from tests.support.schema_strategies import allowed_by

SECRET = "Anna Lindqvist said"

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
untimed = settings(deadline=None)


def reason(body: bytes) -> str:
    with pytest.raises(UndecodableEvent) as refused:
        decode(body)
    return refused.value.reason


def announced(**changes: Any) -> bytes:
    return json.dumps({**example(RecordingAnnounced, "minimal"), **changes}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b'{"type":',
        b"\xff\xfe\x00",
        b'\xef\xbb\xbf{"type": "x"}',
        '{"type": "x"}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"type": "\\ud800"}',
        b'{"type": NaN}',
        b'{"type": -Infinity}',
        b'{"type": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: f"{len(body)} bytes {body[:12]!r}",
)
def test_what_is_no_json_is_refused_as_such(body: bytes) -> None:
    assert reason(body) == "not_json"


@pytest.mark.parametrize("body", [b"null", b"7", b"[]", b'"type"', b"{}", b'{"type": 7}', b'{"type": "x"}'])
def test_json_that_is_no_event_is_of_unknown_type(body: bytes) -> None:
    assert reason(body) == "unknown_type"


def test_a_version_that_is_not_known_is_told_from_an_unknown_event() -> None:
    assert reason(announced(type="minutier.recording.announced.v2")) == "unknown_version"
    assert reason(announced(type="minutier.recording.imagined.v1")) == "unknown_type"


def test_of_a_repeated_key_the_last_counts() -> None:
    body = announced(tenant="first").replace(b'"tenant": "first"', b'"tenant": "first", "tenant": "last"')
    assert decode(body).tenant == "last"


@pytest.mark.parametrize("attribute", ["specversion", "id", "time", "subject", "source", "tenant", "data"])
def test_nothing_is_made_up_for_an_event_that_lacks_it(attribute: str) -> None:
    event = json.loads(announced())
    del event[attribute]
    assert reason(json.dumps(event).encode()) == "invalid"


@pytest.mark.parametrize(
    ("field", "bent"),
    [("speakers", "4"), ("speakers", 4.5), ("speakers", True), ("title", 7), ("started_at", 1_767_600_000)],
)
def test_types_are_not_bent(field: str, bent: object) -> None:
    event = json.loads(announced())
    event["data"][field] = bent
    assert reason(json.dumps(event).encode()) == "invalid"


def test_a_text_that_no_database_stores_is_refused() -> None:
    event = json.loads(announced())
    event["data"]["title"] = "Week\0ly"
    assert reason(json.dumps(event).encode()) == "invalid"


def test_no_error_quotes_what_was_refused() -> None:
    with pytest.raises(ValidationError) as refused:
        Turn.model_validate({"start": SECRET, "end": -1, "speaker": {"said": SECRET}})
    assert SECRET not in str(refused.value)


def test_a_span_does_not_end_before_its_start() -> None:
    assert Turn(start=1, end=1, speaker="speaker-1").end == 1
    with pytest.raises(ValidationError, match="a span ends at or after its start"):
        Turn(start=2, end=1, speaker="speaker-1")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_are_finite(number: str) -> None:
    with pytest.raises(ValidationError):
        Turn.model_validate_json(f'{{"start": {number}, "end": {number}, "speaker": "speaker-1"}}')


def test_an_event_refers_to_no_object_named_by_a_person() -> None:
    uploaded = ObjectRef(bucket="uploads", key="Anna Lindqvist.mp4", sha256="0" * 64, size=1)
    event = RecordingIngested.model_validate(example(RecordingIngested, "mix"))
    with pytest.raises(ValidationError, match="made of identifiers"):
        Ingested.model_validate({**dict(event.data), "audio": uploaded})


@untimed
@given(st.binary())
def test_any_bytes_are_decoded_or_refused(body: bytes) -> None:
    with suppress(UndecodableEvent):
        decode(body)


@untimed
@given(st.sampled_from(EVENTS), anything, st.dictionaries(st.text(), anything))
def test_any_json_is_decoded_or_refused(kind: type[Any], data: object, attributes: dict[str, object]) -> None:
    body = json.dumps({**json.loads(announced()), "data": data, "type": kind.TYPE, **attributes})
    with suppress(UndecodableEvent):
        decode(body.encode())


@untimed
@given(
    st.sampled_from(examples("minutier.*/*.json")),
    st.dictionaries(st.text(min_size=20), numbers | st.text() | st.lists(st.text()), max_size=3),
)
def test_a_field_of_a_later_minor_version_is_ignored(path: Path, added: dict[str, object]) -> None:
    known = json.loads((EXAMPLES / path).read_bytes())
    grown = {**known, **added, "data": {**known["data"], **added}}
    event = decode(json.dumps(grown).encode())
    assert event == decode(json.dumps(known).encode())
    assert json.loads(encode(event)) == known


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.TYPE)
@settings(untimed, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_the_schema_allows_is_decoded_and_encoded_back(
    kind: type[AnyEvent], data: st.DataObject
) -> None:
    document = data.draw(allowed_by(committed_schema(kind.TYPE)))
    validator(kind.TYPE).validate(document)
    event = decode(json.dumps(document).encode())
    body = encode(event)
    assert decode(body) == event
    validator(kind.TYPE).validate(json.loads(body))
