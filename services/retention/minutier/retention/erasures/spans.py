"""Stretches of time, as pairs of seconds; sets of them are by start and do not touch."""

from collections.abc import Iterable, Sequence

Stretch = tuple[float, float]


def union(stretches: Iterable[Stretch]) -> list[Stretch]:
    joined: list[Stretch] = []
    for start, end in sorted(stretches):
        if end <= start:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def minus(these: Sequence[Stretch], those: Sequence[Stretch]) -> list[Stretch]:
    """What of ``these`` is in none of ``those``; both are such sets."""
    left: list[Stretch] = []
    first = 0
    for start, end in these:
        while first < len(those) and those[first][1] <= start:
            first += 1
        begin = start
        for taken_start, taken_end in those[first:]:
            if taken_start >= end:
                break
            if taken_start > begin:
                left.append((begin, taken_start))
            begin = max(begin, taken_end)
        if begin < end:
            left.append((begin, end))
    return left


def widened(stretches: Iterable[Stretch], by: float) -> list[Stretch]:
    return union((max(0.0, start - by), end + by) for start, end in stretches)


def moved(stretches: Iterable[Stretch], by: float, *, length: float) -> list[Stretch]:
    """In seconds of something that lasts ``length``; what is outside is left out."""
    return union((max(0.0, start + by), min(length, end + by)) for start, end in stretches)


def seconds(stretches: Iterable[Stretch]) -> float:
    return sum(end - start for start, end in stretches)
