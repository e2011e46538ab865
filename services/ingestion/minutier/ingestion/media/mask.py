"""Silence where a meeting was not being recorded."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from minutier.ingestion.spans import Span, merged

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Mask:
    """Keeps the samples within spans, and makes all others zero; to the sample, at a rate per second."""

    def __init__(self, spans: Iterable[Span], *, rate: int) -> None:
        import numpy as np

        kept = [(max(0, round(start * rate)), max(0, round(end * rate))) for start, end in merged(spans)]
        self._starts = np.array([start for start, _ in kept], np.int64)
        self._ends = np.array([end for _, end in kept], np.int64)

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
