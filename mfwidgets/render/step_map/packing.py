"""Packs bars into lanes, and counts how many tasks waited and worked at each time. Pure functions of intervals."""

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import accumulate
from typing import NamedTuple


class Interval(NamedTuple):
    """A stretch of time. Its end can equal its start. An end before the start counts as the start."""

    start: float
    end: float


def pack(intervals: Sequence[Interval], gap: float = 0.0) -> list[int]:
    """Return the lane of each interval: the lowest lane in which nothing overlaps it. Uses as few lanes as possible.

    Intervals of equal start take their lanes in the given order.

    Parameters
    ----------
    gap
        The least distance between two intervals of a lane.
    """
    lanes = [0] * len(intervals)
    free: list[int] = []  # lanes that nothing occupies, the lowest first
    ends: list[tuple[float, int]] = []
    count = 0
    for place in sorted(range(len(intervals)), key=lambda place: intervals[place].start):
        start, end = intervals[place]
        while ends and ends[0][0] <= start:
            heappush(free, heappop(ends)[1])
        if free:
            lane = heappop(free)
        else:
            lane, count = count, count + 1
        lanes[place] = lane
        heappush(ends, (max(end, start) + gap, lane))
    return lanes


def peak(intervals: Iterable[Interval]) -> int:
    """Return the largest number of intervals that overlap. An interval without length counts on its own."""
    changes: list[tuple[float, int]] = []
    for start, end in intervals:
        changes += [(start, 1), (max(end, start), -1)]
    changes.sort(key=lambda change: (change[0], change[1] > 0))  # what ends makes space for what starts
    return max(max(accumulate(change for _, change in changes), default=0), 1 if changes else 0)


def density(intervals: Iterable[Interval], first: float, last: float, bins: int) -> list[float]:
    """Return the mean number of intervals in each of equal parts of the time from ``first`` to ``last``.

    The sum of the means times the length of a part is the total length within these limits.
    """
    size = (last - first) / bins
    if size <= 0:
        return [0.0] * bins
    partial = [0.0] * (bins + 1)  # what an interval adds to a single part
    whole = [0] * (bins + 1)  # changes of the number of intervals that cover whole parts
    for start, end in intervals:
        low, high = (max(start, first) - first) / size, (min(end, last) - first) / size
        if high <= low:
            continue
        low_bin, high_bin = min(int(low), bins - 1), min(int(high), bins - 1)
        if low_bin == high_bin:
            partial[low_bin] += high - low
            continue
        partial[low_bin] += low_bin + 1 - low
        partial[high_bin] += high - high_bin
        whole[low_bin + 1] += 1
        whole[high_bin] -= 1
    covered = accumulate(whole[:bins])
    return [number + part for number, part in zip(covered, partial, strict=False)]
