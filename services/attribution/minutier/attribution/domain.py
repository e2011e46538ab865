"""Who said which word: the rules that weigh words against turns.

Times are seconds from the start of the recording. A word whose speaker is not known has ``None``.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Protocol

from minutier.attribution.sentences import Word, ends_sentence

# A turn's edge is seldom nearer to the voice than this; a speaker further off has no claim to a word
# that somebody else's turn covers.
JITTER = 0.25
# Where nobody's turn covers a word, the nearest within this distance may.
REACH = 0.5
# A pause after which anybody may go on.
PAUSE = 0.5

_SHORTEST = 0.1
_SWITCH_INSIDE_SENTENCE = 2.5
_SWITCH_BETWEEN_SENTENCES = 0.1
# The exclusive turns say who is loudest, which is whom a recogniser writes down.
_EXCLUSIVE_WEIGHT = 0.5


class Turn(Protocol):
    """One speaker talking without a break."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def speaker(self) -> str: ...


def speakers_of(words: Sequence[Word], turns: Iterable[Turn], exclusive: Iterable[Turn]) -> list[str | None]:
    """The speaker of each word, one of those of the turns.

    The cheapest path through the words' possible speakers (Viterbi 1967): a word costs what of it a
    speaker's turns leave uncovered, a change of speaker costs little between sentences and much
    inside one. So a lone word beyond a turn's edge stays with the sentence it completes, but only a
    speaker with a turn within `JITTER` of the word can have it.
    """
    all_turns, loudest = _Turns(turns), _Turns(exclusive)
    paths: list[dict[str | None, tuple[float, str | None]]] = []
    for index, word in enumerate(words):
        costs = _costs(word, all_turns, loudest)
        if index == 0:
            paths.append({speaker: (cost, None) for speaker, cost in costs.items()})
            continue
        switch = _switch_cost(words[index - 1], word)
        previous = paths[-1]
        nearest = min(previous, key=lambda speaker: previous[speaker][0])
        step: dict[str | None, tuple[float, str | None]] = {}
        for speaker, cost in costs.items():
            # Nothing leads into or out of a stretch without a speaker.
            change = 0.0 if speaker is None or nearest is None else switch
            came_from = nearest
            reached = previous[nearest][0] + change
            if speaker in previous and previous[speaker][0] <= reached:
                came_from, reached = speaker, previous[speaker][0]
            step[speaker] = (reached + cost, came_from)
        paths.append(step)
    return _cheapest(paths)


def display_names(names: Sequence[str]) -> list[str]:
    """``names`` told apart: the second ``Anna`` is ``Anna (2)``, unless somebody is called that."""
    taken = {name.casefold() for name in names}
    seen: set[str] = set()
    result = []
    for name in names:
        label, number = name, 1
        while label.casefold() in seen or (number > 1 and label.casefold() in taken):
            number += 1
            label = f"{name} ({number})"
        seen.add(label.casefold())
        result.append(label)
    return result


class _Turns:
    """Turns that can be asked who speaks near a moment."""

    def __init__(self, turns: Iterable[Turn]) -> None:
        self._turns = sorted(turns, key=lambda turn: turn.start)
        self._starts = [turn.start for turn in self._turns]
        self._latest_ends = list(accumulate((turn.end for turn in self._turns), max))

    def near(self, start: float, end: float, reach: float) -> Iterable[Turn]:
        index = bisect_left(self._starts, end + reach) - 1
        while index >= 0 and self._latest_ends[index] > start - reach:
            turn = self._turns[index]
            if turn.end > start - reach:
                yield turn
            index -= 1


def _costs(word: Word, turns: _Turns, exclusive: _Turns) -> dict[str | None, float]:
    start, end = word.start, word.end
    if end - start < _SHORTEST:
        middle = (start + end) / 2
        start, end = middle - _SHORTEST / 2, middle + _SHORTEST / 2
    covered, distances = _evidence(turns, start, end)
    loudest, loud_distances = _evidence(exclusive, start, end)
    for speaker, distance in loud_distances.items():
        distances[speaker] = min(distance, distances.get(speaker, distance))
    if not distances:
        return {None: 0.0}
    best = max([*covered.values(), *loudest.values()], default=0.0)
    reach = JITTER if best >= 0.5 else REACH
    return {
        speaker: _EXCLUSIVE_WEIGHT * (1 - loudest.get(speaker, 0.0))
        + (1 - _EXCLUSIVE_WEIGHT) * (1 - covered.get(speaker, 0.0))
        + distance / REACH
        for speaker, distance in distances.items()
        if distance <= reach
    }


def _evidence(turns: _Turns, start: float, end: float) -> tuple[dict[str, float], dict[str, float]]:
    """Per speaker near the stretch: the share of it that is covered, and the distance to it."""
    covered: dict[str, float] = {}
    distances: dict[str, float] = {}
    for turn in turns.near(start, end, REACH):
        overlap = min(end, turn.end) - max(start, turn.start)
        distance = max(0.0, -overlap)
        if distance > REACH:
            continue
        share = max(0.0, overlap) / (end - start)
        covered[turn.speaker] = min(1.0, covered.get(turn.speaker, 0.0) + share)
        distances[turn.speaker] = min(distance, distances.get(turn.speaker, distance))
    return covered, distances


def _switch_cost(word: Word, following: Word) -> float:
    if following.start - word.end >= PAUSE or ends_sentence(word.text, following.text):
        return _SWITCH_BETWEEN_SENTENCES
    return _SWITCH_INSIDE_SENTENCE


def _cheapest(paths: Sequence[dict[str | None, tuple[float, str | None]]]) -> list[str | None]:
    if not paths:
        return []
    last = paths[-1]
    speaker = min(last, key=lambda candidate: last[candidate][0])
    result = []
    for step in reversed(paths):
        result.append(speaker)
        speaker = step[speaker][1]
    return result[::-1]
