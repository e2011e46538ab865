"""The real models on real audio."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pyannote.metrics.diarization import DiarizationErrorRate

from minutier.diarization.campplus import CamPlusPlus
from minutier.diarization.domain import Diarization, talk
from minutier.diarization.fbank import Filterbanks, filterbanks
from minutier.diarization.pyannote import diarize_file
from minutier.diarization.weights import BUNDLED, Bundled, find
from minutier.shared.audio import SAMPLE_RATE, read_flac
from minutier.shared.worker import ignore
from tests.support import audio
from tests.support.audio import write_flac
from tests.support.diarization import annotation, error_rate, references

pytestmark = pytest.mark.models

THREADS = 2


@pytest.fixture(scope="module")
def weights() -> Bundled:
    found = find(BUNDLED)
    assert isinstance(found, Bundled)
    return found


@pytest.fixture(scope="module")
def conversation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample as FLAC, as ingestion would leave it."""
    return write_flac(tmp_path_factory.mktemp("audio") / "sample.flac", audio.conversation())


@pytest.fixture(scope="module")
def told_apart(weights: Bundled, conversation: Path) -> Diarization:
    return diarize_file(conversation, weights, THREADS, None, report=ignore)


def test_the_conversation_is_told_apart(told_apart: Diarization) -> None:
    _, reference = references()["sample"]
    error = error_rate(reference, annotation(told_apart.turns), 30.0, DiarizationErrorRate())
    assert error <= 0.10
    assert len({turn.speaker for turn in told_apart.turns}) == 2


def test_the_exclusive_turns_have_no_overlap_and_the_same_speakers(told_apart: Diarization) -> None:
    assert talk(told_apart.exclusive).overlap_seconds == pytest.approx(0.0)
    assert talk(told_apart.turns).overlap_seconds > 0.1
    assert talk(told_apart.exclusive).speech_seconds == pytest.approx(
        talk(told_apart.turns).speech_seconds, abs=0.1
    )
    assert {turn.speaker for turn in told_apart.exclusive} == {turn.speaker for turn in told_apart.turns}


def test_the_number_of_speakers_can_be_given(weights: Bundled, conversation: Path) -> None:
    told: list[float] = []
    one = diarize_file(conversation, weights, THREADS, 1, report=told.append)
    assert {turn.speaker for turn in one.turns} == {one.turns[0].speaker}
    assert told == sorted(told)
    assert told[-1] > 0.9


def test_real_meetings_are_no_worse_than_with_the_pipeline_as_it_comes(
    weights: Bundled, told_apart: Diarization
) -> None:
    """0.299 is what the benchmark measures for it, on the sample and the excerpts together."""
    metric = DiarizationErrorRate()
    for name, (path, reference) in references().items():
        found = told_apart if name == "sample" else diarize_file(path, weights, THREADS, None, report=ignore)
        error_rate(reference, annotation(found.turns), 30.0, metric)
    assert abs(metric) <= 0.299


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.2, 3.0])
def test_silence_has_no_turns_however_short(weights: Bundled, tmp_path: Path, seconds: float) -> None:
    silence = write_flac(tmp_path / "silence.flac", np.zeros(round(seconds * SAMPLE_RATE), np.int16))
    assert diarize_file(silence, weights, THREADS, None, report=ignore) == Diarization((), ())


def test_who_is_muted_for_most_of_a_track_is_told_apart_as_without_the_silence(
    weights: Bundled, told_apart: Diarization, tmp_path: Path
) -> None:
    muted = np.zeros(60 * SAMPLE_RATE, np.int16)
    track = write_flac(tmp_path / "track.flac", np.concatenate((muted, audio.conversation(), muted)))
    found = diarize_file(track, weights, THREADS, None, report=ignore)
    assert all(59.5 < turn.start < turn.end < 90.5 for turn in found.turns)
    assert len({turn.speaker for turn in found.turns}) == 2
    assert talk(found.turns).speech_seconds == pytest.approx(talk(told_apart.turns).speech_seconds, abs=1.0)


def test_a_moment_of_speech_is_one_speaker_at_most(weights: Bundled, tmp_path: Path) -> None:
    samples = audio.conversation()[12 * SAMPLE_RATE :]
    moment = write_flac(tmp_path / "moment.flac", samples[: SAMPLE_RATE // 2])
    found = diarize_file(moment, weights, THREADS, None, report=ignore)
    assert len({turn.speaker for turn in found.turns}) <= 1
    assert all(turn.start < turn.end <= 0.62 for turn in found.turns)


def test_filterbanks_are_the_same_in_blocks(conversation: Path) -> None:
    samples = read_flac(conversation)[: 25 * SAMPLE_RATE]
    whole, blocks = filterbanks(samples), Filterbanks(samples)
    for start, end in ((0, 1000), (700, 1700), (1999, 2001), (2000, 3000)):
        assert np.array_equal(blocks.between(start, end), whole[start:end])


def test_folded_normalisations_give_the_same_voice(weights: Bundled, conversation: Path) -> None:
    state = torch.load(weights.embedding, map_location="cpu", weights_only=True)
    sound = torch.from_numpy(read_flac(conversation)[None, None, 8 * SAMPLE_RATE : 11 * SAMPLE_RATE])
    with torch.inference_mode():
        plain, folded = CamPlusPlus.of(state, folded=False)(sound), CamPlusPlus.of(state)(sound)
    assert torch.allclose(plain, folded, atol=1e-4)
