"""Golden examples: what was once sent must be understood, and sent the same, ever after."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from jsonschema import ValidationError as RefusedBySchema
from pydantic import ValidationError

from minutier.schemas.codec import UndecodableEvent, decode, encode
from minutier.schemas.events import RecordingAnnounced, recording_id
from minutier.schemas.generate import CONTRACTS
from minutier.schemas.rejections import RejectionReason
from tests.support.contracts import EXAMPLES, committed_schema, examples, validator

VALID = examples()
INVALID = examples("*/invalid/*.json")
VALID_EVENTS = examples("minutier.*/*.json")

# A JSON Schema relates no two fields of an object.
BEYOND_SCHEMA = {path for path in INVALID if "ends-before-its-start" in path.stem}


def contract_of(path: Path) -> str:
    return path.parts[0]


def is_event(path: Path) -> bool:
    return path in VALID_EVENTS or contract_of(path).startswith("minutier.")


@pytest.mark.parametrize("path", VALID, ids=str)
def test_a_golden_example_is_what_its_schema_describes(path: Path) -> None:
    validator(contract_of(path)).validate(json.loads((EXAMPLES / path).read_bytes()))


@pytest.mark.parametrize("path", VALID, ids=str)
def test_a_golden_example_is_read_and_written_back_the_same(path: Path) -> None:
    body = (EXAMPLES / path).read_bytes()
    if is_event(path):
        again = encode(decode(body))
    else:
        again = (
            CONTRACTS[contract_of(path)].model_validate_json(body).model_dump_json(exclude_none=True).encode()
        )
    assert list(flat(json.loads(again))) == list(flat(json.loads(body)))


@pytest.mark.parametrize("path", VALID_EVENTS, ids=str)
def test_an_event_is_a_cloud_event(path: Path) -> None:
    event = JSONFormat().read(None, encode(decode((EXAMPLES / path).read_bytes())))
    assert event.get_type() == contract_of(path)
    assert event.get_data() == json.loads((EXAMPLES / path).read_bytes())["data"]


@pytest.mark.parametrize("path", INVALID, ids=str)
def test_an_invalid_example_is_refused_for_the_reason_in_its_name(path: Path) -> None:
    body = (EXAMPLES / path).read_bytes()
    reason = path.name.split(".")[0]
    if is_event(path):
        with pytest.raises(UndecodableEvent) as refused:
            decode(body)
        assert refused.value.reason == reason
    else:
        assert reason == "invalid"
        with pytest.raises(ValidationError):
            CONTRACTS[contract_of(path)].model_validate_json(body)


@pytest.mark.parametrize("path", [path for path in INVALID if not path.stem.startswith("not_json")], ids=str)
def test_an_invalid_example_is_refused_by_its_schema(path: Path) -> None:
    document = json.loads((EXAMPLES / path).read_bytes())
    if path in BEYOND_SCHEMA:
        validator(contract_of(path)).validate(document)
    else:
        with pytest.raises(RefusedBySchema):
            validator(contract_of(path)).validate(document)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_examples_show_every_field_there_and_every_optional_one_absent(contract: str) -> None:
    documents = [json.loads((EXAMPLES / path).read_bytes()) for path in examples(f"{contract}/*.json")]
    shown = [
        objects for document in documents for objects in objects_of(committed_schema(contract), document)
    ]
    for title, schema in object_schemas(committed_schema(contract)):
        of_kind = [fields for kind, fields in shown if kind == title]
        for field, about in schema["properties"].items():
            assert any(field in fields for fields in of_kind), f"{title}.{field} is shown by no example"
            if {"type": "null"} in about.get("anyOf", []):
                assert any(field not in fields for fields in of_kind), f"{title}.{field} is never absent"


@pytest.mark.parametrize("contract", CONTRACTS)
def test_each_contract_has_examples_that_are_refused(contract: str) -> None:
    assert examples(f"{contract}/invalid/*.json")


def test_examples_show_every_reason_to_reject_a_recording() -> None:
    shown = {
        json.loads((EXAMPLES / path).read_bytes())["data"]["reason"]
        for path in examples("minutier.recording.rejected.v1/*.json")
    }
    assert shown == set(RejectionReason)


@pytest.mark.parametrize("path", examples(f"{RecordingAnnounced.TYPE}/*.json"), ids=str)
def test_an_announcement_names_the_recording_by_what_the_meeting_server_calls_it(path: Path) -> None:
    event = decode((EXAMPLES / path).read_bytes())
    assert event.subject == recording_id(event.tenant, event.data.source, event.data.external_id)


def flat(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its path and type: ``1`` is not ``1.0``, nor ``true``."""
    if isinstance(value, dict):
        yield where, set(value)
        for key in sorted(value):
            yield from flat(value[key], f"{where}/{key}")
    elif isinstance(value, list):
        yield where, len(value)
        for index, item in enumerate(value):
            yield from flat(item, f"{where}/{index}")
    else:
        yield where, (type(value), value)


def object_schemas(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for part in (schema, *schema.get("$defs", {}).values()):
        if "properties" in part:
            yield part["title"], part


def objects_of(schema: dict[str, Any], document: Any) -> Iterator[tuple[str, set[str]]]:
    """Each object in ``document``, as the name of its schema and the fields that it has."""

    def walk(part: dict[str, Any], value: Any) -> Iterator[tuple[str, set[str]]]:
        if "$ref" in part:
            part = schema["$defs"][part["$ref"].rpartition("/")[2]]
        for branch in part.get("anyOf", []):
            yield from walk(branch, value)
        if isinstance(value, dict) and "title" in part and "properties" in part:
            yield part["title"], set(value)
            for name, about in part["properties"].items():
                if name in value:
                    yield from walk(about, value[name])
        if isinstance(value, list) and "items" in part:
            for item in value:
                yield from walk(part["items"], item)

    yield from walk(schema, document)
