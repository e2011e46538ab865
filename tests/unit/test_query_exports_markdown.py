"""Markdown, as a CommonMark parser reads it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from minutier.query.exports import markdown
from minutier.query.exports.domain import Exported
from tests.support.exports import AWKWARD, awkward, exports, meeting, shown, silent


def blocks(exported: Exported, parser: str = "commonmark") -> list[tuple[str, str]]:
    """(what kind of block, the text that it shows) of each block that has a text."""
    tokens = MarkdownIt(parser).parse(markdown.render(exported).decode())
    return [
        (tokens[place - 1].type.removesuffix("_open"), text_of(token))
        for place, token in enumerate(tokens)
        if token.type == "inline"
    ]


def text_of(token: Token) -> str:
    children = token.children or []
    assert {child.type for child in children} <= {
        "text",
        "strong_open",
        "strong_close",
        "em_open",
        "em_close",
    }
    return "".join(child.content for child in children)


def test_a_meeting_reads_as_a_document() -> None:
    assert blocks(meeting()) == [
        ("heading", "Conseil d’administration"),
        ("paragraph", "Date : samedi 31 janvier 2026, 09:30 UTC"),
        ("paragraph", "Durée : 0:00:03"),
        ("paragraph", "Ont pris la parole : Anna Lindqvist, Bérénice d’Arc"),
        ("paragraph", "Couverture : 100 % de la parole entendue est transcrite"),
        ("paragraph", "Rédigé par une machine : les temps mènent à ce qui a été dit."),
        ("heading", "Résumé"),
        ("paragraph", "Le budget est adopté. (0:00:00–0:00:02, 0:00:02)"),
        ("heading", "Sujets"),
        ("paragraph", "Budget : On parle du budget. (0:00:00)"),
        ("heading", "Décisions"),
        ("paragraph", "Le budget est adopté. (0:00:00)"),
        ("heading", "Actions"),
        ("paragraph", "Bérénice d’Arc : J’envoie le tableau vendredi. (échéance : vendredi, 0:00:02)"),
        ("heading", "Questions ouvertes"),
        ("paragraph", "Vraiment ? (0:00:02)"),
        ("heading", "Transcription"),
        ("paragraph", "Anna Lindqvist (0:00:00) : Bonjour à tous."),
        ("paragraph", "(0:00:00) Le budget est adopté."),
        (
            "paragraph",
            "Inconnu (0:00:02) : Vraiment ? (à vérifier : mots incertains, peut-être pas de parole)",
        ),
        ("paragraph", "Bérénice d’Arc (0:00:02) : J’envoie le tableau vendredi."),
    ]


def test_nothing_said_is_said() -> None:
    assert blocks(silent()) == [
        ("heading", "Meeting"),
        ("paragraph", "Duration: 0:00:00"),
        ("paragraph", "Coverage: 100 % of the speech that was heard has words"),
        ("heading", "Transcript"),
        ("paragraph", "Nothing was said in this recording."),
    ]


@pytest.mark.parametrize("said", AWKWARD.values(), ids=AWKWARD)
def test_what_was_said_is_no_markup(said: str) -> None:
    read = blocks(awkward(said))
    assert len(read) == len(blocks(awkward("plain"))) - (0 if shown(said) else 2)
    assert ("heading", shown(said) or "Meeting") in read
    if shown(said):
        assert ("paragraph", f"{shown(said)} (0:00:00): {shown(said)}") in read


@given(st.text(st.sampled_from("*_`[]()<>&#+-=.1)!|~\\:/@$ wh\n"), min_size=1))
@settings(deadline=None)
def test_no_text_is_markup_wherever_it_stands(said: str) -> None:
    text = shown(said)
    inlines = [t for t in MarkdownIt("commonmark").parse(markdown.inert(text)) if t.type == "inline"]
    assert "".join(map(text_of, inlines)) == text
    item = MarkdownIt("commonmark").parse(f"- {markdown.inert(text)}")
    assert [token.type for token in item if token.type.endswith("list_open")] == ["bullet_list_open"]


@given(exports())
@settings(max_examples=25, deadline=None)
def test_every_segment_is_a_paragraph(exported: Exported) -> None:
    said = [text for text in (shown(segment.text) for segment in exported.transcript.segments) if text]
    read = blocks(exported)
    paragraphs = [text for kind, text in read if kind == "paragraph"]
    for text in said:
        assert any(text in paragraph for paragraph in paragraphs)
    after = [text for _, text in read[-len(said) :]] if said else []
    assert all(re.search(r"\(\d+:\d\d:\d\d\)", text) for text in after)
