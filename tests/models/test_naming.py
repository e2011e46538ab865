"""Names for voices that the real models tell apart; the server's marks are made from the reference turns."""

from pathlib import Path

import numpy as np
import pytest

from minutier.attribution.naming import name_voices
from minutier.diarization.pyannote import diarize_file
from minutier.diarization.weights import BUNDLED, find
from minutier.shared.audio import SAMPLE_RATE, read_flac
from minutier.shared.worker import ignore
from tests.support import audio
from tests.support.audio import write_flac
from tests.support.diarization import references
from tests.support.meetings import Stretch, Stretches, by_speaker, noticed

pytestmark = pytest.mark.models

Meeting = tuple[Stretches, Stretches, float]


@pytest.fixture(scope="module")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> Meeting:
    """Three conversations one after the other: who talks when, the voices in it, and its seconds."""
    sounds, turns, before = [], [], 0.0
    for name in ("sample", "dev00", "dev01"):
        path, reference = references()[name]
        sound = audio.conversation() if name == "sample" else (read_flac(path) * 32768).astype(np.int16)
        sounds.append(sound)
        turns += [
            (turn.start + before, turn.end + before, str(who))
            for turn, _, who in reference.itertracks(yield_label=True)
        ]
        before += len(sound) / SAMPLE_RATE
    file = write_flac(Path(tmp_path_factory.mktemp("audio"), "joined.flac"), np.concatenate(sounds))
    found = diarize_file(file, find(BUNDLED), 2, None, report=ignore)
    voices = by_speaker((turn.start, turn.end, turn.speaker) for turn in found.exclusive)
    return by_speaker(turns), voices, before


@pytest.mark.parametrize("behind", [0.0, 7.3, -31.0])
def test_most_speech_has_a_name_and_no_voice_a_wrong_one(meeting: Meeting, behind: float) -> None:
    turns, voices, seconds = meeting
    named = spoken = 0.0
    for draw in range(10):
        marks = noticed(turns, np.random.default_rng(draw), behind=behind)
        found = name_voices(voices, marks, seconds)
        assert found.shift == pytest.approx(behind - 0.5, abs=0.7)
        for voice, own in voices.items():
            length = sum(turn.end - turn.start for turn in own)
            spoken += length
            if voice in found.names:
                named += length
                assert found.names[voice].participant == max(turns, key=lambda who: shared(own, turns[who]))
    assert named / spoken >= 0.5


def shared(one: list[Stretch], other: list[Stretch]) -> float:
    return sum(max(0.0, min(a.end, b.end) - max(a.start, b.start)) for a in one for b in other)
