import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.summarisation.domain import Minutes
from minutier.summarisation.extractive import extract
from minutier.summarisation.topics import MOST_TOPICS, divide
from minutier.summarisation.words import Words, sentences
from tests.support.summarisation_fakes import meeting

MEETING = meeting(
    ("Anna", "The budget of the library was cut again. The library needs a new budget plan."),
    ("Bo", "We decided to keep the library open on Sundays. Who will tell the volunteers?"),
    ("Anna", "I will write to the volunteers by Friday."),
    (None, "I will call the mayor about it. Does that sound right to you?"),
)


def test_what_was_decided_promised_and_asked_is_found_and_cited() -> None:
    minutes = extract(MEETING)
    assert [(d.text, d.cites) for d in minutes.decisions] == [
        ("We decided to keep the library open on Sundays.", ("s2",))
    ]
    assert [(a.who, a.what, a.due, a.cites) for a in minutes.actions] == [
        ("Anna", "write to the volunteers by Friday", "by Friday", ("s3",)),
        (None, "call the mayor about it", None, ("s4",)),
    ]
    assert minutes.questions[0].text == "Who will tell the volunteers?"
    assert minutes.summary


def test_nothing_said_gives_nothing() -> None:
    assert extract(meeting()) == Minutes([], [], [], [], [])


def test_a_language_without_cues_has_a_summary_and_questions_but_guesses_nothing() -> None:
    minutes = extract(
        meeting(("Ana", "El presupuesto de la biblioteca es menor. ¿Quién llama al alcalde?"), language="es")
    )
    assert [claim.text for claim in minutes.summary] == ["El presupuesto de la biblioteca es menor."]
    assert [claim.text for claim in minutes.questions] == ["¿Quién llama al alcalde?"]
    assert not minutes.decisions
    assert not minutes.actions


def test_a_language_without_spaces_has_sentences() -> None:
    minutes = extract(meeting((None, "图书馆的预算减少了。谁给市长打电话？"), language="zh"))
    assert [claim.text for claim in minutes.summary] == ["图书馆的预算减少了。"]
    assert [claim.text for claim in minutes.questions] == ["谁给市长打电话？"]


def test_what_is_said_twice_stands_once() -> None:
    minutes = extract(meeting(*[("Bo", "We decided to paint the town hall.")] * 3))
    assert [claim.cites for claim in minutes.decisions] == [("s1",)]


def test_opposites_are_not_one() -> None:
    said = ("We decided to raise the fee.", "No, we decided not to raise the fee.")
    minutes = extract(meeting(*(("Bo", text) for text in said)))
    assert tuple(claim.text for claim in minutes.decisions) == said


def subjects(count: int, passages: int) -> list[tuple[str | None, str]]:
    """A meeting on one subject after the other, each with words of its own between common ones."""
    chance = random.Random(1)
    own = [[f"{word}{number}" for word in ("roof", "garden", "money", "paint")] for number in range(count)]
    common = ["people", "thought", "whole", "thing", "fine", "because", "really", "about", "never", "always"]
    return [
        (
            f"Speaker {n % 3}",
            " ".join(
                chance.choice(own[n * count // passages] if chance.random() < 0.3 else common)
                for _ in range(24)
            )
            + ".",
        )
        for n in range(passages)
    ]


def test_topics_change_where_the_words_do() -> None:
    long = meeting(*subjects(4, 160))
    parts = divide(long.passages, Words("en"))
    assert len(parts) == 4
    assert all(abs(part.start - n * 40) <= 2 for n, part in enumerate(parts))
    topics = extract(long).topics
    for number, (topic, part) in enumerate(zip(topics, parts, strict=True)):
        assert topic.title is not None
        assert all(term.endswith(str(number)) for term in topic.title.split(", "))
        assert int(topic.cites[0][1:]) - 1 in part


def test_a_short_meeting_is_not_divided() -> None:
    assert extract(MEETING).topics == []


def test_the_whole_of_a_three_hour_meeting_is_read() -> None:
    minutes = extract(meeting(*subjects(12, 1250)))
    assert 2 <= len(minutes.topics) <= MOST_TOPICS
    assert any(int(claim.cites[0][1:]) > 900 for claim in minutes.summary)


WORDS = st.sampled_from(["roof", "we decided", "I will call", "?", ".", "Dr.", "by Friday", "No", "ça", "…"])


@given(
    st.sampled_from(["en", "fr", "de", "nl", "es"]),
    st.lists(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=12).map(" ".join)), max_size=12),
)
def test_every_item_stands_in_the_passage_it_cites(language: str, texts: list[str]) -> None:
    said = meeting(*((None, text) for text in texts), language=language)
    passages = {passage.id: passage.text for passage in said.passages}
    for claim in extract(said).claims:
        (cited,) = claim.cites
        for part in (claim.text, claim.what, claim.due):
            assert part is None or part in passages[cited]


@given(st.lists(st.integers(0, 300), max_size=60), st.integers(0, 5))
def test_the_parts_are_the_whole_meeting(lengths: list[int], seed: int) -> None:
    chance = random.Random(seed)
    said = meeting(
        *(
            (None, " ".join(chance.choice(["roof", "garden", "money", "paint"]) for _ in range(n)))
            for n in lengths
        )
    )
    parts = divide(said.passages, Words("en"))
    assert [index for part in parts for index in part] == list(range(len(lengths)))
    assert len(parts) <= MOST_TOPICS


@pytest.mark.parametrize(
    ("text", "expected"), [("Ask Dr. Bell about it. Then go.", 2), ("It is z. b. here", 1)]
)
def test_an_abbreviation_ends_no_sentence(text: str, expected: int) -> None:
    assert len(list(sentences(text))) == expected
