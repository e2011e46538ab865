"""The recogniser with its real weights, on real audio."""

from functools import partial
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from minutier.schemas.base import Model
from minutier.schemas.documents import TranscriptionDocument
from minutier.schemas.references import ObjectRef
from minutier.shared.errors import Permanent
from minutier.transcription import weights, whisper
from minutier.transcription.domain import Passage
from minutier.transcription.recogniser import recognise
from minutier.transcription.speech import FRAME, Samples, Window
from minutier.transcription.transcribe import Source, document_of
from minutier.transcription.voice_activity import speech_probabilities
from minutier.transcription.whisper import Whisper
from tests.support.scoring import sample, stm_text, word_error_rate

pytestmark = pytest.mark.models

RATE = 16_000
NOWHERE = ObjectRef(bucket="none", key="none", sha256="0" * 64, size=0)
# faster-whisper as it comes has 0.149 on the sample.
HIGHEST_WORD_ERROR_RATE = 0.154


@pytest.fixture(scope="module")
def model() -> Whisper:
    return Whisper(weights.find(weights.BUNDLED))


@pytest.fixture(scope="module")
def conversation() -> Samples:
    from faster_whisper.audio import decode_audio

    samples: Samples = decode_audio(str(sample("wav")))
    return samples


@pytest.fixture(scope="module")
def transcribed(model: Whisper, conversation: Samples) -> TranscriptionDocument:
    return document(model, conversation)


def document(model: Whisper, *tracks: Samples, language: str | None = None) -> TranscriptionDocument:
    reported: list[float] = []
    recognised = recognise(
        model, [partial(np.asarray, samples) for samples in tracks], language, report=reported.append
    )
    assert reported == sorted(reported)
    if any(heard.passages for heard in recognised.tracks):
        assert reported[-1] == pytest.approx(1.0)
    sources = [Source(NOWHERE, participant=f"p{number + 1}") for number in range(len(tracks))]
    return document_of(uuid4(), recognised, sources, Model(name="test", revision="test"))


def test_the_sample_is_written_down(transcribed: TranscriptionDocument) -> None:
    text = " ".join(segment.text for segment in transcribed.segments)
    assert word_error_rate(stm_text(sample("stm")), text) <= HIGHEST_WORD_ERROR_RATE
    assert transcribed.language == "en"
    assert transcribed.language_probability > 0.8
    assert not transcribed.language_given


def test_words_have_times_that_can_be_relied_on(transcribed: TranscriptionDocument) -> None:
    words = [word for segment in transcribed.segments for word in segment.words]
    assert all(before.start <= before.end <= after.start for before, after in pairwise(words))
    assert words[-1].end <= 30.0
    # By the reference, the first word is said from 6.68 s to 7.16 s.
    assert words[0].start == pytest.approx(6.68, abs=0.4)
    assert words[0].end == pytest.approx(7.16, abs=0.4)
    assert max(word.end - word.start for word in words) < 1.5


def test_all_speech_of_the_sample_is_covered(transcribed: TranscriptionDocument) -> None:
    coverage = transcribed.coverage
    # By the reference, about 22 s of the 30 s are speech.
    assert coverage.speech_seconds == pytest.approx(22, abs=1.5)
    assert coverage.transcribed_seconds > 0.97 * coverage.speech_seconds
    assert coverage.gaps == ()


def test_each_track_has_its_own_words_and_all_of_them_one_language(
    model: Whisper, conversation: Samples
) -> None:
    half = 18 * RATE
    early, late = conversation.copy(), conversation.copy()
    early[half:], late[:half] = 0, 0
    found = document(model, early, np.zeros_like(early), late)
    tracks = {segment.track for segment in found.segments}
    assert tracks == {"p1", "p3"}
    assert all((segment.start < 18) == (segment.track == "p1") for segment in found.segments)
    assert found.language == "en"


def test_a_given_language_is_taken_and_one_that_is_not_known_is_detected(
    model: Whisper, conversation: Samples
) -> None:
    short = conversation[7 * RATE : 10 * RATE]
    given = document(model, short, language="en")
    assert (given.language, given.language_probability, given.language_given) == ("en", 1.0, True)
    unknown = document(model, short, language="xxx")
    assert (unknown.language, unknown.language_given) == ("en", False)


def noise() -> Samples:
    return (np.random.default_rng(0).standard_normal(20 * RATE) * 0.1).astype(np.float32)


def music() -> Samples:
    at = np.arange(20 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * pitch * at) for pitch in (220.0, 277.2, 329.6))
    return (0.1 * chord * (np.sin(2 * np.pi * at) > 0)).astype(np.float32)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(20 * RATE, np.float32),
        np.zeros(0, np.float32),
        np.zeros(100, np.float32),
        noise(),
        music(),
    ],
    ids=["silence", "nothing", "six milliseconds", "noise", "music"],
)
def test_where_nobody_speaks_nothing_is_written(model: Whisper, samples: Samples) -> None:
    found = document(model, samples)
    assert found.segments == ()
    assert found.coverage.speech_seconds == 0


def test_a_fifth_of_a_second_is_no_trouble(model: Whisper, conversation: Samples) -> None:
    found = document(model, conversation[round(7.7 * RATE) : round(7.9 * RATE)])
    assert len(found.segments) <= 1
    assert all(segment.end <= 0.21 for segment in found.segments)


def test_what_is_refused_is_decoded_again_and_what_stays_refused_is_marked(
    model: Whisper, conversation: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[float] = []

    def refuse(log_probability: float, no_speech: float, compression: float) -> bool:
        attempts.append(log_probability)
        return True

    monkeypatch.setattr(whisper, "worth_another_attempt", refuse)
    monkeypatch.setattr(whisper, "_TEMPERATURES", (0.0, 0.4))
    window = Window(((7 * RATE // FRAME, 10 * RATE // FRAME),))
    (passage,) = model.decode(conversation, model.encode(conversation, [window]), "en")
    # The batch, the careful attempt, the random one; then each of them is judged for the choice.
    assert len(attempts) >= 3
    assert isinstance(passage, Passage)
    assert passage.words


def test_voice_activity_is_the_same_in_pieces_and_in_threads(conversation: Samples) -> None:
    from concurrent.futures import ThreadPoolExecutor

    long = np.concatenate([conversation] * 5)
    alone = speech_probabilities(conversation)
    with ThreadPoolExecutor(2) as pool:
        found = speech_probabilities(long, pool.map)
    assert found.shape == (-(-long.size // FRAME),)
    # Frames fall elsewhere in each repetition, so that only most of them can agree.
    assert np.mean((found[: alone.size - 1] > 0.5) == (alone[:-1] > 0.5)) > 0.99


@pytest.fixture
def damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("model.bin.part1", "model.bin.part2", "config.json", "tokenizer.json", "vocabulary.json"):
        (tmp_path / name).write_bytes(b"other")
    monkeypatch.setattr(weights, "_folder", lambda package: tmp_path)


@pytest.mark.usefixtures("damaged")
def test_weights_that_are_not_the_published_ones_are_refused() -> None:
    with pytest.raises(Permanent, match="model_damaged"):
        weights.find(weights.BUNDLED)


def test_weights_may_lie_in_a_directory(tmp_path: Path) -> None:
    bundled = weights.find(weights.BUNDLED)
    for name, content in (bundled.files or {}).items():
        (tmp_path / name).write_bytes(content)
    found = weights.find(str(tmp_path))
    assert found.revision == bundled.revision
    assert Whisper(found, threads=1).knows("fr")


def test_a_directory_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="model_missing"):
        weights.find(str(tmp_path))


@pytest.mark.parametrize("model", ["/models/of/nobody", "enormous"])
def test_what_is_neither_a_directory_nor_a_name_is_refused(model: str) -> None:
    with pytest.raises(Permanent, match="model_missing"):
        weights.find(model)
