"""pyannote.audio, in a child process that keeps its models between recordings."""

import os
import warnings
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minutier.diarization.domain import Diarization, Turn
from minutier.diarization.parameters import flat
from minutier.diarization.weights import Bundled, Weights
from minutier.schemas.base import Model
from minutier.shared.errors import Permanent
from minutier.shared.worker import Report, Worker

if TYPE_CHECKING:
    from pyannote.audio import Pipeline
    from pyannote.core import Annotation

# What each step of the pipeline takes of the whole, as measured.
_STEPS = {"segmentation": (0.0, 0.55), "embeddings": (0.55, 0.43)}


class PyannoteDiarizer:
    """The child dies and is made anew where a recording is too much for it."""

    def __init__(self, worker: Worker, weights: Weights, *, threads: int) -> None:
        """``threads`` of the processor; 0 takes all there are."""
        self._worker = worker
        self._weights = weights
        self._threads = threads or len(os.sched_getaffinity(0))
        # For the child: the library may not tell its makers how long a meeting was and how many spoke.
        os.environ["PYANNOTE_METRICS_ENABLED"] = "false"

    @property
    def model(self) -> Model:
        """A pipeline that is not the bundled one brings its parameters, and its revision covers them."""
        return Model(
            name=self._weights.name,
            revision=self._weights.revision,
            parameters={**flat()} if isinstance(self._weights, Bundled) else {},
        )

    async def prepare(self) -> None:
        """Load the models before there is a recording; raises what `diarize` does."""
        await self._worker.run(prepare, self._weights, self._threads)

    async def diarize(self, audio: Path, *, speakers: int | None, report: Report) -> Diarization:
        """Raises `WorkerDied` and `WorkerTimedOut`."""
        return await self._worker.run(
            diarize_file, audio, self._weights, self._threads, speakers, report=report
        )


def prepare(weights: Weights, threads: int, *, report: Report) -> None:
    load(weights, threads)


def diarize_file(
    audio: Path, weights: Weights, threads: int, speakers: int | None, *, report: Report
) -> Diarization:
    """Who speaks when in a 16 kHz mono FLAC file; what has no samples has no turns."""
    import torch

    from minutier.shared.audio import SAMPLE_RATE, read_flac

    samples = read_flac(audio)
    if not samples.size:
        return Diarization((), ())
    pipeline = load(weights, threads)

    def hook(step: str, *_: Any, total: int = 1, completed: int = 1, **__: Any) -> None:
        if step in _STEPS:
            begin, share = _STEPS[step]
            report(begin + share * min(1.0, completed / total))

    file = {"waveform": torch.from_numpy(samples)[None], "sample_rate": SAMPLE_RATE, "uri": "recording"}
    output: Any = pipeline(file, num_speakers=speakers, hook=hook)
    return Diarization(
        turns=_turns(output.speaker_diarization), exclusive=_turns(output.exclusive_speaker_diarization)
    )


@lru_cache(maxsize=1)
def load(weights: Weights, threads: int) -> "Pipeline":
    """The pipeline, on a GPU where there is one. The bundled weights need no network.

    Another one takes the place of that which was there: there are never more than the two. Raises `Permanent`
    where there are no such weights.
    """
    # pyannote.audio warns at length where its own decoder is missing, which is not used here.
    warnings.filterwarnings("ignore", message=r"\s*torchcodec is not installed")
    import torch
    from pyannote.audio import Model as PyannoteModel
    from pyannote.audio import Pipeline

    from minutier.diarization.campplus import CamPlusPlus
    from minutier.diarization.pipeline import GPU_BATCH, PROCESSOR_BATCH, MeetingDiarization

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if isinstance(weights, Bundled):
        segmentation = PyannoteModel.from_pretrained(weights.segmentation)
        if segmentation is None:
            raise Permanent("model_missing")
        state = torch.load(weights.embedding, map_location="cpu", weights_only=True)
        on_processor = device.type == "cpu"
        pipeline: Pipeline = MeetingDiarization(
            segmentation,
            CamPlusPlus.of(state),
            threads=threads if on_processor else 1,
            batch=PROCESSOR_BATCH if on_processor else GPU_BATCH,
        )
    else:
        torch.set_num_threads(threads)
        found = Pipeline.from_pretrained(weights.name, revision=weights.hub_revision)
        if found is None:
            raise Permanent("model_missing")
        pipeline = found
    return pipeline.to(device)


def _turns(annotation: "Annotation") -> tuple[Turn, ...]:
    return tuple(
        Turn(segment.start, segment.end, str(speaker))
        for segment, _, speaker in annotation.itertracks(yield_label=True)
    )
