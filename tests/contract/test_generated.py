"""What is committed is what the models give."""

import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from minutier.schemas import generate
from minutier.schemas.documents import DOCUMENTS
from minutier.schemas.events import EVENTS
from minutier.schemas.records import RECORDS
from tests.support.contracts import EXAMPLES, committed_schema


def test_the_committed_files_are_those_the_models_give() -> None:
    assert generate.differences() == []


def test_checking_tells_by_its_status() -> None:
    command = [sys.executable, "-m", "minutier.schemas.generate", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_changed_missing_and_left_over_files_are_found_and_put_right(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(EXAMPLES)
    generate.write(tmp_path)
    assert generate.differences(tmp_path) == []
    changed, missing, left_over = (
        tmp_path / "json" / f"{name}.json" for name in ("minutes", "progress", "old")
    )
    changed.write_text("{}")
    missing.unlink()
    left_over.write_text("{}")
    assert {path.stem for path in generate.differences(tmp_path)} == {"minutes", "progress", "old"}
    generate.write(tmp_path)
    assert generate.differences(tmp_path) == []


def test_every_event_document_and_record_has_a_schema() -> None:
    assert len(generate.CONTRACTS) == len(EVENTS) + len(DOCUMENTS) + len(RECORDS) + 1


@pytest.mark.parametrize("contract", generate.CONTRACTS)
def test_schemas_are_valid_and_named_without_a_host(contract: str) -> None:
    schema = committed_schema(contract)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$schema"]
    assert schema["$id"] == f"urn:minutier:schema:{contract}"
