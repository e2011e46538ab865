"""Who speaks when: rules that need neither a model nor a file.

Chunks are windows that overlap; in each, up to ``S`` local speakers are told apart, frame by frame, by a
network that knows nothing of the other chunks. Times are seconds from the start of the recording.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# A local speaker whose voice is not known yet, and one who does not speak.
UNLABELLED = -1
SILENT = -2


@dataclass(frozen=True)
class Turn:
    """One speaker talking without a break."""

    start: float
    end: float
    speaker: str


@dataclass(frozen=True)
class Diarization:
    """Turns by start; ``exclusive`` has at most one speaker at a time."""

    turns: tuple[Turn, ...]
    exclusive: tuple[Turn, ...]


@dataclass(frozen=True)
class Talk:
    """How much is spoken: seconds with anybody speaking, and with more than one."""

    speech_seconds: float
    overlap_seconds: float


def contains(own: NDArray[np.bool_], start: int, earlier: NDArray[np.int_], *, enough: int) -> bool:
    """Whether what was heard of a voice in an earlier chunk is this local speaker's sound as well.

    ``own`` says which frames from ``start`` are theirs, ``earlier`` lists the frames that were heard.
    Three quarters of those must be among their own, and be half of what would be heard now, of which
    ``enough`` is enough.
    """
    inside = earlier[(earlier >= start) & (earlier < start + len(own))] - start
    shared = int(own[inside].sum())
    return 4 * shared >= 3 * len(earlier) and 2 * len(earlier) >= min(int(own.sum()), enough)


def spread_labels(
    active: NDArray[np.bool_], labels: NDArray[np.int_], starts: Sequence[int]
) -> NDArray[np.int_]:
    """Give each `UNLABELLED` local speaker the label of whom they speak in time with.

    ``active`` is ``(chunks, frames, speakers)``, ``labels`` ``(chunks, speakers)``, ``starts`` the frame
    at which each chunk begins. Where two chunks overlap they hear the same people, so a local speaker is
    the labelled one with whom they share most frames; one who shares none is left `UNLABELLED`.
    """
    labels = labels.copy()
    known = int(labels.max(initial=UNLABELLED)) + 1
    if known == 0:
        return labels
    frames = active.shape[1]
    heard = np.zeros((starts[-1] + frames, known), np.int32)
    for chunk, speaker in zip(*np.nonzero(labels >= 0), strict=True):
        heard[starts[chunk] : starts[chunk] + frames, labels[chunk, speaker]] += active[chunk, :, speaker]
    for chunk, speaker in zip(*np.nonzero(labels == UNLABELLED), strict=True):
        shared = active[chunk, :, speaker].astype(np.int32) @ heard[starts[chunk] : starts[chunk] + frames]
        if shared.any():
            labels[chunk, speaker] = int(shared.argmax())
    return labels


def loudest(activations: NDArray[np.float32], count: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Of each frame's speakers, as many of the most active as speak at once.

    ``activations`` is ``(frames, speakers)``, ``count`` ``(frames,)``.
    """
    order = np.argsort(-activations, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(activations.shape[1])[None, :], axis=1)
    return ranks < count[:, None]


class Interval(Protocol):
    """A stretch of time."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...


def talk(turns: Iterable[Interval]) -> Talk:
    """What ``turns`` come to; a speaker does not overlap with themself."""
    edges = sorted(edge for turn in turns for edge in ((turn.start, 1), (turn.end, -1)))
    speech = overlap = 0.0
    speaking = 0
    for (moment, change), (following, _) in pairwise(edges):
        speaking += change
        speech += (following - moment) * (speaking >= 1)
        overlap += (following - moment) * (speaking >= 2)
    return Talk(speech, overlap)


def in_order_of_appearance(turns: Iterable[Turn], prefix: str, *, after: int = 0) -> dict[str, str]:
    """A name for each speaker, numbered from ``after`` on: ``<prefix>-1`` is who speaks first."""
    names: dict[str, str] = {}
    for turn in sorted(turns, key=lambda turn: (turn.start, turn.end)):
        names.setdefault(turn.speaker, f"{prefix}-{after + len(names) + 1}")
    return names
