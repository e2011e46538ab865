"""The part of a passage that is shown."""

from hypothesis import given
from hypothesis import strategies as st

from minutier.query.folding import words
from minutier.query.search.domain import Where
from minutier.query.search.highlight import SNIPPET_CHARACTERS, Snippet, snippet
from minutier.query.search.lexemes import Choice, Sought

WORDS = ("budget", "cœur", "l’eau", "cafe\u0301", "ﬃ", "de", "la", "x" * 80, "½", "…", "\n", "予算")


def indexed(text: str) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, word in enumerate(words(text), 1):
        places.setdefault(word.folded, []).append(place)
    return places


def term(*lexemes: str, prefix: bool = False, where: Where = Where.ANYWHERE) -> Sought:
    return Sought(tuple(Choice((lexeme,), prefix) for lexeme in lexemes), where)


def found(text: str, *sought: Sought) -> str:
    """The snippet with its matches in brackets."""
    return marked(snippet(text, sought, indexed(text)))


def marked(shown: Snippet) -> str:
    return "".join(f"[{part.text}]" if part.match else part.text for part in shown.parts)


def test_words_are_marked_as_they_are_written() -> None:
    assert found("Le Cœur, ou café ?", term("coeur"), term("cafe")) == "Le [Cœur], ou [café] ?"


def test_of_a_phrase_only_what_is_in_a_row_is_marked() -> None:
    text = "la fin de la commune, de la fin"
    assert found(text, term("de", "la", "commune")) == "la fin [de] [la] [commune], de la fin"


def test_a_prefix_marks_the_whole_word() -> None:
    assert found("budgets et budgétaire", term("budg", prefix=True)) == "[budgets] et [budgétaire]"


def test_a_name_is_marked_in_any_order() -> None:
    assert found("Martin, Anne", term("anne", "martin", where=Where.SPEAKER)) == "[Martin], [Anne]"


def test_where_most_of_the_terms_are_is_shown() -> None:
    text = "budget " + "x " * 100 + "the water and the budget here " + "y " * 100 + "water"
    shown = snippet(text, [term("budget"), term("water")], indexed(text))
    assert "the [water] and the [budget] here" in marked(shown)
    assert text[shown.first :].startswith("water and the budget")


def test_without_a_match_the_beginning_is_shown() -> None:
    text = "word " * 100
    shown = snippet(text, [], {})
    assert (shown.start, shown.first) == (0, 0)
    assert marked(shown) == text[: shown.end]
    assert text[shown.end] == " "


def test_a_snippet_begins_and_ends_between_words() -> None:
    text = "abcdefghi " * 60 + "needle " + "klmnopqrs " * 60
    shown = snippet(text, [term("needle")], indexed(text))
    assert text[shown.start - 1] == text[shown.end] == " "
    assert shown.end - shown.start > SNIPPET_CHARACTERS - 20


@given(
    st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=12)), max_size=80).map(" ".join),
    st.lists(
        st.lists(
            st.sampled_from(["budget", "coeur", "eau", "cafe", "ffi", "de", "la"]), min_size=1, max_size=3
        )
    ),
    st.booleans(),
)
def test_the_parts_are_the_text(text: str, lexemes: list[list[str]], prefix: bool) -> None:
    sought = [term(*those, prefix=prefix) for those in lexemes]
    shown = snippet(text, sought, indexed(text))
    assert "".join(part.text for part in shown.parts) == text[shown.start : shown.end]
    assert shown.end - shown.start <= SNIPPET_CHARACTERS
    assert all(part.text for part in shown.parts)
    assert all(left.match != right.match for left, right in zip(shown.parts, shown.parts[1:], strict=False))
    assert shown.start <= shown.first <= shown.end
    taken = [choice for one in sought for choice in one.choices]
    for part in shown.parts:
        if part.match:
            assert all(any(choice.takes(word.folded) for choice in taken) for word in words(part.text))
