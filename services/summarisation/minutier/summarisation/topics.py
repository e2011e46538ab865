"""Where a meeting turns to another subject, and what each part of it is about.

TextTiling (Hearst 1997, Computational Linguistics 23:1): where the words before a gap are least like
those after it, compared with the gaps around, the subject changes.
"""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from minutier.summarisation.domain import Passage
from minutier.summarisation.words import Words

MOST_TOPICS = 8

# Words: about two and a half minutes of talk, of which there is no use in telling parts.
_FEWEST_WORDS = 400
_FEWEST_WINDOW_WORDS = 200
_TITLE_TERMS = 3


def divide(passages: Sequence[Passage], words: Words) -> list[range]:
    """At most `MOST_TOPICS` parts of the meeting, each a range of passages; together they are all of it."""
    lengths = [len(passage.text.split()) for passage in passages]
    if sum(lengths) < 2 * _FEWEST_WORDS:
        return [range(len(passages))] if passages else []
    places = np.cumsum(lengths)
    # A quarter of the topics that a long meeting may have at most: a window tells subjects of its size apart.
    window = max(_FEWEST_WINDOW_WORDS, sum(lengths) // (4 * MOST_TOPICS))
    counts = [Counter(words.stems(passage.text)) for passage in passages]
    depths = _depths(_cohesions(counts, lengths, window))
    least = float(depths.mean() + depths.std() / 2)
    room = max(_FEWEST_WORDS, sum(lengths) // (2 * MOST_TOPICS))
    chosen: list[int] = []
    for gap in np.argsort(-depths, kind="stable"):
        here = places[gap]
        edges = [0, *(places[other] for other in chosen), places[-1]]
        if depths[gap] > least and min(abs(here - edge) for edge in edges) >= room:
            chosen.append(int(gap))
        if len(chosen) == MOST_TOPICS - 1:
            break
    starts = [0, *(gap + 1 for gap in sorted(chosen)), len(passages)]
    return [range(start, end) for start, end in pairwise(starts)]


def titles(parts: Sequence[Sequence[str]], words: Words) -> list[str]:
    """For each part, given as its sentences, the terms that are most its own, as they were said."""
    surfaces: dict[str, Counter[str]] = {}
    counts: list[Counter[str]] = []
    for part in parts:
        count: Counter[str] = Counter()
        for word in (word for sentence in part for word in words.content(sentence)):
            stem = words.stem(word)
            count[stem] += 1
            surfaces.setdefault(stem, Counter())[word] += 1
        counts.append(count)
    everywhere = sum(counts, Counter[str]())
    result = []
    for count in counts:
        share = count.total() / max(1, everywhere.total())

        def characteristic(stem: str, count: Counter[str] = count, share: float = share) -> float:
            """A word's part of the divergence of this part's words from the meeting's."""
            return count[stem] * math.log(count[stem] / (everywhere[stem] * share))

        best = sorted(count, key=lambda stem: (-characteristic(stem), stem))
        terms = [_surface(surfaces[stem]) for stem in best[:_TITLE_TERMS]]
        title = ", ".join(terms)
        result.append(title[:1].upper() + title[1:])
    return result


def _surface(forms: Counter[str]) -> str:
    """The most frequent form; a capital that only begins sentences is not kept."""
    most = max(forms, key=lambda form: (forms[form], form))
    return most.lower() if most.lower() in forms else most


def _cohesions(counts: Sequence[Counter[str]], lengths: Sequence[int], window: int) -> np.ndarray:
    """For each gap, the cosine of the ``window`` words before it and those after it."""
    spread = Counter(stem for count in counts for stem in count)
    weight = {stem: math.log(1 + len(counts) / often) for stem, often in spread.items()}
    before = _Window(weight)
    after = _Window(weight)
    result = np.zeros(len(counts) - 1)
    end = 0
    start = 0
    for gap in range(len(counts) - 1):
        while end < len(counts) and (end <= gap + 1 or after.words < window):
            after.add(counts[end], lengths[end])
            end += 1
        after.remove(counts[gap], lengths[gap])
        before.add(counts[gap], lengths[gap])
        while start < gap and before.words - lengths[start] >= window:
            before.remove(counts[start], lengths[start])
            start += 1
        result[gap] = before.cosine(after)
    return result


class _Window:
    """Words of neighbouring passages, counted as the window moves."""

    def __init__(self, weight: dict[str, float]) -> None:
        self._weight = weight
        self._counts: Counter[str] = Counter()
        self.words = 0

    def add(self, count: Counter[str], length: int) -> None:
        self._counts.update(count)
        self.words += length

    def remove(self, count: Counter[str], length: int) -> None:
        self._counts.subtract(count)
        self._counts = +self._counts
        self.words -= length

    def cosine(self, other: "_Window") -> float:
        shared = self._counts.keys() & other._counts.keys()
        product = sum(self._value(stem) * other._value(stem) for stem in shared)
        return product / (self._norm() * other._norm()) if product else 0.0

    def _value(self, stem: str) -> float:
        return self._counts[stem] * self._weight[stem]

    def _norm(self) -> float:
        return math.sqrt(sum(self._value(stem) ** 2 for stem in self._counts))


def _depths(cohesions: np.ndarray) -> np.ndarray:
    """How deep each gap lies below the nearest peaks on both sides."""
    depths = np.zeros_like(cohesions)
    for gap, value in enumerate(cohesions):
        for step in (-1, 1):
            peak, place = value, gap
            while 0 <= place + step < len(cohesions) and cohesions[place + step] >= peak:
                place += step
                peak = cohesions[place]
            depths[gap] += peak - value
    return depths
