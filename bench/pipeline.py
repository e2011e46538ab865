"""A recording to who said what: our code, and the parts as they come put together, in turn.

``python -m bench.pipeline`` prints one JSON line: the seconds of both on pyannote's 30 s sample, of the
clock and of CPU (medians of the repetitions), their ratios, and the error rates: DER, WER and cpWER. As
they come: pyannote.audio's pipeline, faster-whisper's `transcribe` with words, and for each word the
speaker whose turns overlap it most. Same weights, same threads, audio already in memory.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import uuid4

import numpy as np
import torch
from faster_whisper import WhisperModel
from faster_whisper.audio import decode_audio
from pyannote.core import Annotation
from pyannote.metrics.diarization import DiarizationErrorRate

from bench import diarization
from bench.transcription import NOWHERE
from minutier.attribution.transcript import transcript_of
from minutier.diarization.diarize import Source as Heard
from minutier.diarization.diarize import document_of as diarization_of
from minutier.diarization.domain import Diarization, Turn
from minutier.diarization.pyannote import load
from minutier.diarization.weights import Bundled
from minutier.diarization.weights import find as find_voices
from minutier.schemas.base import Model
from minutier.schemas.documents import RecordingDocument
from minutier.shared.audio import SAMPLE_RATE
from minutier.transcription import weights
from minutier.transcription.recogniser import recognise
from minutier.transcription.transcribe import Source, document_of
from minutier.transcription.whisper import BEAM_SIZE, Whisper
from tests.support.diarization import error_rate, references
from tests.support.scoring import (
    concatenated_word_error_rate,
    sample,
    stm_text,
    word_error_rate,
)

MODEL = Model(name="bench", revision="bench")


@dataclass(frozen=True)
class Written:
    """Who spoke when, and who said what: texts with their speakers, by time."""

    turns: Annotation
    passages: list[dict[str, str]]


Writer = Callable[[np.ndarray], Written]


def ours(voices: Bundled, threads: int) -> Writer:
    pipeline: Any = load(voices, threads)
    whisper = Whisper(weights.find(weights.BUNDLED), threads=threads)

    def write(samples: np.ndarray) -> Written:
        output = pipeline(_file(samples))
        told_apart = Diarization(
            _turns(output.speaker_diarization), _turns(output.exclusive_speaker_diarization)
        )
        recording, duration = uuid4(), len(samples) / SAMPLE_RATE
        said = document_of(recording, recognise(whisper, [lambda: samples]), [Source(NOWHERE)], MODEL)
        transcript = transcript_of(
            RecordingDocument(recording_id=recording),
            said,
            diarization_of(recording, [Heard(NOWHERE, duration)], [told_apart], MODEL),
            duration,
        )
        passages = [{"speaker": each.speaker, "text": each.text} for each in transcript.segments]
        return Written(output.speaker_diarization, passages)

    return write


def stock(voices: Bundled, threads: int) -> Writer:
    diarize = diarization.stock(voices)
    found = weights.find(weights.BUNDLED)
    # What ours uses; as it comes, these weights would be widened to 32 bits.
    model = WhisperModel(found.name, compute_type="int8", cpu_threads=threads, files=dict(found.files or {}))

    def write(samples: np.ndarray) -> Written:
        turns = diarize(torch.from_numpy(samples)[None])
        segments, _ = model.transcribe(samples, beam_size=BEAM_SIZE, word_timestamps=True, vad_filter=True)
        words = [word for segment in segments for word in segment.words or ()]
        spoken = [(_speaker(turns, word.start, word.end), word.word) for word in words]
        passages = [
            {"speaker": speaker, "text": "".join(text for _, text in run)}
            for speaker, run in groupby(spoken, key=lambda each: each[0])
        ]
        return Written(turns, passages)

    return write


def _speaker(turns: Annotation, start: float, end: float) -> str:
    overlaps: dict[str, float] = {}
    for turn, _, speaker in turns.itertracks(yield_label=True):
        overlap = min(end, turn.end) - max(start, turn.start)
        if overlap > 0:
            overlaps[speaker] = overlaps.get(speaker, 0.0) + overlap
    return max(overlaps, key=overlaps.__getitem__, default="unknown")


def _turns(turns: Annotation) -> tuple[Turn, ...]:
    return tuple(
        Turn(turn.start, turn.end, str(speaker)) for turn, _, speaker in turns.itertracks(yield_label=True)
    )


def _file(samples: np.ndarray) -> dict[str, Any]:
    return {"waveform": torch.from_numpy(samples)[None], "sample_rate": SAMPLE_RATE, "uri": "bench"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    voices = find_voices("bundled")
    assert isinstance(voices, Bundled)
    writers = {"ours": ours(voices, options.threads), "stock": stock(voices, options.threads)}
    samples = decode_audio(str(sample("wav")))
    reference = references()["sample"][1]
    for write in writers.values():
        write(samples[: 10 * SAMPLE_RATE])
    spent: dict[str, list[tuple[float, float]]] = {who: [] for who in writers}
    written: dict[str, Written] = {}
    for _ in range(options.repetitions):
        for who, write in writers.items():
            started, worked = time.perf_counter(), time.process_time()
            written[who] = write(samples)
            spent[who].append((time.perf_counter() - started, time.process_time() - worked))
            print(f"{who}: {spent[who][-1][0]:.2f} s, CPU {spent[who][-1][1]:.2f} s", file=sys.stderr)
    result: dict[str, Any] = {"benchmark": "pipeline", "threads": options.threads, "audio_seconds": 30.0}
    for who, found in written.items():
        text = " ".join(passage["text"] for passage in found.passages)
        result[who] = {
            "seconds": round(statistics.median(seconds for seconds, _ in spent[who]), 3),
            "cpu_seconds": round(statistics.median(cpu for _, cpu in spent[who]), 3),
            "der": round(error_rate(reference, found.turns, 30.0, DiarizationErrorRate()), 4),
            "wer": round(word_error_rate(stm_text(sample("stm")), text), 4),
            "cpwer": round(concatenated_word_error_rate(sample("stm"), found.passages), 4),
        }
    result["ratio"] = round(result["stock"]["seconds"] / result["ours"]["seconds"], 2)
    result["cpu_ratio"] = round(result["stock"]["cpu_seconds"] / result["ours"]["cpu_seconds"], 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
