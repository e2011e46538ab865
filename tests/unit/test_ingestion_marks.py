"""Where a meeting was not being recorded, and the segments that a recorder writes."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.ingestion.domain import Limits
from minutier.ingestion.media.av import normalise
from minutier.ingestion.media.mask import Mask
from minutier.ingestion.spans import Span
from minutier.schemas.rejections import RejectionReason
from minutier.shared.worker import ignore
from tests.support import media
from tests.support.media import Sound, frequency, level, onset, write

LIMITS = Limits(seconds=600.0, size=10**9)
MARKS = [(1.0, 2.5), (4.25, 60.0)]


def normalised(source: Path, recorded: list[Span] | None = None) -> media.Samples:
    target = source.with_name("audio.flac")
    outcome = normalise(source, target, LIMITS, recorded, report=ignore)
    assert not isinstance(outcome, RejectionReason)
    return media.read(target)


@given(
    st.lists(st.tuples(st.integers(-20, 120), st.integers(-20, 120)).map(lambda pair: (*sorted(pair),))),
    st.lists(st.integers(0, 100), max_size=6).map(lambda cuts: [0, *sorted(cuts), 100]),
)
def test_a_mask_keeps_what_lies_within_however_it_is_cut(spans: list[Span], cuts: list[int]) -> None:
    mask = Mask.keeping([(start / 10, end / 10) for start, end in spans], rate=10)
    samples = np.arange(1, 101, dtype=np.int16)[np.newaxis]
    pieces = [mask.over(samples[:, start:end], start) for start, end in pairwise(cuts)]
    expected = [
        number + 1 if any(start <= number < end for start, end in spans) else 0 for number in range(100)
    ]
    assert np.concatenate(pieces, axis=1)[0].tolist() == expected


@pytest.mark.parametrize("suffix", ["wav", "ogg", "mp4"])
def test_outside_the_marks_there_is_silence_of_the_same_length(tmp_path: Path, suffix: str) -> None:
    source = write(tmp_path / f"a.{suffix}", Sound(6.0))
    whole, masked = normalised(source), normalised(source, MARKS)
    assert len(masked) == len(whole)
    for start, end in ((0, 16_000), (40_000, 68_000)):
        assert not masked[start:end].any()
    for start, end in ((16_000, 40_000), (68_000, len(whole))):
        assert np.array_equal(masked[start:end], whole[start:end])


def test_marks_stand_where_a_gap_of_the_recording_is(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mkv", Sound(6.0, gaps=[(0.5, 2.0)]))
    masked = normalised(source, [(1.0, 3.0)])
    assert onset(masked) == pytest.approx(2.0, abs=0.05)
    assert not masked[48_000:].any()


def test_a_meeting_that_nobody_recorded_is_silence(tmp_path: Path) -> None:
    masked = normalised(write(tmp_path / "a.wav", Sound(2.0)), [])
    assert len(masked) == 32_000
    assert not masked.any()


def test_segments_one_after_the_other_are_one_recording(tmp_path: Path) -> None:
    segments = [
        write(tmp_path / f"{number}.ts", Sound(2.0, frequency=400.0 + 100 * number, start=2.0 * number))
        for number in range(3)
    ]
    joined = tmp_path / "joined"
    joined.write_bytes(b"".join(segment.read_bytes() for segment in segments))
    samples = normalised(joined)
    assert len(samples) / 16_000 == pytest.approx(6.0, abs=0.15)
    for number in range(3):
        assert frequency(samples, 2 * number + 0.5, 2 * number + 1.5) == pytest.approx(
            400 + 100 * number, abs=1
        )
    assert level(samples, 0.2, 5.8) > 0.1
