"""Stretches of time, whole lists of them at once."""

from collections.abc import Iterable

Span = tuple[float, float]
"""From a start to an end in seconds; the end is not part of it."""


def merged(spans: Iterable[Span]) -> list[Span]:
    """By start, each moment once: what touches is one, and what is empty is nothing."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        elif start < end:
            result.append((start, end))
    return result


def within(spans: Iterable[Span], bounds: Iterable[Span]) -> list[Span]:
    """What of ``spans`` lies in ``bounds``, by start, each moment once."""
    ours, theirs = merged(spans), merged(bounds)
    result: list[Span] = []
    one = other = 0
    while one < len(ours) and other < len(theirs):
        start = max(ours[one][0], theirs[other][0])
        end = min(ours[one][1], theirs[other][1])
        if start < end:
            result.append((start, end))
        if ours[one][1] < theirs[other][1]:
            one += 1
        else:
            other += 1
    return result


def shifted(spans: Iterable[Span], by: float) -> list[Span]:
    return [(start + by, end + by) for start, end in spans]
