"""PDF, as pypdf reads it."""

import io
import re
from typing import Any

import pytest
from pypdf import PdfReader

from minutier.query.exports import pdf
from minutier.query.exports.domain import Exported
from minutier.shared.documents import typesetting
from tests.support.exports import AWKWARD, LONG_WORD, awkward, meeting, silent

UA = b"<pdfuaid:part>1</pdfuaid:part>"


def typeset(exported: Exported) -> PdfReader:
    """As `pdf.render` does in a child."""
    return PdfReader(io.BytesIO(typesetting.typeset(pdf.TEMPLATE, pdf.data_of(exported), ["ua-1"])))


def text_of(read: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in read.pages)


def catalog(read: PdfReader) -> Any:
    return read.trailer["/Root"]


def claims_accessibility(read: PdfReader) -> bool:
    return UA in catalog(read)["/Metadata"].get_data()


def test_a_meeting_reads_as_a_document() -> None:
    read = PdfReader(io.BytesIO(pdf.render(meeting())))
    text = text_of(read)
    expected = [
        "Conseil d’administration",
        "Date samedi 31 janvier 2026, 09:30 UTC",
        "Ont pris la parole Anna Lindqvist, Bérénice d’Arc",
        "Résumé",
        "Le budget est adopté. 0:00:00–0:00:02, 0:00:02",
        "Sujets",
        "Budget : On parle du budget. 0:00:00",
        "Décisions",
        "Actions",
        "Bérénice d’Arc : J’envoie le tableau vendredi. (échéance : vendredi) 0:00:02",
        "Questions ouvertes",
        "Transcription",
        "Anna Lindqvist Bonjour à tous.",
        "Inconnu Vraiment ? (à vérifier : mots incertains, peut-être pas de parole)",
        "Page 1 sur 1",
    ]
    places = [text.find(part) for part in expected]
    assert -1 not in places, expected[places.index(-1)]
    assert places == sorted(places)


def test_it_can_be_read_aloud() -> None:
    read = typeset(meeting())
    assert read.metadata is not None
    assert read.metadata.title == "Conseil d’administration"
    assert catalog(read)["/Lang"] == "fr"
    assert catalog(read)["/MarkInfo"]["/Marked"]
    assert claims_accessibility(read)
    kinds = structure(catalog(read)["/StructTreeRoot"])
    assert {"/Title", "/H1", "/L", "/LI", "/P", "/Link"} <= kinds
    assert [str(entry["/Title"]) for entry in read.outline if isinstance(entry, dict)] == [
        "Résumé",
        "Sujets",
        "Décisions",
        "Actions",
        "Questions ouvertes",
        "Transcription",
    ]


def test_a_meeting_in_hebrew_is_set_from_right_to_left_and_can_be_read_aloud() -> None:
    exported = awkward("שלום")
    hebrew = exported.transcript.model_copy(update={"language": "he"})
    read = typeset(Exported(hebrew, exported.minutes, title="שלום"))
    assert catalog(read)["/Lang"] == "he"
    assert claims_accessibility(read)
    starts: dict[str, float] = {}
    read.pages[0].extract_text(visitor_text=lambda text, matrix, *_: starts.update({text.strip(): matrix[4]}))
    middle = float(read.pages[0].mediabox.width) / 2
    assert min(starts["Duration"], starts["Summary"], starts["Transcript"]) > middle


def structure(element: Any) -> set[str]:
    element = element.get_object() if hasattr(element, "get_object") else element
    if isinstance(element, list):
        return set().union(*(structure(kid) for kid in element))
    if not isinstance(element, dict):
        return set()
    kind = {str(element["/S"])} if "/S" in element else set()
    return kind | (structure(element["/K"]) if "/K" in element else set())


def test_every_cited_moment_is_a_link_within_the_document() -> None:
    (page,) = typeset(meeting()).pages
    annotations: Any = page["/Annots"]
    links = [annotation.get_object() for annotation in annotations]
    assert len(links) == 6
    assert all(link["/Subtype"] == "/Link" and "/URI" not in link.get("/A", {}) for link in links)


@pytest.mark.parametrize("said", AWKWARD.values(), ids=AWKWARD)
def test_whatever_was_said_is_set(said: str) -> None:
    read = typeset(awkward(said))
    assert "End." in text_of(read)
    assert catalog(read)["/MarkInfo"]["/Marked"]


def test_what_was_said_is_no_markup() -> None:
    said = AWKWARD["markup"]
    assert said in text_of(typeset(awkward(said)))


def test_a_word_that_no_line_holds_is_broken_within_the_page() -> None:
    read = typeset(awkward(LONG_WORD))
    letters = re.sub(r"[\s\u200b]", "", text_of(read))
    assert LONG_WORD in letters
    assert max(len(line) for page in read.pages for line in page.extract_text().splitlines()) < 130


def test_a_character_without_a_glyph_costs_the_claim_and_nothing_else() -> None:
    read = typeset(awkward("\U0003134a ok"))
    assert not claims_accessibility(read)
    assert catalog(read)["/MarkInfo"]["/Marked"]
    assert "ok" in text_of(read)


def test_nothing_said_is_said() -> None:
    assert "Nothing was said in this recording." in text_of(typeset(silent()))
