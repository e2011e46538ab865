"""Where speech is, and in which windows it is recognised; frames are `FRAME` samples long."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from minutier.shared.audio import SAMPLE_RATE

Samples = NDArray[np.float32]
Probabilities = NDArray[np.float32]
Span = tuple[float, float]

FRAME = 512
FRAME_SECONDS = FRAME / SAMPLE_RATE

# Silero's own: speech begins above the first and lasts until the second is left.
_ONSET = 0.5
_OFFSET = 0.35
_SHORTEST_SPEECH = 3
_SHORTEST_SILENCE = 8
# Around speech: its soft beginnings and ends.
MARGIN_SECONDS = 0.25
_MARGIN = round(MARGIN_SECONDS / FRAME_SECONDS)
# A longer silence is left out of what is recognised: a recogniser makes words up in it.
_LONGEST_SILENCE = round(1.0 / FRAME_SECONDS)
_SMOOTHING = round(0.5 / FRAME_SECONDS)


@dataclass(frozen=True)
class Window:
    """Pieces of a recording that are recognised as one, in frames, ends excluded."""

    pieces: tuple[tuple[int, int], ...]

    @property
    def start(self) -> float:
        return self.pieces[0][0] * FRAME_SECONDS

    @property
    def seconds(self) -> float:
        return sum(end - start for start, end in self.pieces) * FRAME_SECONDS

    def of(self, samples: Samples) -> Samples:
        """The sound of the window, with the silences between its pieces left out."""
        return np.concatenate([samples[start * FRAME : end * FRAME] for start, end in self.pieces])

    def in_recording(self, start: float, end: float) -> Span:
        """Times in the window as times in the recording, both in the piece that holds their middle."""
        middle = (start + end) / 2
        passed = 0.0
        for first, last in self.pieces:
            length = (last - first) * FRAME_SECONDS
            if middle < passed + length or last == self.pieces[-1][1]:
                break
            passed += length
        shift = first * FRAME_SECONDS - passed
        low, high = first * FRAME_SECONDS, last * FRAME_SECONDS
        return min(max(start + shift, low), high), min(max(end + shift, low), high)


def speech(probabilities: Probabilities) -> list[Span]:
    """Where somebody speaks, in seconds; pauses of a quarter of a second are part of it."""
    return [(start * FRAME_SECONDS, end * FRAME_SECONDS) for start, end in _speech(probabilities)]


def windows(probabilities: Probabilities, *, parallel: int, longest: float, shortest: float) -> list[Window]:
    """All speech in windows of at most ``longest`` seconds, cut where it is quietest.

    A short recording is still cut into ``parallel`` windows, none of much less than ``shortest``
    seconds, so that they can be recognised side by side.
    """
    kept = np.flatnonzero(_kept(probabilities))
    if not kept.size:
        return []
    kernel = np.ones(_SMOOTHING) / _SMOOTHING
    loudness = np.convolve(probabilities, kernel, mode="same")[: probabilities.size][kept]
    aim = 1.25 * kept.size * FRAME_SECONDS / parallel
    limit = int(min(longest, max(1.5 * shortest, aim)) / FRAME_SECONDS)
    cuts = [0, *_cuts(loudness, limit), kept.size]
    return [Window(_pieces(kept[start:end])) for start, end in pairwise(cuts)]


def _cuts(loudness: NDArray[np.float64], limit: int) -> Iterator[int]:
    start = 0
    while (left := loudness.size - start) > limit:
        # What is left is to be more than a scrap.
        lowest = left - limit if left < 1.6 * limit else int(0.6 * limit)
        start += lowest + int(np.argmin(loudness[start + lowest : start + limit + 1]))
        yield start


def _kept(probabilities: Probabilities) -> NDArray[np.bool_]:
    kept = np.zeros(probabilities.size, np.bool_)
    previous = -_LONGEST_SILENCE - 1
    for first, last in _speech(probabilities):
        start, end = max(0, first - _MARGIN), last + _MARGIN
        kept[previous if start - previous <= _LONGEST_SILENCE else start : end] = True
        previous = end
    return kept


def _speech(probabilities: Probabilities) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    start: int | None = None
    for frame, probability in enumerate(probabilities.tolist()):
        if start is None and probability >= _ONSET:
            start = frame
        elif start is not None and probability < _OFFSET:
            spans.append((start, frame))
            start = None
    if start is not None:
        spans.append((start, probabilities.size))
    joined: list[tuple[int, int]] = []
    for span in spans:
        if joined and span[0] - joined[-1][1] < _SHORTEST_SILENCE:
            joined[-1] = (joined[-1][0], span[1])
        else:
            joined.append(span)
    return [span for span in joined if span[1] - span[0] >= _SHORTEST_SPEECH]


def _pieces(frames: NDArray[np.intp]) -> tuple[tuple[int, int], ...]:
    breaks = np.flatnonzero(np.diff(frames) > 1)
    starts = frames[np.concatenate([[0], breaks + 1])]
    ends = frames[np.concatenate([breaks, [frames.size - 1]])] + 1
    return tuple(zip(starts.tolist(), ends.tolist(), strict=True))
