from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from minutier.attribution.tracks import LEAST_SECONDS, rooms


@dataclass(frozen=True)
class Turn:
    start: float
    end: float
    speaker: str
    track: str | None


def test_a_track_with_one_voice_is_no_room() -> None:
    assert rooms([Turn(0, 60, "p1-1", "p1"), Turn(60, 90, "p2-1", "p2")]) == {}


def test_a_track_with_several_voices_is_a_room_and_who_talks_most_comes_first() -> None:
    turns = [Turn(0, 15, "p1-1", "p1"), Turn(15, 60, "p1-2", "p1"), Turn(60, 90, "p2-1", "p2")]
    assert rooms(turns) == {"p1": ["p1-2", "p1-1"]}


def test_a_greeting_and_a_splinter_are_no_further_voice() -> None:
    greeting = [Turn(0, 50, "p1-1", "p1"), Turn(50, 50 + LEAST_SECONDS - 1, "p1-2", "p1")]
    splinter = [Turn(0, 3000, "p1-1", "p1"), Turn(3000, 3200, "p1-2", "p1")]
    assert rooms(greeting) == rooms(splinter) == {}


def test_what_is_heard_while_another_track_has_speech_may_be_its_echo() -> None:
    echo = [Turn(0, 60, "p1-1", "p1"), Turn(60, 120, "p1-2", "p1"), Turn(59.8, 120.5, "p2-1", "p2")]
    assert rooms(echo) == {}


def test_voices_in_a_mix_are_behind_no_track() -> None:
    assert rooms([Turn(0, 60, "speaker-1", None), Turn(60, 120, "speaker-2", None)]) == {}


@given(
    st.lists(
        st.builds(
            lambda start, length, track, voice: Turn(start, start + length, f"{track}-{voice}", track),
            st.integers(0, 200),
            st.integers(0, 60),
            st.sampled_from(["p1", "p2"]),
            st.integers(1, 3),
        ),
        max_size=12,
    )
)
def test_every_voice_of_a_room_says_enough_where_no_other_track_does(turns: list[Turn]) -> None:
    for track, voices in rooms(turns).items():
        assert len(voices) > 1
        elsewhere = {
            second
            for turn in turns
            if turn.track != track
            for second in range(int(turn.start), int(turn.end))
        }
        for voice in voices:
            own = {
                second
                for turn in turns
                if turn.speaker == voice
                for second in range(int(turn.start), int(turn.end))
            }
            assert len(own - elsewhere) >= LEAST_SECONDS
