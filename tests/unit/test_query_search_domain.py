"""What somebody looks for."""

import re
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.query.folding import fold
from minutier.query.search.domain import BadQuestion, Question, Where, parse
from minutier.query.search.lexemes import Stem, ask, stem, whole

PIECES = (
    *(
        '"',
        "'",
        "speaker:",
        "titre:",
        "avant:",
        "after:2024-02",
        "*",
        "a",
        "budget",
        "la",
        "!",
        "&",
        "|",
        "<->",
    ),
    *(":*", "(", ")", "\\", "--", ";drop table", "l'eau", "«", "»", "\0", "é", "予算", ":A"),
)
QUESTIONS = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(PIECES),
        max_size=12,
    ).map(" ".join),
)


def told(question: Question) -> list[tuple[str, ...]]:
    """The words of each term, behind where it is looked for, with marks for prefixes and quotes."""
    return [
        (
            term.where.value,
            *(word.folded for word in term.words),
            *(["*"] if term.prefix else []),
            *(['"'] if term.quoted else []),
        )
        for term in question.terms
    ]


def day(year: int, month: int = 1, day: int = 1) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Budget général", [("anywhere", "budget"), ("anywhere", "general")]),
        ('"de la commune"', [("anywhere", "de", "la", "commune", '"')]),
        ("« de la commune »", [("anywhere", "de", "la", "commune", '"')]),
        ('"left open', [("anywhere", "left", "open", '"')]),
        ("l'eau", [("anywhere", "l", "eau")]),
        ("budg*", [("anywhere", "budg", "*")]),
        ('speaker:"Anne Martin" eau', [("speaker", "anne", "martin", '"'), ("anywhere", "eau")]),
        ("locuteur: Zoé titre:comité TITLE:x", [("speaker", "zoe"), ("title", "comite"), ("title", "x")]),
        ("budget budget", [("anywhere", "budget")]),
        (
            "https://example.org/a 10:30",
            [("anywhere", "https", "example", "org", "a"), ("anywhere", "10", "30")],
        ),
        ("!! budget -- &", [("anywhere", "budget")]),
    ],
)
def test_words_phrases_and_fields(text: str, terms: list[tuple[str, ...]]) -> None:
    assert told(parse(text)) == terms


@pytest.mark.parametrize(
    ("text", "since", "before"),
    [
        ("x after:2024 before:2025", day(2024), day(2025)),
        ("x après:2024-02 avant:2024-02-29", day(2024, 2), day(2024, 2, 29)),
        ("x after: 2024-3-5", day(2024, 3, 5), None),
        ("x after:2024 after:2023 before:2030 before:2029", day(2024), day(2029)),
    ],
)
def test_a_date_is_the_moment_at_which_it_begins(
    text: str, since: datetime | None, before: datetime | None
) -> None:
    question = parse(text)
    assert (question.since, question.before) == (since, before)
    assert told(question) == [("anywhere", "x")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x before:2024-02-30", "before:"),
        ("x after:yesterday", "after:"),
        ("x after:0000", "after:"),
        ("", "one word"),
        ("after:2024", "one word"),
        ("speaker:!", "one word"),
        ("b*", "2 letters"),
        ("bud\0get", "NUL"),
        ("x " * 151, "300 characters"),
        (" ".join(f"w{n}" for n in range(33)), "32 words"),
    ],
)
def test_what_cannot_be_answered_is_told(text: str, says: str) -> None:
    with pytest.raises(BadQuestion, match=re.escape(says)):
        parse(text)


@given(QUESTIONS)
def test_nothing_somebody_types_is_an_error_but_what_is_told(text: str) -> None:
    with suppress(BadQuestion):
        assert parse(text).terms


def stems_of(question: Question, stops: set[str]) -> dict[str, Stem]:
    return {
        word.written: stem(
            word.folded, [] if word.folded in stops else [fold(word.written)[:4]], stop=word.folded in stops
        )
        for term in question.terms
        for word in term.words
    }


@given(QUESTIONS)
def test_no_syntax_of_a_question_reaches_the_database(text: str) -> None:
    with suppress(BadQuestion):
        question = parse(text)
        asked = ask(question, "fr", stems_of(question, {"la", "a", "l"}))
        for query in (asked.whole, asked.ranked, *asked.terms, whole("acme", [asked])):
            assert re.fullmatch(r"(?:'[^'\\:]+(?::[^'\\:]+)?'(?::\*)?|<->|[()&| ])+", query)


STOPS = {"le", "l", "la", "de", "d"}


@pytest.mark.parametrize(
    ("text", "wanted", "terms"),
    [
        ("budget", "'budg'", ["'budg'"]),
        ("le budget", "'budg'", ["'budg'"]),
        ("l'eau", "'eau'", ["'eau'"]),
        ("le", "'le'", ["'le'"]),
        ("le la", "'le' & 'la'", ["'le'", "'la'"]),
        ('"la fin de"', "'fin'", ["('la' <-> 'fin' <-> 'de')"]),
        ('"de la" fin', "'fin'", ["('de' <-> 'la')", "'fin'"]),
        ("budgétaire*", "'budgetaire':*", ["'budgetaire':*"]),
        ("titre:budget", "'title:budg'", ["'title:budg'"]),
        (
            'speaker:"Anne Martin" budget',
            "'speaker:anne' & 'speaker:martin' & 'budg'",
            ["('speaker:anne' & 'speaker:martin')", "('budg' & ('speaker:anne' & 'speaker:martin'))"],
        ),
        (
            "speaker:anne speaker:zoé le",
            "'speaker:anne' & 'speaker:zoe'",
            ["'speaker:anne'", "'speaker:zoe'", "('le' & ('speaker:anne' | 'speaker:zoe'))"],
        ),
    ],
)
def test_what_the_index_is_asked(text: str, wanted: str, terms: list[str]) -> None:
    question = parse(text)
    asked = ask(question, "fr", stems_of(question, STOPS))
    assert asked.whole == wanted
    assert list(asked.terms) == terms


def test_each_language_is_asked_in_its_own_words() -> None:
    question = parse("eaux")
    asked = [
        ask(question, language, {"eaux": stem("eaux", [one])})
        for language, one in (("en", "eaux"), ("fr", "eau"))
    ]
    assert whole("acme", asked) == ("'tenant:acme' & (('language:en' & 'eaux') | ('language:fr' & 'eau'))")
    assert whole("acme", asked[:1]) == "'tenant:acme' & 'eaux'"


def test_where_a_term_is_looked_for_is_kept() -> None:
    assert {term.where for term in parse("a b: speaker:c title:d").terms} == set(Where)
