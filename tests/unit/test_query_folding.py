"""Texts as they are compared."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.query import folding
from minutier.query.folding import fold, words

TEXTS = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]), st.sampled_from("éàçœßŒﬃ½ İıłØ\u0301\u0323\u00ad\u200d'’.-")
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Élysée", "elysee"),
        ("E\u0301lyse\u0301e", "elysee"),
        ("Œuvre", "oeuvre"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("İstanbul ırmak", "istanbul irmak"),
        ("ﬁn", "fin"),
        ("bud\u00adget", "budget"),
        ("bud\0get", "budget"),
        ("ΜΆΪΟΣ", "μαιοσ"),
    ],
)
def test_case_and_marks_do_not_count(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(TEXTS)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(TEXTS)
def test_a_word_folds_to_what_it_covers(text: str) -> None:
    ends = 0
    for word in words(text):
        assert ends <= word.end
        assert word.folded in fold(text[word.start : word.end])
        assert not set(word.folded) & set("'\\\":&|!<>()* \t\n\0")
        ends = word.end


@given(TEXTS)
def test_a_text_and_its_composed_form_have_the_same_words(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert [word.folded for word in words(text)] == [word.folded for word in words(composed)]


@given(TEXTS)
def test_other_case_is_the_same_word(text: str) -> None:
    assert fold(text.casefold()) == fold(text)


def test_a_word_covers_the_marks_on_its_letters() -> None:
    text = "un cafe\u0301, cœur"
    assert [text[word.start : word.end] for word in words(text)] == ["un", "cafe\u0301", "cœur"]
    assert [word.written for word in words(text)] == ["un", "café", "cœur"]


def test_what_is_written_together_is_several_words() -> None:
    assert [word.folded for word in words("l’École d'art, 10:30, a_b, e-mail")] == [
        *("l", "ecole", "d", "art", "10", "30", "a", "b", "e", "mail")
    ]


def test_scripts_without_spaces_have_a_word_a_character() -> None:
    assert [word.folded for word in words("予算 budget会議")] == ["予", "算", "budget", "会", "議"]


def test_no_word_is_longer_than_an_index_takes() -> None:
    assert {len(word.folded) for word in words("x" * 5000)} == {64}


def test_what_people_type_fills_no_memory() -> None:
    for code in range(0x4000, 0xD000):
        fold(chr(code))
    assert len(folding._LETTERS) <= 20_000
    assert fold("\U0001d538\u5150") == "a\u5150"
    apart, together = (words(f"{text} a") for text in ("\u1112\u1161\u11ab", "\ud55c"))
    assert [word.folded for word in apart] == [word.folded for word in together]
