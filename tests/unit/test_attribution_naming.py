"""Names from when a server noticed whom: what is certain is named, and nothing else."""

import random
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minutier.attribution.naming import PRIOR_SECONDS, THRESHOLD, name_voices
from tests.support.meetings import Stretch, Stretches, noticed, talk, told_apart


def named(turns: Mapping[str, Sequence[Stretch]], marks: Stretches, seconds: float) -> dict[str, str]:
    return {voice: name.participant for voice, name in name_voices(turns, marks, seconds).names.items()}


def owners(turns: Stretches) -> dict[str, str]:
    """What `told_apart` calls each participant's voice."""
    return {f"voice-{participant}": participant for participant in turns}


def meeting(people: int = 4, seconds: float = 600.0, seed: int = 1) -> tuple[Stretches, Stretches]:
    """Who talks when, and their voices."""
    rng = np.random.default_rng(seed)
    turns = talk(people, seconds, rng)
    return turns, told_apart(turns, rng)


@pytest.mark.parametrize("behind", [0.0, 7.3, -31.0, 110.0])
def test_voices_are_named_whatever_the_servers_clock_says(behind: float) -> None:
    turns, voices = meeting()
    found = name_voices(voices, noticed(turns, np.random.default_rng(2), behind=behind), 600.0)
    assert {voice: name.participant for voice, name in found.names.items()} == owners(turns)
    # Marks begin 0.3 s late and linger for 1.25 s: their middle is 0.8 s behind that of the turns.
    assert found.shift == pytest.approx(behind - 0.5, abs=0.6)


def test_marks_that_come_late_and_linger_for_seconds_still_name() -> None:
    turns, voices = meeting()
    marks = noticed(turns, np.random.default_rng(2), late=(0.3, 1.0), lingering=(1.0, 3.0), missed=0.1)
    assert named(voices, marks, 600.0) == owners(turns)


def test_a_clock_that_is_further_off_than_any_names_nobody() -> None:
    turns, voices = meeting()
    assert named(voices, noticed(turns, np.random.default_rng(2), behind=400.0), 600.0) == {}


def test_the_marks_of_another_meeting_name_nobody() -> None:
    _, voices = meeting(seed=1)
    others, _ = meeting(seed=2)
    assert named(voices, noticed(others, np.random.default_rng(2)), 600.0) == {}


def test_a_second_of_speech_names_nobody_and_ten_do() -> None:
    for seconds, expected in ((1.0, {}), (10.0, {"v": "anna"})):
        turn = [Stretch(20, 20 + seconds)]
        assert named({"v": turn}, {"anna": turn}, 60.0) == expected


def test_participants_who_are_noticed_at_the_same_times_are_not_told_apart() -> None:
    turns, voices = meeting()
    marks = noticed(turns, np.random.default_rng(2))
    marks["p9"] = marks["p1"]
    assert named(voices, marks, 600.0) == {
        voice: participant for voice, participant in owners(turns).items() if participant != "p1"
    }


def test_one_who_is_noticed_all_the_time_is_nobody_in_particular() -> None:
    _, voices = meeting()
    with_silences = {voice: [turn for turn in own if turn.start % 60 < 40] for voice, own in voices.items()}
    assert named(with_silences, {"p1": [Stretch(-60, 700)]}, 600.0) == {}


def test_a_voice_that_nobody_is_noticed_with_has_no_name() -> None:
    turns, voices = meeting()
    marks = noticed(turns, np.random.default_rng(2))
    del marks["p2"]
    assert named(voices, marks, 600.0) == {
        voice: participant for voice, participant in owners(turns).items() if participant != "p2"
    }


def test_several_voices_may_be_behind_one_participant() -> None:
    turns, voices = meeting()
    behind_one = {"room": turns["p1"] + turns["p2"] + turns["p3"], "p4": turns["p4"]}
    marks = noticed(behind_one, np.random.default_rng(2))
    assert named(voices, marks, 600.0) == {
        "voice-p1": "room",
        "voice-p2": "room",
        "voice-p3": "room",
        "voice-p4": "p4",
    }


@pytest.mark.parametrize(("share", "expected"), [(0.6, {"v": "anna"}), (0.53, {})])
def test_a_voice_that_two_may_be_is_named_if_one_is_clearly_more_likely(
    share: float, expected: dict[str, str]
) -> None:
    turns = talk(1, 600.0, np.random.default_rng(1))["p1"]
    turns = [turn for turn in turns if turn.start % 60 < 30]
    total = sum(turn.end - turn.start for turn in turns)
    marks: Stretches = {"anna": [], "bo": []}
    for turn in turns:
        middle = turn.start + share * (turn.end - turn.start)
        marks["anna"].append(Stretch(turn.start, middle))
        marks["bo"].append(Stretch(middle, turn.end))
    support = share * total / (total + PRIOR_SECONDS)
    assert THRESHOLD < support < 0.6
    assert named({"v": turns}, marks, 600.0) == expected


def test_few_turns_do_not_move_the_clock() -> None:
    found = name_voices({"v": [Stretch(10, 16)]}, {"anna": [Stretch(60, 66)]}, 120.0)
    assert (found.names, found.shift) == ({}, 0.0)


def test_a_name_that_another_clock_would_give_to_someone_else_is_not_given() -> None:
    """Anna and Bo take turns like a metronome: a turn later everything fits as well."""
    anna = [Stretch(start, start + 10) for start in range(0, 120, 20)]
    bo = [Stretch(start + 10, start + 20) for start in range(0, 120, 20)]
    assert named({"v": anna, "w": bo}, {"anna": anna, "bo": bo}, 120.0) == {}


def test_somebody_who_talks_alone_is_named_at_any_clock() -> None:
    assert named({"v": [Stretch(0, 119)]}, {"anna": [Stretch(3, 121)]}, 120.0) == {"v": "anna"}


@pytest.mark.parametrize("nothing", [({}, {"p1": [Stretch(0, 9)]}), ({"v": [Stretch(0, 9)]}, {}), ({}, {})])
def test_without_voices_or_marks_there_are_no_names(nothing: tuple[Stretches, Stretches]) -> None:
    assert named(*nothing, 10.0) == {}
    assert named(*nothing, 0.0) == {}


SECONDS = 320.0
MARKS = st.builds(
    lambda start, length: Stretch(start / 10, (start + length) / 10),
    st.integers(-300, 3500),
    st.integers(0, 200),
)


@st.composite
def meetings(draw: st.DrawFn) -> tuple[Stretches, Stretches]:
    """Voices, one at a time, and marks, on a grid of tenths of a second.

    Some marks have to do with the turns, and some have not.
    """
    turns: Stretches = {}
    participants = draw(st.sets(st.sampled_from(["p1", "p2", "p3", "p4"])))
    marks: Stretches = {who: draw(st.lists(MARKS, max_size=4)) for who in sorted(participants)}
    end = 0
    for _ in range(draw(st.integers(0, 16))):
        start = end + draw(st.integers(0, 50))
        end = start + draw(st.integers(1, 150))
        voice = draw(st.sampled_from(["a", "b", "c"]))
        turns.setdefault(voice, []).append(Stretch(start / 10, end / 10))
        who = draw(st.sampled_from([f"p{'abc'.index(voice) + 1}", "p4"]))
        if who in marks:
            marks[who].append(Stretch(start / 10, end / 10 + draw(st.integers(0, 20)) / 10))
    return turns, marks


def tenths(stretches: Sequence[Stretch], shift: float = 0.0) -> set[int]:
    return {
        tenth
        for each in stretches
        for tenth in range(round((each.start + shift) * 10), round((each.end + shift) * 10))
    }


def shared_with(turns: Sequence[Stretch], who: str, marks: Stretches, shift: float) -> float:
    """The share of ``turns`` that is somebody's, counted tenth by tenth."""
    talking = {participant: tenths(own, shift) for participant, own in marks.items()}
    spoken = tenths(turns)
    worth = sum(1 / sum(tenth in own for own in talking.values()) for tenth in spoken & talking[who])
    return worth / (len(spoken) + 10 * PRIOR_SECONDS)


@given(meetings())
@settings(max_examples=60)
def test_no_voice_has_a_name_with_less_support_than_the_threshold(drawn: tuple[Stretches, Stretches]) -> None:
    turns, marks = drawn
    found = name_voices(turns, marks, SECONDS)
    for voice, name in found.names.items():
        support = shared_with(turns[voice], name.participant, marks, found.shift)
        assert support >= THRESHOLD - 1e-6
        assert name.confidence == pytest.approx(support, abs=1e-3)


@given(meetings())
@settings(max_examples=60)
def test_no_two_participants_share_an_exclusive_turn(drawn: tuple[Stretches, Stretches]) -> None:
    turns, marks = drawn
    names = named(turns, marks, SECONDS)
    assert set(names) <= set(turns)
    said: dict[str, set[int]] = {}
    for voice, who in names.items():
        said.setdefault(who, set()).update(tenths(turns[voice]))
    assert sum(len(own) for own in said.values()) == len(set().union(*said.values()))


@given(meetings(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_names_do_not_depend_on_order_or_on_what_things_are_called(
    drawn: tuple[Stretches, Stretches], rng: random.Random
) -> None:
    turns, marks = drawn

    def renamed(items: Stretches) -> tuple[Stretches, dict[str, str]]:
        names = list(items)
        rng.shuffle(names)
        called = {name: f"z{number}" for number, name in enumerate(names)}
        order = list(items)
        rng.shuffle(order)
        return {called[name]: rng.sample(items[name], len(items[name])) for name in order}, called

    (other_turns, voices), (other_marks, participants) = renamed(turns), renamed(marks)
    expected = {voices[voice]: participants[who] for voice, who in named(turns, marks, SECONDS).items()}
    assert named(other_turns, other_marks, SECONDS) == expected


@given(st.integers(0, 1000), st.integers(2, 6), st.integers(-900, 900))
@settings(max_examples=25, deadline=None)
@example(603, 2, 7)
@example(9, 2, 7)
def test_a_shift_of_all_marks_is_found_and_changes_no_name(seed: int, people: int, tenths: int) -> None:
    turns, voices = meeting(people, 600.0, seed)
    marks = {
        who: [Stretch(round(each.start, 1), round(each.end, 1)) for each in own]
        for who, own in noticed(turns, np.random.default_rng(seed)).items()
    }
    shifted = {
        who: [Stretch(each.start - tenths / 10, each.end - tenths / 10) for each in own]
        for who, own in marks.items()
    }
    before, after = name_voices(voices, marks, 600.0), name_voices(voices, shifted, 600.0)
    assert before.names
    assert {voice: name.participant for voice, name in after.names.items()} == {
        voice: name.participant for voice, name in before.names.items()
    }
    for voice, name in after.names.items():
        assert name.confidence == pytest.approx(before.names[voice].confidence, abs=0.01)
    # To a step of the search: of two shifts that fit as well either may be found.
    assert after.shift - before.shift == pytest.approx(tenths / 10, abs=0.101)
