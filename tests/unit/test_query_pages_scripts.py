"""What the pages' scripts make of words, run by Node."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from minutier.query.access.door import REASON_NEEDED
from minutier.query.edits.asked import Refusal
from minutier.query.pages import look
from minutier.query.steering.domain import Hindrance
from minutier.schemas.records import Kind
from minutier.shared.pages.look import COMMON
from tests.support.node import node

STATIC = Path(look.__file__).parent / "static"
WORDS = STATIC / "words.js"
# Whisper writes a space before a word, and none before what belongs to the one before.
PIECES = st.lists(
    st.tuples(st.sampled_from(["", " "]), st.text("abé’😀", min_size=1, max_size=4)), min_size=1, max_size=12
)


def called(name: str, cases: list[list[Any]]) -> list[Any]:
    """What the function gives for each of the cases' arguments."""
    script = (
        f"import {{ {name} }} from {json.dumps(WORDS.as_uri())};\n"
        f"console.log(JSON.stringify({json.dumps(cases)}.map((each) => {name}(...each))));\n"
    )
    found: list[Any] = json.loads(node("--input-type=module", "-", stdin=script))
    return found


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def pieces(text: str) -> tuple[str, list[int]]:
    """A text, and the lengths of its words with the space before them."""
    words = [word if place == 0 else f" {word}" for place, word in enumerate(text.split(" "))]
    return text, [units(word) for word in words]


def test_only_what_was_changed_is_replaced() -> None:
    text, lengths = pieces("the quick brown fox jumps")
    cases = {
        "the quick brown fox jumps": None,
        " the  quick brown fox jumps ": None,
        "the quick red fox jumps": {"first": 2, "last": 2, "text": "red"},
        "the quick browne fox jumps": {"first": 2, "last": 2, "text": "browne"},
        "a quick brown fox jumps": {"first": 0, "last": 0, "text": "a"},
        "the quick brown fox jumped": {"first": 4, "last": 4, "text": "jumped"},
        "the quick fox jumps": {"first": 2, "last": 2, "text": ""},
        "a slow brown dog jumps": {"first": 0, "last": 3, "text": "a slow brown dog"},
        "": {"first": 0, "last": 4, "text": ""},
    }
    found = called("change", [[text, lengths, written] for written in cases])
    assert dict(zip(cases, found, strict=True)) == cases


def test_a_word_that_was_added_takes_one_beside_it_along() -> None:
    text, lengths = pieces("the quick fox")
    written = ["the very quick fox", "oh the quick fox", "the quick fox jumps", "the quick quick fox"]
    for case, changed in zip(
        written, called("change", [[text, lengths, each] for each in written]), strict=True
    ):
        words = text.split()
        assert [
            *words[: changed["first"]],
            *changed["text"].split(),
            *words[changed["last"] + 1 :],
        ] == case.split()
        assert changed["last"] - changed["first"] <= 1


@settings(max_examples=5, deadline=None)
@given(
    st.lists(
        st.tuples(PIECES, st.lists(st.text("abé’😀", min_size=1, max_size=5), max_size=12)),
        min_size=40,
        max_size=60,
    )
)
def test_replacing_the_words_gives_what_was_written(
    drawn: list[tuple[list[tuple[str, str]], list[str]]],
) -> None:
    """Whatever was there and whatever is written, and where words have no space between them."""
    cases = []
    for words, written in drawn:
        texts = [word if place == 0 else space + word for place, (space, word) in enumerate(words)]
        cases.append((texts, " ".join(written)))
    found = called("change", [["".join(texts), [*map(units, texts)], written] for texts, written in cases])
    for (texts, wanted), changed in zip(cases, found, strict=True):
        if changed is None:
            assert "".join(texts) == wanted
            continue
        first, last = changed["first"], changed["last"]
        before, behind = "".join(texts[:first]), "".join(texts[last + 1 :])
        assert " ".join(f"{before} {changed['text']} {behind}".split()) == wanted


def test_the_word_that_is_said_is_the_last_that_has_begun() -> None:
    assert called("spokenAt", [[[0, 20, 50], at] for at in (-1, 0, 19, 20, 49, 50, 999)]) == [
        -1,
        0,
        0,
        1,
        1,
        2,
        2,
    ]


def test_whatever_the_api_refuses_is_told_in_the_words_of_the_pages() -> None:
    script = (
        f"import {{ refusals }} from {json.dumps((STATIC / 'refusals.js').as_uri())};\n"
        "console.log(JSON.stringify(refusals((text) => text)));\n"
    )
    known = json.loads(node("--input-type=module", "-", stdin=script))
    destroyed = (f"{kind}_destroyed" for kind in (Kind.MEDIA, Kind.TRANSCRIPT, Kind.MINUTES))
    assert set(known["reasons"]) == {*Refusal, *Hindrance, *destroyed, REASON_NEEDED}
    assert {"404", "409", "412", "413", "422"} < set(known["statuses"])
    # What an answer says in English has no way into a page.
    assert ".detail" not in (COMMON / "static" / "api.js").read_text().replace("event.detail", "")


def test_scripts_are_modules_that_node_can_read() -> None:
    for script in sorted(Path(STATIC).glob("*.js")):
        node("--check", script)
