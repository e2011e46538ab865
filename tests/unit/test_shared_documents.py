"""What sets documents for people: a child with bounds, whose complaints quote nothing."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader

from minutier.shared.documents import pdf
from minutier.shared.documents.pdf import Unrenderable

TEMPLATE = """
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title, date: datetime(year: 2026, month: 1, day: 31))
#set text(lang: "fr")
#title()
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "letter.typ"
    path.write_text(TEMPLATE)
    return path


def test_a_document_claims_what_was_asked_for(template: Path) -> None:
    read = PdfReader(io.BytesIO(pdf.render(template, '{"title": "Élimination"}', ("a-2a", "ua-1"))))
    assert read.metadata is not None
    assert read.metadata.title == "Élimination"
    root = read.trailer["/Root"]
    claims = root["/Metadata"].get_data()  # type: ignore[index]
    assert b"<pdfuaid:part>1<" in claims
    assert b"<pdfaid:part>2<" in claims


def test_what_cannot_be_set_says_nothing_of_what_is_in_it(template: Path) -> None:
    with pytest.raises(Unrenderable) as raised:
        pdf.render(template, '{"name": "Secret plans"}')
    assert "Secret" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_child_that_does_not_end_is_given_up(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "LIMIT_SECONDS", 0.001)
    with pytest.raises(Unrenderable, match="more than"):
        pdf.render(template, '{"title": "a"}')


def test_the_child_has_a_bound_on_its_memory() -> None:
    bounded = "import resource; from minutier.shared.documents import typesetting; typesetting.bound(); "
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            bounded + "print(resource.getrlimit(resource.RLIMIT_AS)); bytearray(4 * 2**30)",
        ],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert told.stdout.decode().split() == ["(2147483648,", "2147483648)"]
    assert b"MemoryError" in told.stderr
