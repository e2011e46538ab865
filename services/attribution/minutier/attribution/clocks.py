"""By how much a meeting server's clock is off from that of the media.

The server tells when it noticed whom, turns tell when which voice was heard. If both tell of the same
meeting there is one shift at which they agree far better than at any other.

Everything is on a grid of `STEP` seconds. Turns are ``(voices, frames)`` from the start of the recording,
marks ``(participants, frames + LAGS - 1)`` from `FARTHEST` seconds before it to as long after its end, so
that each shift finds what it needs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

STEP = 0.1
# No server's clock is taken to be further off.
FARTHEST = 120.0
_MARGIN = round(FARTHEST / STEP)
LAGS = 2 * _MARGIN + 1

# Shifts nearer to one another than this are one and the same: marks come late and linger.
_NEAR = 3.0
# A shift with so much of the best one's score explains the meeting about as well.
_AS_GOOD = 0.8
# Fewer turns or marks than this can be slid onto one another by chance.
_ENOUGH = 8
_BLOCK = 8192

Frames = NDArray[np.float32]


class Stretch(Protocol):
    """A stretch of time in seconds."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...


@dataclass(frozen=True)
class Clock:
    """``shift`` is added to the server's times.

    Where none stands out it is 0, and ``rivals`` has the seconds that voices share with participants at
    each shift that explains the meeting about as well as any: ``(voices, participants, shifts)``.
    """

    shift: float
    rivals: NDArray[np.float32]


def turn_frames(turns: Sequence[Iterable[Stretch]], frames: int) -> Frames:
    """A row for each voice: 1 where it is heard."""
    return _frames(turns, 0.0, frames)


def mark_frames(marks: Sequence[Iterable[Stretch]], frames: int) -> Frames:
    """A row for each participant: where ``k`` are noticed at once, ``1 / k`` for each of them."""
    noticed = _frames(marks, FARTHEST, frames + LAGS - 1)
    noticed /= np.maximum(noticed.sum(axis=0), 1.0)
    return noticed


def shared_at(turns: Frames, marks: Frames, shift: float) -> NDArray[np.float64]:
    """The seconds of each voice that are each participant's: ``(voices, participants)``."""
    first = _MARGIN - round(shift / STEP)
    shared = np.zeros((len(turns), len(marks)))
    for start in range(0, turns.shape[1], _BLOCK):
        heard = turns[:, start : start + _BLOCK].astype(np.float64)
        shared += heard @ marks[:, first + start : first + start + heard.shape[1]].T
    return shared * STEP


def compare(turns: Frames, marks: Frames) -> Clock:
    """The shift at which turns and marks agree, if one stands out.

    A shift's score is the seconds each voice shares with whom it shares most, beyond what it would share
    with them by chance. A wrong shift is worse than none: so no shift further from the best than marks are
    late may have nearly its score, and enough turns and marks have to meet at it.
    """
    shared = _shared(turns, marks)
    scores = _scores(shared, turns, marks)
    best = int(np.lexsort((np.abs(np.arange(LAGS) - _MARGIN), -scores))[0])
    as_good = np.flatnonzero(scores >= _AS_GOOD * scores[best])
    stands_out = scores[best] > 0 and (np.abs(as_good - best) * STEP <= _NEAR).all()
    met = marks[:, best : best + turns.shape[1]]
    if stands_out and min(_beginnings(turns), _beginnings(met)) >= _ENOUGH:
        return Clock(round((_MARGIN - best) * STEP, 1), shared[:, :, :0])
    return Clock(0.0, shared[:, :, as_good])


def _scores(shared: NDArray[np.float32], turns: Frames, marks: Frames) -> NDArray[np.float64]:
    """The score of every lag, rounded so that equal ones are equal."""
    frames = turns.shape[1]
    noticed = np.empty((len(marks), LAGS))
    for row, own in zip(noticed, marks, strict=True):
        so_far = np.concatenate(([0.0], np.cumsum(own, dtype=np.float64)))
        row[:] = (so_far[frames:] - so_far[:LAGS]) * STEP
    scores = np.zeros(LAGS)
    for own, part in zip(shared, turns.mean(axis=1, dtype=np.float64), strict=True):
        scores += np.maximum((own - part * noticed).max(axis=0), 0.0)
    return np.round(scores, 2)


def _shared(turns: Frames, marks: Frames) -> NDArray[np.float32]:
    """The seconds shared at every lag: ``(voices, participants, lags)``.

    A correlation by blocks (overlap-save, Stockham 1966), so that neither time nor memory grows with the
    recording times the lags.
    """
    block = _BLOCK - LAGS + 1
    spectra = np.zeros((len(turns), len(marks), _BLOCK // 2 + 1), np.complex64)
    for start in range(0, turns.shape[1], block):
        heard = np.fft.rfft(turns[:, start : start + block], _BLOCK).conj()
        noticed = np.fft.rfft(marks[:, start : start + _BLOCK], _BLOCK)
        for spectrum, own in zip(spectra, heard, strict=True):
            spectrum += own * noticed
    return np.stack(
        [
            np.fft.irfft(spectrum, _BLOCK)[:, :LAGS].astype(np.float32) * np.float32(STEP)
            for spectrum in spectra
        ]
    )


def _frames(rows: Sequence[Iterable[Stretch]], before: float, frames: int) -> Frames:
    grid = np.empty((len(rows), frames), np.float32)
    for row, stretches in zip(grid, rows, strict=True):
        edges = np.zeros(frames + 1, np.int32)
        for stretch in stretches:
            edges[min(max(round((stretch.start + before) / STEP), 0), frames)] += 1
            edges[min(max(round((stretch.end + before) / STEP), 0), frames)] -= 1
        row[:] = np.cumsum(edges[:-1]) > 0
    return grid


def _beginnings(frames: Frames) -> int:
    on = frames > 0
    return int(on[:, 0].sum() + (on[:, 1:] & ~on[:, :-1]).sum())
