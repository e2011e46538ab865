"""Where speech is, and the windows in which it is recognised."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.transcription.speech import FRAME, FRAME_SECONDS, Probabilities, Window, speech, windows

LONGEST, SHORTEST = 29.0, 10.0


def frames(*runs: tuple[float, float]) -> Probabilities:
    """Probabilities by run: seconds, probability."""
    return np.concatenate(
        [np.full(round(seconds / FRAME_SECONDS), level, np.float32) for seconds, level in runs]
    )


probabilities = st.lists(
    st.tuples(st.floats(0.1, 40.0), st.sampled_from([0.0, 0.1, 0.4, 0.6, 1.0])), min_size=1, max_size=12
).map(lambda runs: frames(*runs))


def plan(found: Probabilities, *, parallel: int = 2) -> list[Window]:
    return windows(found, parallel=parallel, longest=LONGEST, shortest=SHORTEST)


def test_silence_has_no_speech_and_no_windows() -> None:
    found = frames((60, 0.1))
    assert speech(found) == []
    assert plan(found) == []
    assert plan(np.zeros(0, np.float32)) == []


def test_speech_lasts_through_a_short_pause_and_ends_in_a_longer_one() -> None:
    found = frames((1, 0), (2, 0.9), (0.2, 0), (2, 0.9), (0.5, 0), (1, 0.9))
    assert len(speech(found)) == 2
    (start, end), _ = speech(found)
    assert start == pytest.approx(1, abs=0.04)
    assert end == pytest.approx(5.2, abs=0.1)


def test_a_click_is_not_speech() -> None:
    assert speech(frames((1, 0), (0.06, 0.9), (1, 0))) == []


def test_a_long_silence_is_left_out_of_a_window() -> None:
    (window,) = plan(frames((3, 0.9), (20, 0), (3, 0.9)))
    assert len(window.pieces) == 2
    assert window.seconds < 8


def test_a_long_speech_is_cut_where_it_is_quietest() -> None:
    first, *_ = plan(frames((22, 0.9), (0.3, 0.4), (60, 0.9)), parallel=1)
    assert first.seconds == pytest.approx(22.15, abs=0.3)


def test_a_short_recording_is_shared_out_between_workers() -> None:
    both = plan(frames((12, 0.9), (0.3, 0.2), (11, 0.9)))
    assert [round(window.seconds) for window in both] == [12, 11]
    assert len(plan(frames((8, 0.9)), parallel=8)) == 1


@given(probabilities, st.integers(1, 4))
def test_windows_hold_all_speech_once_and_in_order(found: Probabilities, parallel: int) -> None:
    planned = plan(found, parallel=parallel)
    pieces = [piece for window in planned for piece in window.pieces]
    assert all(start < end for start, end in pieces)
    assert all(before[1] <= after[0] for before, after in pairwise(pieces))
    assert all(0 < window.seconds <= LONGEST + FRAME_SECONDS for window in planned)
    for start, end in speech(found):
        held = sum(max(0.0, min(end, b * FRAME_SECONDS) - max(start, a * FRAME_SECONDS)) for a, b in pieces)
        assert held == pytest.approx(end - start, abs=1e-6)


@given(probabilities)
def test_a_window_is_the_sound_of_its_pieces(found: Probabilities) -> None:
    samples = np.arange(found.size * FRAME, dtype=np.float32)
    for window in plan(found):
        heard = window.of(samples)
        assert heard.size / 16_000 == pytest.approx(window.seconds)
        # A time in the window is the same sound in the recording.
        for place in (0.1, 0.5, 0.9):
            at = place * window.seconds
            start, end = window.in_recording(at, at)
            assert start == end
            assert (
                abs(samples[min(samples.size - 1, round(start * 16_000))] - heard[int(at * 16_000)]) <= FRAME
            )


@given(probabilities, st.floats(0, 40), st.floats(0, 5))
def test_times_stay_within_one_piece(found: Probabilities, start: float, length: float) -> None:
    for window in plan(found):
        low, high = window.in_recording(start, start + length)
        assert low <= high
        assert any(a * FRAME_SECONDS <= low and high <= b * FRAME_SECONDS + 1e-9 for a, b in window.pieces)
