"""How many people are behind one participant's track, such as that of a meeting room."""

from collections.abc import Iterable
from itertools import groupby
from typing import Protocol

from minutier.attribution.domain import Turn

# What a further voice has to say: more than a greeting into a neighbour's microphone, and more than the
# splinters of one person's voice, of which the largest seen had 3.7 s, 14 % of the speech.
LEAST_SECONDS = 10.0
LEAST_SHARE = 0.15


class TrackTurn(Turn, Protocol):
    """A voice talking on a participant's track; on each track one at a time."""

    @property
    def track(self) -> str | None: ...


def rooms(turns: Iterable[TrackTurn]) -> dict[str, list[str]]:
    """The tracks that several people are behind, with their voices, most speech first.

    What is heard while another track has speech does not count, since it may be the echo of that.
    """
    seconds = _alone(turns)
    found = {}
    for track in sorted({track for track, _ in seconds}):
        own = {voice: talked for (on, voice), talked in seconds.items() if on == track}
        least = max(LEAST_SECONDS, LEAST_SHARE * sum(own.values()))
        voices = sorted(
            (voice for voice in own if own[voice] >= least), key=lambda voice: (-own[voice], voice)
        )
        if len(voices) > 1:
            found[track] = voices
    return found


def _alone(turns: Iterable[TrackTurn]) -> dict[tuple[str, str], float]:
    """Seconds of each voice on each track at which no other track has any."""
    edges = sorted(
        edge
        for turn in turns
        if turn.track is not None
        for edge in ((turn.start, 1, turn.track, turn.speaker), (turn.end, -1, turn.track, turn.speaker))
    )
    seconds: dict[tuple[str, str], float] = {}
    talking: dict[tuple[str, str], int] = {}
    before = 0.0
    for moment, changes in groupby(edges, key=lambda edge: edge[0]):
        if len({track for track, _ in talking}) == 1:
            for pair in talking:
                seconds[pair] = seconds.get(pair, 0.0) + moment - before
        for _, change, track, voice in changes:
            pair = (track, voice)
            talking[pair] = talking.get(pair, 0) + change
            if talking[pair] == 0:
                del talking[pair]
        before = moment
    return seconds
