"""EBU-TT-D, as ttconv and imscJS read it."""

import io
import json
from fractions import Fraction
from typing import Any
from xml.etree.ElementTree import Element, ElementTree

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from ttconv.imsc.reader import to_model
from ttconv.model import ContentDocument, P, Span, Text

from minutier.query.exports import ebu_tt_d
from minutier.query.exports.domain import Exported
from minutier.shared.rendering import cues
from tests.support.exports import AWKWARD, awkward, exports, meeting, shown, silent
from tests.support.node import node

TT = "{http://www.w3.org/ns/ttml}"
TTM = "{http://www.w3.org/ns/ttml#metadata}"
XML = "{http://www.w3.org/XML/1998/namespace}"
EBUTTM = "{urn:ebu:tt:metadata}"


def tree(exported: Exported) -> Element:
    return fromstring(ebu_tt_d.render(exported))


def model(exported: Exported) -> ContentDocument:
    read = to_model(ElementTree(tree(exported)))
    assert read is not None
    return read


def subtitles(exported: Exported) -> list[tuple[Any, Any, str]]:
    body = model(exported).get_body()
    return [
        (element.get_begin() or Fraction(0), element.get_end(), text_of(element))
        for element in (body.dfs_iterator() if body else ())
        if isinstance(element, P)
    ]


def text_of(paragraph: P) -> str:
    return "".join(
        part.get_text()
        for span in paragraph
        if isinstance(span, Span)
        for part in span
        if isinstance(part, Text)
    )


def test_a_name_precedes_what_somebody_says() -> None:
    assert subtitles(meeting()) == [
        (Fraction(0), Fraction(9, 10), "Anna Lindqvist: Bonjour à tous."),
        (Fraction(9, 10), Fraction(21, 10), "Anna Lindqvist: Le budget est adopté."),
        (Fraction(21, 10), Fraction(27, 10), "Vraiment ?"),
        (Fraction(27, 10), Fraction(39, 10), "Bérénice d’Arc: J’envoie le tableau vendredi."),
    ]


def test_it_says_its_language_and_what_it_conforms_to() -> None:
    assert model(meeting()).get_lang() == "fr"
    conforms = [element.text for element in tree(meeting()).iter(f"{EBUTTM}conformsToStandard")]
    assert conforms == [
        "urn:ebu:tt:distribution:2018-04",
        "http://www.w3.org/ns/ttml/profile/imsc1/text",
    ]


def test_every_subtitle_names_its_agent_and_two_voices_differ_in_colour() -> None:
    root = tree(meeting())
    names = {agent.get(f"{XML}id"): agent.findtext(f"{TTM}name") for agent in root.iter(f"{TTM}agent")}
    paragraphs = list(root.iter(f"{TT}p"))
    agents = [paragraph.get(f"{TTM}agent") for paragraph in paragraphs]
    assert [names.get(agent) for agent in agents] == [
        "Anna Lindqvist",
        "Anna Lindqvist",
        None,
        "Bérénice d’Arc",
    ]
    styles = [span.get("style") for span in root.iter(f"{TT}span")]
    assert styles[0] == styles[1] != styles[3]


def test_ids_are_unique_and_references_lead_somewhere() -> None:
    root = tree(meeting())
    ids = [identity for element in root.iter() if (identity := element.get(f"{XML}id"))]
    assert len(ids) == len(set(ids))
    for element in root.iter():
        for attribute in ("style", "region", f"{TTM}agent"):
            assert set(element.get(attribute, "").split()) <= set(ids)


def test_what_is_written_from_right_to_left_is_shown_so() -> None:
    exported = meeting()
    hebrew = exported.transcript.model_copy(update={"language": "he"})
    for language, direction in (("fr", "ltr"), ("he", "rtl")):
        transcript = hebrew if language == "he" else exported.transcript
        style = next(tree(Exported(transcript)).iter(f"{TT}style"))
        assert style.get("{http://www.w3.org/ns/ttml#styling}direction") == direction


def test_nothing_said_is_a_document_without_a_body() -> None:
    assert subtitles(silent()) == []
    assert tree(silent()).find(f"{TT}body") is None


@given(exports())
@settings(max_examples=25, deadline=None)
def test_every_cue_is_a_subtitle(exported: Exported) -> None:
    expected = list(cues(exported.transcript))
    read = subtitles(exported)
    assert [(begin * 1000, end * 1000) for begin, end, _ in read] == [
        (cue.start, cue.end) for cue in expected
    ]
    assert all(text.endswith(cue.text) for (_, _, text), cue in zip(read, expected, strict=True))


@pytest.mark.parametrize("said", AWKWARD.values(), ids=AWKWARD)
def test_whatever_was_said_is_shown(said: str) -> None:
    texts = " ".join(text for _, _, text in subtitles(awkward(said)))
    assert all(word in texts for word in shown(said).split())


READ = """
const { fromXML } = require("imsc/src/main/js/doc.js");
const { generateISD } = require("imsc/src/main/js/isd.js");
const said = [];
const told = (message) => { said.push(message); };
const handler = { info: told, warn: told, error: told, fatal: told };
const text = (element) =>
  element.kind === "span" && "text" in element ? element.text : (element.contents ?? []).map(text).join("");
const documents = JSON.parse(require("fs").readFileSync(0, "utf8"));
const read = documents.map((source) => {
  const document = fromXML(source, handler);
  const screen = (at) => generateISD(document, at, handler).contents.map(text).join();
  return document.getMediaTimeEvents().map((at) => [at, screen(at)]);
});
console.log(JSON.stringify({ said, read }));
"""


def test_a_player_shows_each_subtitle_at_its_time_and_complains_of_nothing() -> None:
    documents = [meeting(), silent(), *map(awkward, AWKWARD.values())]
    sources = [ebu_tt_d.render(exported).decode() for exported in documents]
    answer: dict[str, Any] = json.loads(node("-e", READ, stdin=json.dumps(sources)))
    assert answer["said"] == []
    screens = answer["read"][0]
    assert screens == [
        [0, "Anna Lindqvist: Bonjour à tous."],
        [0.9, "Anna Lindqvist: Le budget est adopté."],
        [2.1, "Vraiment ?"],
        [2.7, "Bérénice d’Arc: J’envoie le tableau vendredi."],
        [3.9, ""],
    ]


def test_a_document_declares_its_encoding() -> None:
    assert io.BytesIO(ebu_tt_d.render(meeting())).readline() == b'<?xml version="1.0" encoding="UTF-8"?>\n'
