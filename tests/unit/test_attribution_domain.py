from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from minutier.attribution.domain import display_names, speakers_of
from minutier.attribution.sentences import ends_sentence, passages


@dataclass(frozen=True)
class Word:
    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Turn:
    start: float
    end: float
    speaker: str


def spoken(text: str, start: float = 0.0, seconds: float = 0.25) -> list[Word]:
    return [
        Word(start + index * seconds, start + (index + 1) * seconds, f" {word}")
        for index, word in enumerate(text.split())
    ]


def attributed(words: list[Word], *turns: Turn) -> list[str | None]:
    return speakers_of(words, turns, turns)


def test_each_word_goes_to_the_turn_that_covers_it() -> None:
    words = spoken("Are you there?") + spoken("Yes, I am.", start=1.0)
    assert attributed(words, Turn(0, 0.8, "a"), Turn(0.9, 2, "b")) == ["a"] * 3 + ["b"] * 3


def test_a_lone_word_beyond_the_edge_belongs_to_the_sentence_it_completes() -> None:
    words = spoken("We are in Jersey now. And what of you?")
    assert attributed(words, Turn(0, 1.05, "a"), Turn(1.05, 3, "b")) == ["a"] * 5 + ["b"] * 4


def test_a_lone_word_stays_with_its_speaker_where_the_evidence_is_clear() -> None:
    words = [*spoken("I think that"), Word(1.4, 1.7, " right"), *spoken("we can go.", start=2.2)]
    turns = (Turn(0, 0.8, "a"), Turn(1.35, 1.75, "b"), Turn(2.15, 3, "a"))
    assert attributed(words, *turns) == ["a"] * 3 + ["b"] + ["a"] * 3


def test_a_word_far_from_every_turn_is_unknown() -> None:
    words = [*spoken("Hello there."), Word(5.0, 5.3, " Ghost.")]
    assert attributed(words, Turn(0, 0.6, "a")) == ["a", "a", None]
    assert attributed(words) == [None] * 3


def test_a_word_without_length_is_weighed_by_its_moment() -> None:
    assert attributed([Word(1.0, 1.0, " Hm")], Turn(0.5, 1.5, "a"), Turn(1.4, 2, "b")) == ["a"]


def test_where_turns_overlap_the_loudest_is_written_down() -> None:
    turns = [Turn(0, 2, "a"), Turn(0.5, 1.5, "b")]
    assert speakers_of(spoken("Listen.", 0.8), turns, [Turn(0, 2, "a")]) == ["a"]
    assert speakers_of(spoken("Listen.", 0.8), turns, [Turn(0.5, 1.5, "b")]) == ["b"]


moments = st.integers(0, 400).map(lambda tenths: tenths / 10)
lengths = st.integers(0, 30).map(lambda tenths: tenths / 10)
words_of_any_kind = st.lists(
    st.tuples(moments, lengths, st.sampled_from([" so", " yes.", " What?", "", " Dr.", " well,"])),
    max_size=40,
).map(lambda rows: [Word(start, start + length, text) for start, length, text in sorted(rows)])
turns_of_any_kind = st.lists(
    st.tuples(moments, lengths, st.sampled_from("abc")).map(lambda t: Turn(t[0], t[0] + t[1], t[2])),
    max_size=12,
)


@given(words_of_any_kind, turns_of_any_kind, turns_of_any_kind)
def test_every_word_has_a_speaker_of_the_turns_or_none(
    words: list[Word], turns: list[Turn], exclusive: list[Turn]
) -> None:
    result = speakers_of(words, turns, exclusive)
    assert len(result) == len(words)
    for word, speaker in zip(words, result, strict=True):
        near = {
            turn.speaker
            for turn in turns + exclusive
            if turn.start <= word.end + 0.6 and turn.end >= word.start - 0.6
        }
        assert speaker is None or speaker in near


@given(words_of_any_kind)
def test_passages_partition_the_words(words: list[Word]) -> None:
    assert [index for passage in passages(words) for index in passage] == list(range(len(words)))
    assert all(passages(words))


def test_a_monologue_is_cut_at_sentences_and_a_short_answer_is_not() -> None:
    sentence = "This is one sentence of eight words here."
    cut = [len(passage) for passage in passages(spoken(" ".join([sentence] * 20)))]
    assert all(length % 8 == 0 for length in cut)
    assert max(cut) <= 40
    assert len(list(passages(spoken("Yes. I think so.")))) == 1


def test_words_without_punctuation_are_still_cut() -> None:
    assert max(len(passage) for passage in passages(spoken("word " * 500))) <= 80


def test_a_long_pause_ends_a_passage() -> None:
    words = spoken("well then") + spoken("as I said", start=9.0)
    assert [len(passage) for passage in passages(words)] == [2, 3]


def test_full_stops_that_end_no_sentence() -> None:
    assert ends_sentence(" there.", " Then")
    assert ends_sentence(" there?", " then")
    assert ends_sentence("。", None)
    assert ends_sentence(" end.", None)
    assert not ends_sentence(" Dr.", " Who")
    assert not ends_sentence(" J.", " Smith")
    assert not ends_sentence(" 3.", " point")
    assert not ends_sentence(" there", " Then")


def test_same_names_stay_apart() -> None:
    assert display_names(["Anna", "Bo", "Anna", "Anna"]) == ["Anna", "Bo", "Anna (2)", "Anna (3)"]
    assert display_names(["Anna", "Anna", "Anna (2)"]) == ["Anna", "Anna (3)", "Anna (2)"]


@given(st.lists(st.sampled_from(["Anna", "anna", "Anna (2)", "Bo"])))
def test_names_are_told_apart_whatever_they_are(names: list[str]) -> None:
    labels = display_names(names)
    assert len({label.casefold() for label in labels}) == len(names)
    assert all(label.startswith(name) for label, name in zip(labels, names, strict=True))
