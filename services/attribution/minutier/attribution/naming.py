"""Whose the voices are, by when the meeting server noticed whom.

A voice is named only where the evidence leaves no other choice: what is below the threshold, or would be
explained as well by another participant or another clock, has no name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from minutier.attribution.clocks import STEP, Frames, Stretch, compare, mark_frames, shared_at, turn_frames

# The share of a voice's speech that has to be a participant's. Half of it can be one participant's only.
THRESHOLD = 0.5
# From this share on several voices may be the same participant's.
CLEAR = 0.6
# How much worse all voices together have to be explained if a voice below that were not theirs.
MARGIN = 0.1
# How much more of the speech than of the silence of a participant's voices has to be theirs.
CONTRAST = 0.4
# Silence begins and ends this many seconds from a turn, since marks linger.
LINGERING = 2.0
# Seconds added to each voice's speech before shares are taken, so that a word names nobody.
PRIOR_SECONDS = 3.0


@dataclass(frozen=True)
class Name:
    """Who a voice is, and the share of its speech that says so, from `THRESHOLD` to 1."""

    participant: str
    confidence: float


@dataclass(frozen=True)
class Naming:
    """The voices that have a name; ``shift`` seconds were added to the server's times."""

    names: Mapping[str, Name] = field(default_factory=dict)
    shift: float = 0.0


def name_voices(
    turns: Mapping[str, Sequence[Stretch]], marks: Mapping[str, Sequence[Stretch]], duration: float
) -> Naming:
    """Match voices, given their exclusive ``turns``, to participants, given when each was noticed.

    The order of either does not matter.
    """
    voices, participants = sorted(turns), sorted(marks)
    frames = ceil(duration / STEP)
    if not voices or not participants or frames == 0:
        return Naming()
    heard = turn_frames([turns[voice] for voice in voices], frames)
    noticed = mark_frames([marks[participant] for participant in participants], frames)
    clock = compare(heard, noticed)
    support = _support(heard, noticed, clock.shift)
    whose = support.argmax(axis=1)
    sure = _supported(support) & _undisputed(whose, clock.rivals)
    for participant in {*whose[sure].tolist()}:
        own = sure & (whose == participant)
        silent = _support(_silence(heard[own]), noticed, clock.shift)[:, participant]
        sure[own] = support[own, participant] - silent >= CONTRAST
    return Naming(
        {
            voices[row]: Name(participants[whose[row]], round(float(support[row, whose[row]]), 3))
            for row in np.flatnonzero(sure)
        },
        clock.shift,
    )


def _support(heard: Frames, noticed: Frames, shift: float) -> NDArray[np.float64]:
    """The share of each voice's speech that is each participant's: ``(voices, participants)``.

    A row adds up to less than 1, since a moment is shared out among those who are noticed at it. Rounded,
    so that equal shares are equal.
    """
    spoken = heard.sum(axis=1, dtype=np.float64) * STEP
    support: NDArray[np.float64] = shared_at(heard, noticed, shift) / (spoken + PRIOR_SECONDS)[:, None]
    return support.round(6)


def _supported(support: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which voices have support enough for whoever supports them most.

    Either it is clear, or it is above the threshold and the best matching of all voices to all
    participants, one to one, would be worse without this pair.
    """
    enough: NDArray[np.bool_] = support.max(axis=1) >= CLEAR
    rows, columns = _matching(support)
    total = support[rows, columns].sum()
    for row, column in zip(rows, columns, strict=True):
        if THRESHOLD <= support[row, column] < CLEAR:
            without = support.copy()
            without[row, column] = 0.0
            enough[row] = total - without[_matching(without)].sum() >= MARGIN
    return enough


def _matching(support: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The assignment of most support in all (Kuhn 1955)."""
    rows, columns = linear_sum_assignment(support, maximize=True)
    return rows, columns


def _undisputed(whose: NDArray[np.intp], rivals: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which voices are most the same participant's by every clock that may be right."""
    own = np.take_along_axis(rivals, whose[:, None, None], axis=1)[:, 0]
    undisputed: NDArray[np.bool_] = (own >= rivals.max(axis=1, initial=0.0) - STEP / 2).all(axis=1)
    return undisputed


def _silence(heard: Frames) -> Frames:
    """In one row, where none of the voices is heard, nor was or will be for `LINGERING`."""
    reach = round(LINGERING / STEP)
    so_far = np.cumsum(np.pad(heard.max(axis=0), (reach + 1, reach)))
    silence: Frames = (so_far[2 * reach + 1 :] == so_far[: -2 * reach - 1])[None].astype(np.float32)
    return silence
