"""The rules by which local speakers become speakers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from minutier.diarization.domain import (
    SILENT,
    UNLABELLED,
    Turn,
    contains,
    in_order_of_appearance,
    loudest,
    spread_labels,
    talk,
)

MOMENTS = st.integers(0, 50).map(lambda tenths: tenths / 10)


@st.composite
def turns(draw: st.DrawFn) -> list[Turn]:
    spans = draw(st.lists(st.tuples(MOMENTS, MOMENTS, st.sampled_from("abc")), max_size=8))
    return [Turn(min(a, b), max(a, b), speaker) for a, b, speaker in spans]


def test_a_local_speaker_gets_the_label_of_whom_they_speak_in_time_with() -> None:
    active = np.zeros((2, 10, 2), np.bool_)
    active[0, 2:5, 0] = True
    active[0, 6:10, 1] = True
    # The second chunk begins four frames later, and has the two the other way round.
    active[1, 2:6, 0] = True
    active[1, 0:1, 1] = True
    labels = np.array([[0, 1], [UNLABELLED, UNLABELLED]])
    assert spread_labels(active, labels, [0, 4]).tolist() == [[0, 1], [1, 0]]


def test_who_speaks_with_nobody_known_stays_without_a_label() -> None:
    active = np.zeros((2, 4, 2), np.bool_)
    active[0, :2, 0] = True
    active[1, 2:, 0] = True
    labels = np.array([[0, SILENT], [UNLABELLED, SILENT]])
    assert spread_labels(active, labels, [0, 2]).tolist() == [[0, SILENT], [UNLABELLED, SILENT]]


def test_labels_that_are_known_are_kept() -> None:
    labels = np.array([[SILENT, UNLABELLED]])
    assert spread_labels(np.ones((1, 3, 2), np.bool_), labels, [0]).tolist() == labels.tolist()


@given(
    arrays.arrays(np.float32, (6, 4), elements=st.floats(0, 10, width=32)),
    arrays.arrays(np.int64, 6, elements=st.integers(0, 4)),
)
def test_as_many_speak_as_were_counted_and_they_are_the_most_active(
    activations: np.ndarray, count: np.ndarray
) -> None:
    chosen = loudest(activations, count)
    assert chosen.sum(axis=1).tolist() == count.tolist()
    for frame, row in zip(activations, chosen, strict=True):
        if row.any() and not row.all():
            assert frame[row].min() >= frame[~row].max()


@given(turns())
def test_talk_is_what_counting_moments_gives(spoken: list[Turn]) -> None:
    midpoints = [tenth / 10 + 0.05 for tenth in range(50)]
    at_once = [sum(turn.start <= moment < turn.end for turn in spoken) for moment in midpoints]
    counted = talk(spoken)
    assert counted.speech_seconds == pytest.approx(sum(n >= 1 for n in at_once) / 10)
    assert counted.overlap_seconds == pytest.approx(sum(n >= 2 for n in at_once) / 10)


def test_speakers_are_numbered_as_they_appear() -> None:
    spoken = [Turn(5, 6, "x"), Turn(1, 2, "z"), Turn(3, 4, "x"), Turn(1, 3, "y")]
    assert in_order_of_appearance(spoken, "speaker") == {"z": "speaker-1", "y": "speaker-2", "x": "speaker-3"}
    assert in_order_of_appearance(spoken[:2], "p4", after=1) == {"z": "p4-2", "x": "p4-3"}


@pytest.mark.parametrize(
    ("earlier", "known"),
    [
        pytest.param(range(100, 130), True, id="all of it"),
        pytest.param(range(93, 123), True, id="three quarters"),
        pytest.param(range(90, 120), False, id="two thirds"),
        pytest.param(range(140, 170), False, id="somebody else's"),
        pytest.param(range(100, 110), False, id="too little to know the voice by"),
    ],
)
def test_a_voice_is_known_by_sound_that_was_heard_before(earlier: range, known: bool) -> None:
    own = np.zeros(80, np.bool_)
    own[:40] = True
    assert contains(own, 100, np.array(earlier), enough=30) is known
