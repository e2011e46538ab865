"""No event but the announcement has a field that could hold speech, a name or an address."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from minutier.schemas.events import EVENTS, AnyEvent, Progress, RecordingAnnounced
from minutier.schemas.records import RECORDS
from tests.support.contracts import committed_schema
from tests.support.schema_strategies import merged

FREE_TEXT = (
    "Anna Lindqvist",
    "Réunion du 3 mai",
    "anna@example.org",
    "we said that",
    "https://media.example.org/board.mp4?X-Amz-Signature=fe5f80f7",
)

CONSTRAINED = {"const", "enum", "format"}


def texts(
    part: dict[str, Any], definitions: dict[str, Any], where: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every place that takes a string, with what constrains it there."""
    if "$ref" in part:
        beside = {key: value for key, value in part.items() if key != "$ref"}
        part = merged(definitions[part["$ref"].rpartition("/")[2]], beside)
    for branch in part.get("anyOf", ()):
        if "properties" not in part:
            yield from texts(branch, definitions, where)
    if part.get("type") == "string" or not part.keys() & {"type", "anyOf", "const", "enum"}:
        yield where, part
    if part.get("type") == "object":
        assert "properties" in part, f"{where} may hold anything"
    for name, field in part.get("properties", {}).items():
        yield from texts(field, definitions, f"{where}.{name}")
    if "items" in part:
        yield from texts(part["items"], definitions, f"{where}[]")


def open_texts(schema: dict[str, Any]) -> set[str]:
    """The places that free text could go to."""
    found = texts(schema, schema.get("$defs", {}), "")
    return {where for where, part in found if not _shut(part)}


def _shut(part: dict[str, Any]) -> bool:
    if part.keys() & CONSTRAINED:
        return True
    pattern = part.get("pattern")
    return pattern is not None and not any(re.search(pattern, text) for text in FREE_TEXT)


@pytest.mark.parametrize(
    "event", [event for event in EVENTS if event is not RecordingAnnounced], ids=lambda event: event.TYPE
)
def test_an_event_has_no_place_for_free_text(event: type[AnyEvent]) -> None:
    assert open_texts(committed_schema(event.TYPE)) == set()


def test_progress_has_no_place_for_free_text() -> None:
    assert open_texts(Progress.model_json_schema()) == set()


def test_only_what_the_meeting_server_knows_is_free_in_an_announcement() -> None:
    assert open_texts(committed_schema(RecordingAnnounced.TYPE)) == {
        ".data.external_id",
        ".data.title",
        ".data.mix.key",
        ".data.mix.url",
        ".data.tracks[].participant",
        ".data.tracks[].external_id",
        ".data.tracks[].location.key",
        ".data.tracks[].location.url",
        ".data.participants[]",
        ".data.people[].email",
        ".data.people[].subject",
        ".data.metadata.location.key",
        ".data.metadata.location.url",
    }


@pytest.mark.parametrize("contract", RECORDS)
def test_only_what_the_law_calls_for_is_free_in_a_record_and_it_is_one_line(contract: str) -> None:
    free = {place.rpartition(".rule.")[2] for place in open_texts(committed_schema(contract))}
    assert free == (set() if contract == "signed-head" else {"legal_basis", "policy.name", "visa"})
