"""pyannote.audio's diarization, with each voice listened to about once.

The pipeline as it comes embeds every local speaker of every chunk, silent ones too; as chunks overlap by
nine tenths, that is many times the recording. Here the local speakers of only some chunks are embedded,
each from their own sound, and the others get their labels by speaking at the same time.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pyannote.audio import Model
from pyannote.audio.core.plda import PLDA
from pyannote.audio.pipelines import SpeakerDiarization
from pyannote.audio.pipelines.clustering import AgglomerativeClustering
from pyannote.core import SlidingWindow, SlidingWindowFeature

from minutier.diarization.campplus import CamPlusPlus
from minutier.diarization.domain import SILENT, UNLABELLED, anchors, loudest, spread_labels
from minutier.diarization.fbank import FRAMES_A_SECOND, filterbanks
from minutier.shared.audio import SAMPLE_RATE

# Chosen on the sample of pyannote.audio and six excerpts of the AMI corpus: see the benchmark.
ANCHOR_SECONDS = 2.0
ENOUGH_SECONDS = 4.0
PARAMETERS: dict[str, dict[str, Any]] = {
    "segmentation": {"min_duration_off": 0.0},
    "clustering": {"method": "average", "min_cluster_size": 2, "threshold": 0.55},
}

# A voice shorter than this says nothing; with this much of it alone, what overlaps is left out.
_LEAST_SECONDS = 0.25
_ALONE_SECONDS = 0.35


class MeetingDiarization(SpeakerDiarization):
    """`SpeakerDiarization` with CAM++; it gives what that gives, but no embeddings."""

    def __init__(self, segmentation: Model, embedding: CamPlusPlus, *, batch_size: int) -> None:
        """``batch_size`` chunks are segmented at once."""
        super().__init__(
            segmentation=segmentation,
            embedding=embedding,
            plda=WithoutPlda(),
            clustering="AgglomerativeClustering",
            segmentation_batch_size=batch_size,
        )
        self.clustering = AnchoredClustering(metric="cosine")
        self.instantiate(PARAMETERS)

    def get_embeddings(
        self,
        file: dict[str, Any],
        binary_segmentations: SlidingWindowFeature,
        exclude_overlap: bool = False,
        hook: Callable[..., None] | None = None,
    ) -> NDArray[np.float32]:
        """``(chunks, speakers, 192)``; not a number where a voice was not listened to."""
        window, active = binary_segmentations.sliding_window, binary_segmentations.data > 0.5
        embeddings = np.full((*active.shape[::2], self._embedding.dimension), np.nan, np.float32)
        samples = file["waveform"][0].numpy()
        chosen = anchors(len(active), round(ANCHOR_SECONDS / window.step))
        # By the length of their sound: most have as much as is enough, and go together.
        waiting: dict[int, list[_Voice]] = defaultdict(list)
        for done, chunk in enumerate(chosen, start=1):
            start = round(window[chunk].start * SAMPLE_RATE)
            heard = samples[start : start + round(window.duration * SAMPLE_RATE)]
            for speaker, sound in _voices(heard, active[chunk], window.duration):
                alike = waiting[len(sound)]
                alike.append(_Voice(chunk, speaker, sound))
                if len(alike) == self._voices_a_batch:
                    self._embed(waiting.pop(len(sound)), embeddings)
            if hook is not None:
                hook("embeddings", None, total=len(chosen), completed=done)
        for alike in waiting.values():
            self._embed(alike, embeddings)
        return embeddings

    def reconstruct(
        self,
        segmentations: SlidingWindowFeature,
        hard_clusters: NDArray[np.int_],
        count: SlidingWindowFeature,
    ) -> SlidingWindowFeature:
        """As the original's, in memory that grows with the frames and not with the chunks."""
        frames = count.sliding_window
        speaking = count.data[:, 0].astype(np.int64)
        clusters = max(int(hard_clusters.max()) + 1, int(speaking.max()))
        activations = np.zeros((len(speaking), clusters), np.float32)
        for labels, (chunk, active) in zip(hard_clusters, segmentations, strict=True):
            start = frames.closest_frame(chunk.start + 0.5 * frames.duration)
            there = activations[start : start + len(active)]
            for label in set(labels[labels >= 0].tolist()):
                there[:, label] += active[: len(there), labels == label].max(axis=1)
        return SlidingWindowFeature(loudest(activations, speaking).astype(np.float32), frames)

    @property
    def _voices_a_batch(self) -> int:
        return 4 if self._embedding.device.type == "cpu" else 64

    def _embed(self, voices: Sequence["_Voice"], embeddings: NDArray[np.float32]) -> None:
        model: CamPlusPlus = self._embedding.model_
        sounds = torch.from_numpy(np.stack([voice.sound for voice in voices]))
        with torch.inference_mode():
            found = model.embed(sounds.to(model.device)).cpu().numpy()
        for voice, embedding in zip(voices, found, strict=True):
            embeddings[voice.chunk, voice.speaker] = embedding


class AnchoredClustering(AgglomerativeClustering):
    """Clusters the local speakers that have an embedding, and lets the others follow them."""

    def __call__(  # type: ignore[override]
        self, embeddings: NDArray[np.float32], segmentations: SlidingWindowFeature, **options: Any
    ) -> tuple[NDArray[np.int_], NDArray[np.floating], NDArray[np.floating]]:
        """Labels ``(chunks, speakers)``, how well each fits, and the centres; what the original gives."""
        frames: SlidingWindow = options["frames"]
        heard = ~np.isnan(embeddings).any(axis=2)
        active = segmentations.data > 0.5
        speaks = active.any(axis=1)
        if not heard.any():
            # Too little of anybody to be told apart.
            return np.where(speaks, 0, SILENT), np.ones((*speaks.shape, 1)), np.zeros((1, 1))
        _, chunks, _ = self.filter_embeddings(embeddings, segmentations=segmentations)
        if not len(chunks):
            labels = np.where(heard, 0, UNLABELLED)
            soft, centroids = np.ones((*heard.shape, 1)), np.nanmean(embeddings, axis=(0, 1))[None]
        else:
            labels, soft, centroids = super().__call__(embeddings, segmentations, **options)
        labels = np.where(heard, labels, np.where(speaks, UNLABELLED, SILENT))
        starts = [frames.closest_frame(chunk.start + 0.5 * frames.duration) for chunk, _ in segmentations]
        return spread_labels(active, labels, starts), soft, centroids


class WithoutPlda(PLDA):
    """In place of the one that would be fetched: no clustering but VBx uses any."""

    def __init__(self) -> None:
        pass


@dataclass(frozen=True)
class _Voice:
    """A local speaker's filterbanks, ``(frames, 80)``, with a mean of nought over time."""

    chunk: int
    speaker: int
    sound: NDArray[np.float32]


def _voices(
    heard: NDArray[np.float32], active: NDArray[np.bool_], seconds: float
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Each local speaker of a chunk, and the filterbanks of at most `ENOUGH_SECONDS` of their own sound.

    ``active`` is ``(frames, speakers)``, ``seconds`` what it spans; ``heard`` may be shorter.
    """
    if not active.any():
        return
    features = filterbanks(heard)
    at = np.arange(len(features)) * len(active) // round(seconds * FRAMES_A_SECOND)
    alone = active & (active.sum(axis=1, keepdims=True) == 1)
    enough = round(ENOUGH_SECONDS * FRAMES_A_SECOND)
    for speaker in np.flatnonzero(active.any(axis=0)):
        sound = features[alone[at, speaker]]
        if len(sound) < _ALONE_SECONDS * FRAMES_A_SECOND:
            sound = features[active[at, speaker]]
        if len(sound) < _LEAST_SECONDS * FRAMES_A_SECOND:
            continue
        middle = max(0, len(sound) - enough) // 2
        sound = sound[middle : middle + enough]
        yield int(speaker), sound - sound.mean(axis=0)
