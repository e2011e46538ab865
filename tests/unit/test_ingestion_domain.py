import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.ingestion.domain import (
    Decoded,
    Extent,
    Placement,
    Timeline,
    is_addressable,
    looks_like_media,
)
from minutier.schemas.rejections import RejectionReason

LENGTH = 0.02


def result_of(stamps: list[float | None], origin: float = 0.0) -> list[float]:
    """Where each frame of 20 ms begins in the result; a dropped part of it does not count."""
    timeline, written, begins = Timeline(origin), 0.0, []
    for number, stamp in enumerate(stamps):
        following = stamps[number + 1] if number + 1 < len(stamps) else None
        placement = timeline.place(stamp, LENGTH, following, written=written)
        written += placement.silence
        begins.append(written)
        written += LENGTH - min(LENGTH, placement.overlap)
    return begins


def every(count: int, since: float = 0.0) -> list[float | None]:
    return [since + number * LENGTH for number in range(count)]


@given(st.lists(st.floats(0, 120), min_size=1, max_size=20), st.floats(-1e6, 1e6))
def test_each_sound_is_where_its_time_stamp_says(gaps: list[float], origin: float) -> None:
    stamps: list[float | None] = []
    time = origin
    for gap in gaps:
        time += gap
        stamps += [time, time + LENGTH]
        time += 2 * LENGTH
    for begin, stamp in zip(result_of(stamps, origin), stamps, strict=True):
        assert stamp is not None
        assert begin == pytest.approx(stamp - origin, abs=0.06)


@given(st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9)), max_size=30))
def test_no_time_stamp_undoes_what_is_written(stamps: list[float | None]) -> None:
    timeline, written = Timeline(0.0), 0.0
    for number, stamp in enumerate(stamps):
        following = stamps[number + 1] if number + 1 < len(stamps) else None
        placement = timeline.place(stamp, LENGTH, following, written=written)
        assert placement.silence >= 0
        assert 0 <= placement.overlap <= 1
        written += placement.silence + LENGTH


@given(st.lists(st.floats(-0.02, 0.02), min_size=1, max_size=200))
def test_trembling_time_stamps_change_nothing(errors: list[float]) -> None:
    stamps = [number * LENGTH + error for number, error in enumerate(errors)]
    assert result_of(list(stamps)) == pytest.approx([number * LENGTH for number in range(len(errors))])


def test_a_recorder_whose_clock_runs_fast_or_slow_stays_in_time() -> None:
    for pace in (0.99, 1.01):
        stamps: list[float | None] = [number * LENGTH * pace for number in range(20_000)]
        ends = result_of(stamps)[-1], stamps[-1]
        assert ends[0] == pytest.approx(ends[1], abs=0.08)


def test_an_overlap_is_dropped() -> None:
    twice = every(50) + every(50, since=0.5)
    assert result_of(twice)[-1] == pytest.approx(twice[-1], abs=0.05)
    assert result_of(twice)[50:73] == pytest.approx([1.0] * 23)


def test_a_clock_that_starts_again_goes_on() -> None:
    begins = result_of(every(200) + every(200))
    assert begins == pytest.approx([number * LENGTH for number in range(400)])


@pytest.mark.parametrize("wild", [1e9, 3600.0, -3600.0])
def test_a_single_wild_time_stamp_is_disregarded(wild: float) -> None:
    stamps = every(100)
    stamps[50] = wild
    assert result_of(stamps) == pytest.approx([number * LENGTH for number in range(100)])


def test_sound_without_time_stamps_follows_what_went_before() -> None:
    assert Timeline(5.0).place(None, LENGTH, None, written=3.0) == Placement()


@pytest.mark.parametrize(
    ("declared", "reached", "cut_short"),
    [
        (None, 0.0, False),
        (60.0, 60.0, False),
        (60.0, 61.0, False),
        (60.0, 59.2, False),
        (60.0, 58.5, True),
        (10_800.0, 10_700.0, False),
        (10_800.0, 10_600.0, True),
        (1e12, 10.0, True),
    ],
)
def test_a_file_is_cut_short_where_it_ends_before_its_header_says(
    declared: float | None, reached: float, cut_short: bool
) -> None:
    assert Extent(declared, reached).cut_short is cut_short


@pytest.mark.parametrize(
    ("duration", "declared", "packets", "damaged", "fault"),
    [
        (0.2, 0.2, 10, 0, None),
        (60.0, 60.0, 1000, 50, None),
        (60.0, 60.0, 1000, 51, RejectionReason.CORRUPT),
        (0.0, None, 1, 1, RejectionReason.CORRUPT),
        (0.0, 60.0, 0, 0, RejectionReason.CORRUPT),
        (0.0, 0.0, 0, 0, RejectionReason.NO_AUDIO),
        (0.0, None, 1, 0, RejectionReason.NO_AUDIO),
    ],
)
def test_what_decoding_showed_is_judged(
    duration: float, declared: float | None, packets: int, damaged: int, fault: RejectionReason | None
) -> None:
    assert Decoded(duration, Extent(declared, duration), packets, damaged).fault is fault


@pytest.mark.parametrize("key", ["a/./b", "../recordings/x", "..", ".", "a/.."])
def test_a_key_that_a_web_address_cannot_say(key: str) -> None:
    assert not is_addressable(key)


@pytest.mark.parametrize("key", ["a", "a/.b/..c", "réunion du 3 mai?.mp4", "a//b", "%2e%2e/x", "a\nb", "..."])
def test_any_other_key_can_be_asked_for(key: str) -> None:
    assert is_addressable(key)


def test_only_what_begins_like_media_is_called_damaged() -> None:
    assert looks_like_media(b"")
    assert looks_like_media(b"RIFF\0\0\0\0WAVEfmt ")
    assert not looks_like_media(b"RIFF\0\0\0\0AVI LIST")
    assert not looks_like_media(b"Dear all,")
