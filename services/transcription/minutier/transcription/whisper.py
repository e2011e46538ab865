"""faster-whisper, a batch of windows at a time, under Whisper's own judgement of each result.

The batched pipeline that faster-whisper brings ignores Whisper's thresholds. Here each result of a
batch is judged, and only what is refused is decoded again, with rising temperatures, as Whisper does.
"""

import ctypes
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minutier.shared.audio import SAMPLE_RATE
from minutier.transcription.domain import Passage, Word, worth_another_attempt
from minutier.transcription.speech import Samples, Window
from minutier.transcription.weights import Weights

if TYPE_CHECKING:
    from ctranslate2 import StorageView
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer

BEAM_SIZE = 5

_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_SAMPLED = 5
_MOST_WORKERS = 4
_FRAMES_PER_SECOND = 100
# The encoder is given what there is to hear and a little silence, instead of always half a minute.
_SILENCE = 2 * SAMPLE_RATE
_CONTEXT = 30 * SAMPLE_RATE
_PREPENDED = "\"'“¿([{-"
_APPENDED = "\"'.。,，!！?？:：”)]}、"


@dataclass(frozen=True)
class Encoded:
    """Windows as the encoder sees them; it took ``frames`` hundredths of a second of each."""

    windows: Sequence[Window]
    output: "StorageView"
    frames: Sequence[int]


@dataclass(frozen=True)
class _Hypothesis:
    tokens: list[int]
    log_probability: float
    no_speech: float
    compression: float
    temperature: float

    @property
    def refused(self) -> bool:
        return worth_another_attempt(self.log_probability, self.no_speech, self.compression)


class Whisper:
    """A loaded model, on a GPU where there is one. ``workers`` threads may use it side by side."""

    def __init__(self, weights: Weights, *, threads: int | None = None) -> None:
        """``threads`` of the processor, all that the process may use where it is not given."""
        threads = threads or len(os.sched_getaffinity(0))
        self.name, self.revision = weights.name, weights.revision
        self.workers = min(threads, _MOST_WORKERS)
        self._model = _open(weights, workers=self.workers, threads=threads // self.workers)
        self.device: str = self._model.model.device
        self.compute_type: str = self._model.model.compute_type
        self.batch_size = 16 if self.device == "cuda" else 2

    def knows(self, language: str | None) -> bool:
        return language in self._model.supported_languages

    def encode(self, samples: Samples, windows: Sequence[Window], *, context: int = 0) -> Encoded:
        """The sound of some windows; at least ``context`` samples are encoded of each, or silence."""
        sounds = [window.of(samples) for window in windows]
        size = min(_CONTEXT, max(context, max(sound.size for sound in sounds) + _SILENCE))
        size -= size % (2 * SAMPLE_RATE // _FRAMES_PER_SECOND)
        extract = self._model.feature_extractor
        features = [extract(_sized(sound, size), padding=0) for sound in sounds]
        return Encoded(
            windows,
            self._model.encode(np.stack(features)),
            [min(size, sound.size) * _FRAMES_PER_SECOND // SAMPLE_RATE for sound in sounds],
        )

    def languages(self, encoded: Encoded) -> dict[str, float]:
        """How likely each language is, weighed by the seconds in which it is heard."""
        weighed: dict[str, float] = {}
        if not self._model.model.is_multilingual:
            return {"en": sum(window.seconds for window in encoded.windows)}
        found = self._model.model.detect_language(encoded.output)
        for window, likely in zip(encoded.windows, found, strict=True):
            for token, probability in likely:
                language = token.strip("<|>")
                weighed[language] = weighed.get(language, 0.0) + probability * window.seconds
        return weighed

    def decode(self, samples: Samples, encoded: Encoded, language: str) -> list[Passage]:
        """The words of each window, in the recording's time."""
        tokenizer = self._tokenizer(language)
        hypotheses = self._generate(encoded, tokenizer, 0.0)
        passages = self._passages(encoded, hypotheses, tokenizer)
        for index, hypothesis in enumerate(hypotheses):
            if hypothesis.refused:
                whole = self.encode(samples, [encoded.windows[index]], context=_CONTEXT)
                passages[index] = self._again(whole, hypothesis, tokenizer)
        return passages

    def _again(self, encoded: Encoded, refused: _Hypothesis, tokenizer: "Tokenizer") -> Passage:
        """With all of the context that Whisper was trained with, and its time stamps."""
        tried = [refused]
        for temperature in _TEMPERATURES:
            (attempt,) = self._generate(encoded, tokenizer, temperature, timestamps=True)
            tried.append(attempt)
            if not attempt.refused:
                break
        best = min(tried, key=lambda hypothesis: (hypothesis.refused, -hypothesis.log_probability))
        (passage,) = self._passages(encoded, [best], tokenizer)
        return passage

    def _generate(
        self, encoded: Encoded, tokenizer: "Tokenizer", temperature: float, *, timestamps: bool = False
    ) -> list[_Hypothesis]:
        from faster_whisper.transcribe import get_compression_ratio, get_suppressed_tokens

        search: dict[str, Any] = (
            {"beam_size": 1, "sampling_topk": 0, "sampling_temperature": temperature}
            | {"num_hypotheses": _SAMPLED}
            if temperature
            else {"beam_size": BEAM_SIZE}
        )
        prompt = self._model.get_prompt(tokenizer, [], without_timestamps=not timestamps)
        results = self._model.model.generate(
            encoded.output,
            [prompt] * len(encoded.windows),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
            **search,
        )
        hypotheses = []
        for result in results:
            tokens = result.sequences_ids[0]
            text = tokenizer.decode([token for token in tokens if token < tokenizer.eot]).strip()
            hypotheses.append(
                _Hypothesis(
                    [token for token in tokens if token < tokenizer.eot],
                    # CTranslate2 divides by the length without the token that ends the text.
                    result.scores[0] * len(tokens) / (len(tokens) + 1),
                    result.no_speech_prob,
                    get_compression_ratio(text) if text else 0.0,
                    temperature,
                )
            )
        return hypotheses

    def _passages(
        self, encoded: Encoded, hypotheses: Sequence[_Hypothesis], tokenizer: "Tokenizer"
    ) -> list[Passage]:
        from faster_whisper.transcribe import merge_punctuations

        alignments = self._model.find_alignment(
            tokenizer, [hypothesis.tokens for hypothesis in hypotheses], encoded.output, encoded.frames
        )
        passages = []
        for window, hypothesis, alignment in zip(encoded.windows, hypotheses, alignments, strict=True):
            merge_punctuations(alignment, _PREPENDED, _APPENDED)
            passages.append(
                Passage(
                    tuple(_words(window, alignment)),
                    log_probability=hypothesis.log_probability,
                    no_speech=hypothesis.no_speech,
                    compression=hypothesis.compression,
                    temperature=hypothesis.temperature,
                )
            )
        return passages

    def _tokenizer(self, language: str) -> "Tokenizer":
        from faster_whisper.tokenizer import Tokenizer

        return Tokenizer(
            self._model.hf_tokenizer, self._model.model.is_multilingual, task="transcribe", language=language
        )


def _words(window: Window, alignment: Iterable[Mapping[str, Any]]) -> Iterable[Word]:
    for word in alignment:
        if word["word"].strip():
            start, end = window.in_recording(float(word["start"]), float(word["end"]))
            yield Word(start, end, word["word"], float(word["probability"]))


def _sized(sound: Samples, size: int) -> Samples:
    return np.pad(sound[:size], (0, max(0, size - sound.size)))


def _open(weights: Weights, *, workers: int, threads: int) -> "WhisperModel":
    """CTranslate2 looks for CUDA's libraries only when they are used, so a GPU is tried before it is kept."""
    import ctranslate2

    if ctranslate2.get_cuda_device_count():
        load_cublas()
        supported = ctranslate2.get_supported_compute_types("cuda")
        try:
            model = _load(weights, "cuda", "float16" if "float16" in supported else "default", 1, threads)
            bands = model.feature_extractor.mel_filters.shape[0]
            model.encode(np.zeros((bands, 2 * _FRAMES_PER_SECOND), np.float32))
        except (RuntimeError, ValueError):
            pass
        else:
            return model
    return _load(weights, "cpu", "int8", workers, threads)


def load_cublas() -> None:
    """CTranslate2 opens CUDA 12's cuBLAS by its name; that finds the one of the wheel once it is loaded."""
    with suppress(ModuleNotFoundError):
        spec = find_spec("nvidia.cublas")
        for folder in (spec and spec.submodule_search_locations) or ():
            for name in ("libcublasLt.so.12", "libcublas.so.12"):
                # A library that cannot be used here leaves the processor, which is tried next.
                with suppress(OSError):
                    ctypes.CDLL(str(Path(folder, "lib", name)), mode=ctypes.RTLD_GLOBAL)


def _load(weights: Weights, device: str, compute_type: str, workers: int, threads: int) -> "WhisperModel":
    from faster_whisper import WhisperModel

    return WhisperModel(
        str(weights.directory or weights.name),
        device=device,
        compute_type=compute_type,
        cpu_threads=threads,
        num_workers=workers,
        # The constructor takes some of the files out of what it is given.
        files=dict(weights.files) if weights.files else None,
    )
