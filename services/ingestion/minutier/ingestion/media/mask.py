"""Silence where a meeting was not being recorded, or where somebody is not to be heard any more."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from minutier.ingestion.spans import Span, merged

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Of a sample: what arithmetic adds to a time, or takes off it.
_EXACT_DIGITS = 6
_FOR_EVER = 2**62


class Mask:
    """Keeps the samples within ranges, by start and apart, and makes all others zero."""

    def __init__(self, kept: Iterable[tuple[int, int]]) -> None:
        import numpy as np

        ranges = [*kept]
        self._starts = np.array([start for start, _ in ranges], np.int64)
        self._ends = np.array([end for _, end in ranges], np.int64)

    @classmethod
    def keeping(cls, spans: Iterable[Span], *, rate: int) -> Self:
        """Only what is within ``spans``; to the sample, at a rate per second."""
        return cls((max(0, round(start * rate)), max(0, round(end * rate))) for start, end in merged(spans))

    @classmethod
    def silencing(cls, spans: Iterable[Span], *, rate: int) -> Self:
        """All but the samples of which any part is within ``spans``."""
        kept: list[tuple[int, int]] = []
        after = 0
        for start, end in merged(spans):
            first = math.floor(round(start * rate, _EXACT_DIGITS))
            if after < first:
                kept.append((after, first))
            after = max(after, math.ceil(round(end * rate, _EXACT_DIGITS)))
        return cls([*kept, (after, _FOR_EVER)])

    def over(self, samples: "NDArray[Any]", first: int) -> "NDArray[Any]":
        """``samples`` of any shape whose last axis is time, the first of which has the number ``first``."""
        import numpy as np

        result = np.zeros_like(samples)
        last = first + samples.shape[-1]
        here = slice(
            np.searchsorted(self._ends, first, side="right"), np.searchsorted(self._starts, last, side="left")
        )
        for start, end in zip(self._starts[here], self._ends[here], strict=True):
            part = slice(max(0, start - first), end - first)
            result[..., part] = samples[..., part]
        return result
