"""Meetings as they are heard and as a server notices them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Stretch:
    start: float
    end: float

    def __post_init__(self) -> None:
        assert self.start <= self.end


Stretches = dict[str, list[Stretch]]


def noticed(
    turns: Mapping[str, Sequence[Stretch]],
    rng: np.random.Generator,
    *,
    behind: float = 0.0,
    late: tuple[float, float] = (0.1, 0.5),
    lingering: tuple[float, float] = (0.5, 2.0),
    missed: float = 0.05,
) -> Stretches:
    """When a server marks each participant as talking whose turns these are.

    Its detector of speech notices a beginning ``late`` and lets a mark linger, both between so many
    seconds, joins marks that touch, misses some turns, and half of those under 0.3 s. Its clock is
    ``behind`` by so many seconds.
    """
    marks: Stretches = {}
    for participant, own in turns.items():
        spans: list[tuple[float, float]] = []
        for turn in sorted(own, key=lambda turn: turn.start):
            missing = missed if turn.end - turn.start >= 0.3 else 0.5
            if rng.random() < missing:
                continue
            start, end = turn.start + rng.uniform(*late), turn.end + rng.uniform(*lingering)
            if spans and start <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, max(start, end)))
        marks[participant] = [Stretch(start - behind, end - behind) for start, end in spans]
    return marks


def talk(people: int, seconds: float, rng: np.random.Generator) -> Stretches:
    """People taking turns, some more than others: a lognormal length, a gap or an overlap between."""
    weights = rng.dirichlet(np.full(people, 2.0))
    turns: Stretches = {f"p{number}": [] for number in range(1, people + 1)}
    moment, last = rng.uniform(0, 3), -1
    while moment < seconds:
        chances = weights.copy()
        if last >= 0 and people > 1:
            chances[last] = 0.0
        last = int(rng.choice(people, p=chances / chances.sum()))
        length = min(float(rng.lognormal(1.0, 0.9)), 40.0)
        turns[f"p{last + 1}"].append(Stretch(moment, min(moment + length, seconds)))
        moment = max(0.0, moment + length + rng.normal(0.3, 0.5))
    return turns


def told_apart(turns: Mapping[str, Sequence[Stretch]], rng: np.random.Generator) -> Stretches:
    """Exclusive turns as a diarizer might give them: edges off by a little, one in twenty another's."""
    flat = sorted(
        ((each.start, each.end, who) for who, own in turns.items() for each in own), key=lambda item: item[0]
    )
    people = sorted(turns)
    voices: Stretches = defaultdict(list)
    free = 0.0
    for start, end, who in flat:
        start, end = max(free, start + rng.normal(0, 0.15)), end + rng.normal(0, 0.15)
        if end - start < 0.1:
            continue
        voice = str(rng.choice(people)) if rng.random() < 0.05 else who
        voices[f"voice-{voice}"].append(Stretch(start, end))
        free = end
    return dict(voices)


def by_speaker(turns: Iterable[tuple[float, float, str]]) -> Stretches:
    """Turns with their speakers, by speaker."""
    result: Stretches = defaultdict(list)
    for start, end, speaker in turns:
        result[speaker].append(Stretch(start, end))
    return dict(result)
