"""The formats there are, and what each has to bear."""

import re
import subprocess
import sys

import pytest

from minutier.query.exports.formats import FORMATS, Export
from tests.support.exports import AWKWARD, awkward, silent


def test_every_format_of_the_interface_is_there() -> None:
    assert list(FORMATS) == [
        "txt",
        "markdown",
        "json",
        "vtt",
        "srt",
        "rttm",
        "csv",
        "docx",
        "pdf",
        "podcast",
        "ebu-tt-d",
    ]


@pytest.mark.parametrize("export", FORMATS.values(), ids=FORMATS)
def test_what_a_format_is_called_fits_into_an_address_a_header_and_a_file_name(export: Export) -> None:
    assert re.fullmatch("[a-z-]+", export.name)
    assert re.fullmatch("[!-~]+/[ -~]+", export.media_type)
    assert re.fullmatch("[a-z.]+", export.suffix)


# Each entry of the archive that a docx is has the time of its writing.
@pytest.mark.parametrize("name", [name for name in FORMATS if name != "docx"])
def test_the_same_meeting_is_the_same_bytes(name: str) -> None:
    said = awkward(AWKWARD["emoji"])
    assert FORMATS[name].render(said) == FORMATS[name].render(said)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_bears_a_meeting_in_which_nothing_was_said(name: str) -> None:
    assert len(FORMATS[name].render(silent())) < 100_000


def test_to_know_the_formats_loads_none_of_what_makes_them() -> None:
    heavy = ["babel", "docx", "lxml", "typst"]
    code = f"import sys, minutier.query.exports.formats; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert done.stdout.decode().strip() == "[]"
