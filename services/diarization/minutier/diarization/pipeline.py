"""pyannote.audio's diarization, with each voice listened to about once.

The pipeline as it comes embeds every local speaker of every chunk, silent ones too; as chunks overlap by
nine tenths, that is many times the recording. Here a local speaker is embedded from some seconds of their
own sound, and one whose sound was heard in an earlier chunk has that voice.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
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
from minutier.diarization.crew import Crew
from minutier.diarization.domain import SILENT, UNLABELLED, contains, loudest, spread_labels
from minutier.diarization.fbank import FRAMES_A_SECOND, Filterbanks
from minutier.diarization.parameters import PARAMETERS
from minutier.shared.audio import SAMPLE_RATE

_NOBODY = -1
_ENOUGH_FRAMES = 3 * FRAMES_A_SECOND
# A voice shorter than this says nothing; with this much of it alone, what overlaps is left out.
_LEAST_FRAMES = FRAMES_A_SECOND // 4
_ALONE_FRAMES = FRAMES_A_SECOND * 35 // 100


@dataclass(frozen=True)
class Batch:
    """How many chunks are segmented, and how many voices embedded, in one call of a model."""

    chunks: int
    voices: int


# On a processor, more than fits its caches is slower.
PROCESSOR_BATCH = Batch(chunks=4, voices=4)
GPU_BATCH = Batch(chunks=64, voices=64)


class MeetingDiarization(SpeakerDiarization):
    """`SpeakerDiarization` with CAM++; it gives what that gives, but no embeddings."""

    def __init__(self, segmentation: Model, embedding: CamPlusPlus, *, threads: int, batch: Batch) -> None:
        """``threads`` run the models side by side, each a ``batch`` at a time."""
        super().__init__(
            segmentation=segmentation,
            embedding=embedding,
            plda=WithoutPlda(),
            clustering="AgglomerativeClustering",
        )
        self.clustering = FollowedClustering(metric="cosine")
        self.instantiate(PARAMETERS)
        self._crew = Crew(threads)
        self._batch = batch

    def get_segmentations(
        self, file: dict[str, Any], hook: Callable[..., None] | None = None
    ) -> SlidingWindowFeature:
        """Who of a chunk's local speakers is active, ``(chunks, frames, speakers)``, each 0 or 1.

        Nobody is in a chunk of zeros, of which the track of somebody muted mostly consists.
        """
        samples: torch.Tensor = file["waveform"]
        window = SlidingWindow(duration=self._segmentation.duration, step=self._segmentation.step)
        size, step = round(window.duration * SAMPLE_RATE), round(window.step * SAMPLE_RATE)
        count = 1 + max(0, -(-(samples.shape[1] - size) // step))
        starts = range(0, count * step, step)
        # At least one is listened to, which gives the shape.
        sounding = [chunk for chunk in range(count) if samples[:, starts[chunk] :][:, :size].any()] or [0]

        def batches() -> Iterator[torch.Tensor]:
            for first in range(0, len(sounding), self._batch.chunks):
                if hook is not None:
                    hook("segmentation", None, total=len(sounding), completed=first)
                listened = sounding[first : first + self._batch.chunks]
                chunks = [samples[:, starts[chunk] :][:, :size] for chunk in listened]
                # Only the last may be short.
                chunks[-1] = torch.nn.functional.pad(chunks[-1], (0, size - chunks[-1].shape[1]))
                yield torch.stack(chunks)

        found = np.concatenate(list(self._crew.map(self._segmentation.infer, batches())))
        active = np.zeros((count, *found.shape[1:]), found.dtype)
        active[sounding] = found
        return SlidingWindowFeature(active, window)

    def get_embeddings(
        self,
        file: dict[str, Any],
        binary_segmentations: SlidingWindowFeature,
        exclude_overlap: bool = False,
        hook: Callable[..., None] | None = None,
    ) -> NDArray[np.float32]:
        """``(chunks, speakers, 192)``; not a number where a voice was not listened to."""
        window, active = binary_segmentations.sliding_window, binary_segmentations.data > 0.5
        model: CamPlusPlus = self._embedding.model_
        voices = _Voices(Filterbanks(file["waveform"][0].numpy()))
        numbers = np.full((len(active), active.shape[2]), _NOBODY)

        def batches() -> Iterator[list[_Voice]]:
            for chunk in range(len(active)):
                start = round(window[chunk].start * FRAMES_A_SECOND)
                frames = round(window.duration * FRAMES_A_SECOND)
                numbers[chunk] = voices.heard_in(active[chunk], start, frames)
                yield from voices.batches(self._batch.voices)
                if hook is not None:
                    hook("embeddings", None, total=len(active), completed=chunk + 1)
            yield from voices.batches(1)

        def embed(batch: list[_Voice]) -> list[tuple[int, NDArray[np.float32]]]:
            with torch.inference_mode():
                sounds = torch.from_numpy(np.stack([voice.sound for voice in batch]))
                found = model.embed(sounds.to(model.device)).cpu().numpy()
            return [(voice.number, embedding) for voice, embedding in zip(batch, found, strict=True)]

        found = dict(pair for batch in self._crew.map(embed, batches()) for pair in batch)
        found[_NOBODY] = np.full(model.dimension, np.nan, np.float32)
        return np.stack([found[number] for number in numbers.flat]).reshape(*numbers.shape, -1)

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


class FollowedClustering(AgglomerativeClustering):
    """Clusters the local speakers that have an embedding; the others follow whom they speak in time with."""

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

    def cluster(self, embeddings: NDArray[np.float32], *args: Any, **options: Any) -> NDArray[np.int_]:
        """Each voice counts once, in however many chunks it is heard: memory grows with its square."""
        voices, which = np.unique(embeddings, axis=0, return_inverse=True)
        labels: NDArray[np.int_] = super().cluster(voices, *args, **options)
        return labels[which.reshape(-1)]


class WithoutPlda(PLDA):
    """In place of the one that would be fetched: no clustering but VBx uses any."""

    def __init__(self) -> None:
        pass


@dataclass(frozen=True)
class _Voice:
    """A voice's sound: filterbanks ``(frames, 80)`` with a mean of nought over time."""

    number: int
    sound: NDArray[np.float32]


class _Voices:
    """The voices of a recording, numbered as they are heard, each to be embedded once."""

    def __init__(self, features: Filterbanks) -> None:
        self._features = features
        self._count = 0
        # What the last chunks have given: the frames and the number of each voice.
        self._recent: list[tuple[NDArray[np.int_], int]] = []
        # By the length of their sound: most have as much as is enough, and go together.
        self._waiting: dict[int, list[_Voice]] = defaultdict(list)

    def heard_in(self, active: NDArray[np.bool_], start: int, frames: int) -> list[int]:
        """A number for each local speaker of a chunk; `_NOBODY` where there is too little to hear.

        ``active`` is ``(segmentation frames, speakers)``; the chunk begins with frame ``start`` of the
        filterbanks, and has ``frames`` of them.
        """
        self._recent = [(heard, number) for heard, number in self._recent if heard[-1] >= start]
        if not active.any():
            return [_NOBODY] * active.shape[1]
        sound = self._features.between(start, start + frames)
        at = np.arange(len(sound)) * len(active) // frames
        alone = active & (active.sum(axis=1, keepdims=True) == 1)
        numbers = []
        for speaker in range(active.shape[1]):
            own = alone[at, speaker]
            if own.sum() < _ALONE_FRAMES:
                own = active[at, speaker]
            numbers.append(self._number(own, start, sound) if own.sum() >= _LEAST_FRAMES else _NOBODY)
        return numbers

    def batches(self, size: int) -> Iterator[list[_Voice]]:
        """Those that wait with equally long sounds, where there are ``size`` of them."""
        full = [length for length, waiting in self._waiting.items() if len(waiting) >= size]
        for length in full:
            yield self._waiting.pop(length)

    def _number(self, own: NDArray[np.bool_], start: int, sound: NDArray[np.float32]) -> int:
        for heard, number in reversed(self._recent):
            if contains(own, start, heard, enough=_ENOUGH_FRAMES):
                return number
        frames = np.flatnonzero(own)
        middle = max(0, len(frames) - _ENOUGH_FRAMES) // 2
        frames = frames[middle : middle + _ENOUGH_FRAMES]
        voice = _Voice(self._count, sound[frames] - sound[frames].mean(axis=0))
        self._count += 1
        self._recent.append((frames + start, voice.number))
        self._waiting[len(frames)].append(voice)
        return voice.number
