"""Word documents, as python-docx and mammoth read them, and as the package that they are."""

import io
import json
import zipfile
from pathlib import Path

import docx
import pytest
from defusedxml.ElementTree import fromstring
from docx.document import Document
from hypothesis import given, settings

from minutier.query.exports.docx import render
from minutier.query.exports.domain import Exported
from tests.support.exports import AWKWARD, awkward, exports, meeting, shown, silent
from tests.support.node import node

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def read(exported: Exported) -> Document:
    return docx.Document(io.BytesIO(render(exported)))


def paragraphs(exported: Exported) -> list[tuple[str, str]]:
    return [
        (paragraph.style.name, paragraph.text) for paragraph in read(exported).paragraphs if paragraph.style
    ]


def test_a_meeting_reads_as_a_document() -> None:
    assert paragraphs(meeting()) == [
        ("Title", "Conseil d’administration"),
        ("Fact", "Date : samedi 31 janvier 2026, 09:30 UTC"),
        ("Fact", "Durée : 0:00:03"),
        ("Fact", "Ont pris la parole : Anna Lindqvist, Bérénice d’Arc"),
        ("Fact", "Couverture : 100 % de la parole entendue est transcrite"),
        ("Minutes note", "Rédigé par une machine : les temps mènent à ce qui a été dit."),
        ("Heading 1", "Résumé"),
        ("List Bullet", "Le budget est adopté. 0:00:00–0:00:02, 0:00:02"),
        ("Heading 1", "Sujets"),
        ("List Bullet", "Budget : On parle du budget. 0:00:00"),
        ("Heading 1", "Décisions"),
        ("List Bullet", "Le budget est adopté. 0:00:00"),
        ("Heading 1", "Actions"),
        ("List Bullet", "Bérénice d’Arc : J’envoie le tableau vendredi. (échéance : vendredi) 0:00:02"),
        ("Heading 1", "Questions ouvertes"),
        ("List Bullet", "Vraiment ? 0:00:02"),
        ("Heading 1", "Transcription"),
        ("Speaker", "Anna Lindqvist"),
        ("Passage", "0:00:00\tBonjour à tous."),
        ("Passage", "0:00:00\tLe budget est adopté."),
        ("Speaker", "Inconnu"),
        ("Doubtful passage", "0:00:02\tVraiment ? (à vérifier : mots incertains, peut-être pas de parole)"),
        ("Speaker", "Bérénice d’Arc"),
        ("Passage", "0:00:02\tJ’envoie le tableau vendredi."),
    ]


def test_it_says_its_title_its_language_and_when_it_was_and_nothing_of_a_template() -> None:
    about = read(meeting()).core_properties
    assert (about.title, about.language, about.author) == ("Conseil d’administration", "fr", "")
    assert about.created is not None
    assert about.created.isoformat() == "2026-01-31T09:30:00+00:00"
    assert b"python-docx" not in render(meeting())
    assert read(silent()).core_properties.created is None


def test_a_title_that_is_longer_than_a_property_may_be_is_whole_in_the_text() -> None:
    exported = meeting(title="Budget " * 60)
    assert paragraphs(exported)[0] == ("Title", ("Budget " * 60).strip())


def test_what_is_written_from_right_to_left_is_laid_out_so() -> None:
    hebrew = meeting().transcript.model_copy(update={"language": "he"})
    for exported, expected in ((Exported(hebrew), True), (meeting(), False)):
        style = read(exported).styles["Passage"].element
        assert (style.find(f".//{W}bidi") is not None, style.find(f".//{W}rtl") is not None) == (
            expected,
        ) * 2


def test_every_part_is_well_formed_and_every_link_leads_to_a_passage() -> None:
    package = zipfile.ZipFile(io.BytesIO(render(meeting())))
    assert package.testzip() is None
    parts = {name: package.read(name) for name in package.namelist() if name.endswith((".xml", ".rels"))}
    trees = {name: fromstring(content) for name, content in parts.items()}
    body = trees["word/document.xml"]
    anchors = [link.get(f"{W}anchor") for link in body.iter(f"{W}hyperlink")]
    assert anchors == ["passage0", "passage3", "passage1", "passage1", "passage3", "passage2"]
    assert set(anchors) <= {mark.get(f"{W}name") for mark in body.iter(f"{W}bookmarkStart")}
    fields = [field.get(f"{W}instr") for name in trees for field in trees[name].iter(f"{W}fldSimple")]
    assert fields == ["PAGE", "NUMPAGES"]


READ = """
const mammoth = require("mammoth");
const files = JSON.parse(require("fs").readFileSync(0, "utf8"));
Promise.all(files.map((path) => mammoth.convertToHtml({ path }))).then((results) =>
  console.log(JSON.stringify(results.map((result) => [result.value, result.messages])))
);
"""


def test_another_reader_finds_the_headings_the_lists_and_the_links(tmp_path: Path) -> None:
    documents = [meeting(), *map(awkward, AWKWARD.values())]
    files = [tmp_path / f"{number}.docx" for number in range(len(documents))]
    for file, exported in zip(files, documents, strict=True):
        file.write_bytes(render(exported))
    answers = json.loads(node("-e", READ, stdin=json.dumps([str(file) for file in files])))
    html = answers[0][0]
    assert "<h1>Décisions</h1><ul><li>Le budget est adopté. " in html
    assert '<a href="#passage1">0:00:00</a></li></ul>' in html
    assert '<p><a id="passage1"></a>0:00:00\tLe budget est adopté.</p>' in html
    assert all(message["type"] != "error" for _, messages in answers for message in messages)


@pytest.mark.parametrize("said", AWKWARD.values(), ids=AWKWARD)
def test_whatever_was_said_is_shown(said: str) -> None:
    texts = [text for _, text in paragraphs(awkward(said))]
    assert (shown(said) or "Meeting") == texts[0]
    if shown(said):
        assert f"0:00:00\t{shown(said)}" in texts


def test_nothing_said_is_said() -> None:
    assert paragraphs(silent())[-1] == ("Fact", "Nothing was said in this recording.")


@given(exports())
@settings(max_examples=10, deadline=None)
def test_every_segment_is_a_paragraph(exported: Exported) -> None:
    said = [text for text in (shown(segment.text) for segment in exported.transcript.segments) if text]
    passages = [text for style, text in paragraphs(exported) if style in ("Passage", "Doubtful passage")]
    assert len(passages) == len(said)
    assert all(text in passage for text, passage in zip(said, passages, strict=True))
