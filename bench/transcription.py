"""Our recogniser and faster-whisper's as it comes, in turn, on the same audio, weights and threads.

``python -m bench.transcription`` prints one JSON line: for pyannote's 30 s sample, and for a meeting
of some minutes made of it and the AMI clips, the seconds of both (medians of the repetitions), the
seconds of CPU of both, and their ratios; for the sample also the word error rates. On a machine that
does other things as well the seconds of CPU are the firmer figure.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from minutier.schemas.base import Model
from minutier.schemas.references import ObjectRef
from minutier.shared.audio import SAMPLE_RATE
from minutier.transcription import weights
from minutier.transcription.recogniser import recognise
from minutier.transcription.speech import Samples
from minutier.transcription.transcribe import Source, document_of
from minutier.transcription.whisper import BEAM_SIZE, Whisper
from tests.support.scoring import sample, stm_text, word_error_rate

CLIPS = Path(__file__).parent.parent / "tests" / "data"
NOWHERE = ObjectRef(bucket="none", key="none", sha256="0" * 64, size=0)

Transcriber = Callable[[Samples], str]


def ours(threads: int) -> Transcriber:
    model = Whisper(weights.find(weights.BUNDLED), threads=threads)
    described = Model(name=model.name, revision=model.revision)

    def transcribe(samples: Samples) -> str:
        recognised = recognise(model, [lambda: samples])
        document = document_of(uuid4(), recognised, [Source(NOWHERE)], described)
        return " ".join(segment.text for segment in document.segments)

    return transcribe


def stock(threads: int) -> Transcriber:
    from faster_whisper import WhisperModel

    found = weights.find(weights.BUNDLED)
    model = WhisperModel(
        found.name,
        # What ours uses; as it comes, these weights would be widened to 32 bits.
        compute_type="int8",
        cpu_threads=threads,
        files=dict(found.files or {}),
    )

    def transcribe(samples: Samples) -> str:
        segments, _ = model.transcribe(samples, beam_size=BEAM_SIZE, word_timestamps=True, vad_filter=True)
        return " ".join(segment.text for segment in segments)

    return transcribe


def audio() -> dict[str, Samples]:
    from faster_whisper.audio import decode_audio

    conversation = decode_audio(str(sample("wav")))
    clips = [decode_audio(str(path)) for path in sorted(CLIPS.glob("ami-*.flac"))]
    return {"sample": conversation, "meeting": np.concatenate([conversation, *clips])}


def compare(
    name: str, samples: Samples, transcribers: dict[str, Transcriber], repetitions: int
) -> dict[str, Any]:
    seconds: dict[str, list[float]] = {who: [] for who in transcribers}
    cpu: dict[str, list[float]] = {who: [] for who in transcribers}
    texts: dict[str, str] = {}
    for repetition in range(repetitions):
        for who, transcribe in transcribers.items():
            started, worked = time.perf_counter(), time.process_time()
            texts[who] = transcribe(samples)
            seconds[who].append(time.perf_counter() - started)
            cpu[who].append(time.process_time() - worked)
            spent = f"{seconds[who][-1]:.2f} s, CPU {cpu[who][-1]:.2f} s"
            print(f"{name} {repetition + 1}/{repetitions} {who}: {spent}", file=sys.stderr)
    result: dict[str, Any] = {"audio_seconds": round(samples.size / SAMPLE_RATE, 1)}
    for who in transcribers:
        result[who] = {
            "seconds": round(statistics.median(seconds[who]), 3),
            "cpu_seconds": round(statistics.median(cpu[who]), 3),
        }
    result["ratio"] = round(result["stock"]["seconds"] / result["ours"]["seconds"], 2)
    result["cpu_ratio"] = round(result["stock"]["cpu_seconds"] / result["ours"]["cpu_seconds"], 2)
    if name == "sample":
        reference = stm_text(sample("stm"))
        for who in transcribers:
            result[who]["wer"] = round(word_error_rate(reference, texts[who]), 4)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    transcribers = {"ours": ours(options.threads), "stock": stock(options.threads)}
    recordings = audio()
    for transcribe in transcribers.values():
        transcribe(recordings["sample"])
    print(
        json.dumps(
            {
                "benchmark": "transcription",
                "weights": weights.find(weights.BUNDLED).revision,
                "threads": options.threads,
                **{
                    name: compare(name, samples, transcribers, options.repetitions)
                    for name, samples in recordings.items()
                },
            }
        )
    )


if __name__ == "__main__":
    main()
