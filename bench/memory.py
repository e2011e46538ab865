"""The memory that a long recording takes in each process that hears it.

``python -m bench.memory`` prints one JSON line: for a meeting of some hours, made of the AMI excerpts one
after the other, the highest resident set and the seconds of ingestion's, diarization's and
transcription's child, each in a process of its own, as in the services.
"""

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av

from minutier.shared.audio import SAMPLE_RATE
from minutier.shared.worker import ignore

CLIPS = Path(__file__).parent.parent / "tests" / "data"

STAGES = ("ingestion", "diarization", "transcription")


def meeting(into: Path, seconds: float) -> None:
    """Speech all the way, as 16 kHz mono FLAC, made without holding it."""
    clips = [path for path in sorted(CLIPS.glob("ami-*.flac")) if path.stem not in {"ami-trn01", "ami-trn02"}]
    written = 0
    with av.open(str(into), "w", format="flac") as output:
        stream = output.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
        while written < seconds * SAMPLE_RATE:
            for clip in clips:
                with av.open(str(clip)) as source:
                    for frame in source.decode(audio=0):
                        frame.pts = written
                        written += frame.samples
                        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def ingestion(file: Path) -> None:
    from minutier.ingestion.domain import Limits
    from minutier.ingestion.media.av import normalise

    normalise(file, file.with_suffix(".out.flac"), Limits(seconds=8 * 3600, size=2**40), report=ignore)


def diarization(file: Path) -> None:
    from minutier.diarization.pyannote import diarize_file
    from minutier.diarization.weights import BUNDLED, find

    found = diarize_file(file, find(BUNDLED), multiprocessing.cpu_count(), None, report=_told("diarization"))
    print(f"{len(found.turns)} turns", file=sys.stderr)


def transcription(file: Path) -> None:
    from minutier.shared.audio import read_flac
    from minutier.transcription import weights
    from minutier.transcription.recogniser import recognise
    from minutier.transcription.whisper import Whisper

    model = Whisper(weights.find(weights.BUNDLED))
    found = recognise(model, [lambda: read_flac(file)], None, report=_told("transcription"))
    print(f"{len(found.tracks[0].passages)} passages", file=sys.stderr)


def _told(stage: str) -> Callable[[float], None]:
    last = 0.0

    def report(fraction: float) -> None:
        nonlocal last
        if fraction - last >= 0.1:
            last = fraction
            print(f"{stage} {fraction:.0%}", file=sys.stderr)

    return report


def _run(stage: str, file: Path, answer: "multiprocessing.SimpleQueue[tuple[float, float]]") -> None:
    started = time.perf_counter()
    globals()[stage](file)
    # Linux counts it in KiB.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer.put((peak, time.perf_counter() - started))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    result: dict[str, Any] = {"benchmark": "memory", "hours": options.hours}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "meeting.flac")
        meeting(file, options.hours * 3600)
        for stage in options.stages:
            answer = context.SimpleQueue()
            process = context.Process(target=_run, args=(stage, file, answer))
            process.start()
            process.join()
            if process.exitcode:
                raise SystemExit(f"{stage} ended with status {process.exitcode}")
            peak, seconds = answer.get()
            result[stage] = {"peak_mib": round(peak), "seconds": round(seconds, 1)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
