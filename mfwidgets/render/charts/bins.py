"""Bins of histograms, with round limits."""

import math
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from mfwidgets.render.charts.axes import Axis
from mfwidgets.render.charts.model import quantile
from mfwidgets.render.charts.scale import power_of_ten
from mfwidgets.render.numbers import number_text

_MIN_BINS, _MAX_BINS = 5, 40


class Bin(NamedTuple):
    """A range of values and how many are in it. For a category, the range is around its place."""

    low: float
    high: float
    size: int
    label: str


def bins_of(axis: Axis, values: Sequence[object]) -> tuple[Bin, ...]:
    """Return the bins of values, from the lowest to the highest. Empty if no value has a place.

    The number of bins follows the rule of Freedman and Diaconis. On a logarithmic axis the bins have equal factors.
    """
    places = [place for place in axis.places(values) if place is not None]
    if axis.categories:
        counts = Counter(places)
        return tuple(
            Bin(number - 0.5, number + 0.5, counts[float(number)], name) for number, name in enumerate(axis.names)
        )
    if not places:
        return ()
    if axis.log:
        ordered = sorted(map(math.log10, places))
        edges = [power_of_ten(edge) for edge in _edges(ordered, is_round=False)]
    else:
        ordered = sorted(places)
        edges = _edges(ordered, is_round=True)
    edges[0], edges[-1] = min(edges[0], *places), max(edges[-1], *places)
    counts_by_bin = [0] * (len(edges) - 1)
    number = 0
    for place in sorted(places):
        while number < len(counts_by_bin) - 1 and place >= edges[number + 1]:
            number += 1
        counts_by_bin[number] += 1
    return tuple(
        Bin(low, high, count, f"{number_text(low)} to {number_text(high)}")
        for (low, high), count in zip(pairwise(edges), counts_by_bin, strict=True)
    )


def _edges(ordered: Sequence[float], *, is_round: bool) -> list[float]:
    """Return the limits of the bins of sorted numbers."""
    low, high = ordered[0], ordered[-1]
    span = high / 2 - low / 2  # half, because the difference of two floats can be infinite
    if span == 0:
        pad = abs(low) * 0.01 or 1.0
        lower, upper = low - pad, low + pad
        return [lower, upper] if math.isfinite(lower) and math.isfinite(upper) and lower < upper else [low, low]
    spread = quantile(ordered, 0.75) / 2 - quantile(ordered, 0.25) / 2
    width = 2 * spread / len(ordered) ** (1 / 3)
    wished = span / width if width > 0 else math.sqrt(len(ordered))
    count = min(max(math.ceil(wished), min(_MIN_BINS, len(set(ordered)))), _MAX_BINS)
    step = span / count * 2
    if is_round:
        step = _round_step(step)
        first, last = math.floor(low / step), math.floor(high / step) + 1
        edges = [number * step for number in range(first, last + 1)]
        if len(edges) <= 2 * _MAX_BINS and all(map(math.isfinite, edges)) and len(set(edges)) == len(edges):
            return edges
    return [low + span / count * 2 * number if math.isfinite(span * 2) else low for number in range(count)] + [high]


def _round_step(step: float) -> float:
    """Return the nearest of 1, 2, 2.5 and 5 times a power of ten."""
    if step < sys.float_info.min:  # it has few digits, and no logarithm if it is 0
        return step or sys.float_info.min
    power = 10.0 ** math.floor(math.log10(step))
    if power == 0 or not math.isfinite(power * 10):
        return step
    return min((factor * power for factor in (1, 2, 2.5, 5, 10)), key=lambda width: abs(math.log(width / step)))
