"""Our diarization and pyannote.audio's as it comes, in turn, on the same audio, weights and threads.

``python -m bench.diarization`` prints one JSON line: the seconds of both on pyannote's 30 s sample
(medians of the repetitions) and on it with six AMI excerpts (once), of the clock and of CPU, their
ratios, and the diarization error rates (no collar, overlap counted). As it comes, the pipeline clusters
with a PLDA that was trained for another embedding; so it is given the agglomerative clustering and the
parameters that pyannote published for it.
"""

import argparse
import json
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

os.environ["PYANNOTE_METRICS_ENABLED"] = "false"
warnings.filterwarnings("ignore", message=r"\s*torchcodec is not installed")

import torch
from faster_whisper.audio import decode_audio
from pyannote.audio import Model
from pyannote.audio.pipelines import SpeakerDiarization
from pyannote.core import Annotation
from pyannote.metrics.diarization import DiarizationErrorRate

from minutier.diarization.campplus import CamPlusPlus
from minutier.diarization.pipeline import WithoutPlda
from minutier.diarization.pyannote import load
from minutier.diarization.weights import BUNDLED, Bundled, find
from minutier.shared.audio import SAMPLE_RATE
from tests.support.diarization import error_rate, references

Diarizer = Callable[[torch.Tensor], Annotation]

# Of pyannote/speaker-diarization-3.1.
_PUBLISHED = {
    "segmentation": {"min_duration_off": 0.0},
    "clustering": {"method": "centroid", "min_cluster_size": 12, "threshold": 0.7045654963945799},
}


def ours(weights: Bundled, threads: int) -> Diarizer:
    return _diarizer(load(weights, threads))


def stock(weights: Bundled) -> Diarizer:
    segmentation = Model.from_pretrained(weights.segmentation)
    assert segmentation is not None
    state = torch.load(weights.embedding, map_location="cpu", weights_only=True)
    pipeline = SpeakerDiarization(
        segmentation=segmentation,
        embedding=CamPlusPlus.of(state, folded=False),
        plda=WithoutPlda(),
        clustering="AgglomerativeClustering",
    )
    pipeline.instantiate(_PUBLISHED)
    return _diarizer(pipeline)


def _diarizer(pipeline: Any) -> Diarizer:
    def diarize(samples: torch.Tensor) -> Annotation:
        return pipeline({"waveform": samples, "sample_rate": SAMPLE_RATE, "uri": "bench"}).speaker_diarization

    return diarize


def measure(diarize: Diarizer, samples: torch.Tensor) -> tuple[Annotation, float, float]:
    started, worked = time.perf_counter(), time.process_time()
    turns = diarize(samples)
    return turns, time.perf_counter() - started, time.process_time() - worked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    weights = find(BUNDLED)
    assert isinstance(weights, Bundled)
    diarizers = {"ours": ours(weights, options.threads), "stock": stock(weights)}
    recordings = {
        name: (torch.from_numpy(decode_audio(str(path)))[None], reference)
        for name, (path, reference) in references().items()
    }
    warm_up = recordings["sample"][0][:, : 10 * SAMPLE_RATE]
    for diarize in diarizers.values():
        diarize(warm_up)
    spent: dict[str, dict[str, list[tuple[float, float]]]] = {
        who: {name: [] for name in recordings} for who in diarizers
    }
    overall = {who: DiarizationErrorRate() for who in diarizers}
    errors: dict[str, dict[str, float]] = {who: {} for who in diarizers}
    for name, (samples, reference) in recordings.items():
        repetitions = options.repetitions if name == "sample" else 1
        for repetition in range(repetitions):
            for who, diarize in diarizers.items():
                turns, seconds, cpu = measure(diarize, samples)
                spent[who][name].append((seconds, cpu))
                print(f"{name} {who}: {seconds:.2f} s, CPU {cpu:.2f} s", file=sys.stderr)
                if repetition == 0:
                    length = samples.shape[1] / SAMPLE_RATE
                    errors[who][name] = round(error_rate(reference, turns, length, overall[who]), 4)
    result: dict[str, Any] = {"benchmark": "diarization", "threads": options.threads}
    result["weights"] = weights.revision
    for who in diarizers:
        sample = spent[who]["sample"]
        result[who] = {
            "seconds": round(statistics.median(seconds for seconds, _ in sample), 3),
            "cpu_seconds": round(statistics.median(cpu for _, cpu in sample), 3),
            "all_seconds": round(sum(min(each)[0] for each in spent[who].values()), 3),
            "der": errors[who],
            "der_all": round(abs(overall[who]), 4),
        }
    for figure in ("seconds", "cpu_seconds", "all_seconds"):
        result[f"{figure}_ratio"] = round(result["stock"][figure] / result["ours"][figure], 2)
    result["ratio"] = result.pop("seconds_ratio")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
