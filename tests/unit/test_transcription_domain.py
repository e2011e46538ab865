"""What is believed of what was recognised."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.schemas.documents import Doubt
from minutier.transcription.domain import (
    Passage,
    Segment,
    Word,
    coverage,
    segments,
    settled,
    without_loops,
    worth_another_attempt,
)
from minutier.transcription.speech import Span

SURE = {"log_probability": -0.2, "no_speech": 0.1, "compression": 1.2}


def words(text: str, *, start: float = 0.0, each: float = 0.3, probability: float = 0.9) -> tuple[Word, ...]:
    return tuple(
        Word(start + index * each, start + (index + 1) * each, f" {word}", probability)
        for index, word in enumerate(text.split())
    )


def passage(text: str, *, start: float = 0.0, probability: float = 0.9, **judged: float) -> Passage:
    return Passage(words(text, start=start, probability=probability), **{**SURE, **judged})


def texts(found: Sequence[Segment]) -> list[str]:
    return [segment.text for segment in found]


def test_segments_are_sentences_and_what_is_between_pauses() -> None:
    passages = [passage("We ship it. Good"), passage("then we rest", start=5.0)]
    found, removed = segments(passages, [(0.0, 7.0)], duration=10.0)
    assert texts(found) == ["We ship it.", "Good", "then we rest"]
    assert removed == 0
    assert all(not segment.doubts for segment in found)


def test_a_silent_passage_yields_no_words() -> None:
    found, _ = segments(
        [passage("Thank you.", no_speech=0.9, log_probability=-1.5)], [(0.0, 1.0)], duration=2.0
    )
    assert found == []


def test_a_phrase_made_up_over_a_cough_is_dropped() -> None:
    ghost = passage("Sous-titres réalisés par la communauté d'Amara.org", probability=0.8)
    assert segments([ghost], [(0.9, 1.05)], duration=2.0) == ([], 0)
    # The same words over speech that is long enough for them stay.
    found, _ = segments([ghost], [(0.0, 2.0)], duration=2.0)
    assert len(found) == 1


def test_an_improbable_phrase_beside_speech_is_dropped() -> None:
    ghost = passage("Thank you.", probability=0.3, no_speech=0.9)
    assert segments([ghost], [(0.5, 0.7)], duration=1.0)[0] == []


@pytest.mark.parametrize(
    ("judged", "doubt"),
    [
        ({"probability": 0.3}, Doubt.LOW_PROBABILITY),
        ({"log_probability": -1.2}, Doubt.LOW_PROBABILITY),
        ({"probability": 0.3, "no_speech": 0.8}, Doubt.NO_SPEECH),
        ({"compression": 2.6}, Doubt.REPETITION),
        ({"temperature": 0.4}, Doubt.FALLBACK),
    ],
)
def test_what_is_doubtful_is_marked_and_kept(judged: dict[str, float], doubt: Doubt) -> None:
    (segment,), _ = segments([passage("We ship it today.", **judged)], [(0.0, 2.0)], duration=2.0)
    assert doubt in segment.doubts


def test_a_loop_is_cut_to_two_rounds_and_marked() -> None:
    looping = passage("So it is. " + "and then we go " * 9)
    found, removed = segments([looping], [(0.0, 20.0)], duration=20.0)
    assert texts(found) == ["So it is.", "and then we go and then we go"]
    assert removed == 1
    assert found[0].doubts == ()
    assert found[1].doubts == (Doubt.REPETITION,)


def test_the_same_sentence_window_after_window_is_a_loop() -> None:
    passages = [passage("Thank you for watching.", start=10.0 * turn) for turn in range(6)]
    found, removed = segments(passages, [(0.0, 60.0)], duration=60.0)
    assert len(found) == 2
    assert removed == 1


@pytest.mark.parametrize("text", ["no no no no", "we go we go we go", "yes yes yes yes yes"])
def test_what_people_do_repeat_stays(text: str) -> None:
    kept, looping = without_loops(words(text))
    assert len(kept) == len(text.split())
    assert looping == {}


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=60))
def test_cutting_loops_keeps_order_and_leaves_none(text: list[str]) -> None:
    said = words(" ".join(text))
    kept, looping = without_loops(said)
    assert kept == sorted(set(kept))
    assert set(looping) <= set(kept)
    assert looping or len(kept) == len(said)
    for position in range(len(kept) - 5):
        run = {said[index].text for index in kept[position : position + 6]}
        consecutive = kept[position + 5] - kept[position] == 5
        assert len(run) > 1 or not consecutive


def test_a_word_stretched_over_a_pause_is_cut_back_to_its_speech() -> None:
    speech = [(0.0, 1.0), (5.0, 6.0)]
    first, second = settled([Word(0.5, 1.9, " end.", 0.9), Word(2.0, 5.4, " So", 0.9)], speech, duration=8.0)
    assert (first.start, first.end) == (0.5, 1.25)
    assert (second.start, second.end) == (4.75, 5.4)


times = st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 50)


@given(
    st.lists(st.tuples(times, times, times), max_size=20),
    st.lists(st.floats(0, 40), max_size=10, unique=True).map(sorted),
    st.floats(0, 30),
)
def test_times_are_finite_in_order_and_in_the_recording(
    raw: list[tuple[float, float, float]], edges: list[float], duration: float
) -> None:
    speech: list[Span] = list(zip(edges[::2], edges[1::2], strict=False))
    found = settled([Word(start, end, " a", p) for start, end, p in raw], speech, duration=duration)
    assert len(found) == len(raw)
    reached = 0.0
    for word in found:
        assert math.isfinite(word.start)
        assert reached <= word.start <= word.end <= duration
        assert 0 <= word.probability <= 1
        reached = word.end


def test_coverage_names_the_speech_without_words() -> None:
    said = [Segment(words("one two three four five", start=1.0, each=0.4))]
    found = coverage(said, [(1.0, 3.0), (5.0, 9.0)])
    assert found.speech_seconds == 6.0
    assert found.transcribed_seconds == pytest.approx(2.0)
    assert found.gaps == ((5.0, 9.0),)


@given(
    st.lists(st.floats(0, 40), max_size=10, unique=True).map(sorted),
    st.lists(st.floats(0, 40), max_size=10, unique=True).map(sorted),
)
def test_coverage_never_exceeds_the_speech(edges: list[float], spoken: list[float]) -> None:
    speech = list(zip(edges[::2], edges[1::2], strict=False))
    said = [Segment((Word(a, b, " a", 1.0),)) for a, b in zip(spoken[::2], spoken[1::2], strict=False)]
    found = coverage(said, speech)
    gaps = sum(end - start for start, end in found.gaps)
    assert 0 <= found.transcribed_seconds <= found.speech_seconds
    assert found.transcribed_seconds + gaps <= found.speech_seconds + 1e-6


def test_whispers_thresholds_ask_for_another_attempt_but_not_at_silence() -> None:
    assert worth_another_attempt(-1.1, 0.1, 1.0)
    assert worth_another_attempt(-0.1, 0.1, 2.5)
    assert not worth_another_attempt(-1.1, 0.9, 1.0)
    assert not worth_another_attempt(-0.9, 0.9, 2.3)
