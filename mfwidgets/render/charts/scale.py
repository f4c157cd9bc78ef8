"""Scales: from a place on an axis to pixels, and the ticks of an axis."""

import math
import sys
from collections.abc import Iterable

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.render.charts.axes import Axis
from mfwidgets.render.charts.ticks import COUNT, Tick, duration_ticks, linear_ticks, log_ticks, time_ticks

_PAD = 0.04
"""The empty part at each end of an axis, so that marks do not touch the frame."""

_LARGEST = sys.float_info.max
_SMALLEST = sys.float_info.min


@fast_dataclass(frozen=True, slots=True)
class Scale:
    """An axis with its limits, and its first and last pixel."""

    axis: Axis
    low: float
    high: float
    start: float
    end: float

    def share(self, place: float) -> float:
        """Return the position of a place between the limits, from 0 to 1."""
        if self.axis.log:
            low, high, at = math.log10(self.low), math.log10(self.high), math.log10(place)
        else:
            # Half of each, because the difference of two floats can be infinite.
            low, high, at = self.low / 2, self.high / 2, place / 2
        return (at - low) / (high - low) if high > low else 0.5

    def at(self, place: float) -> float:
        """Return the pixel of a place."""
        return self.start + self.share(place) * (self.end - self.start)

    def ticks(self, count: int = COUNT) -> tuple[Tick, ...]:
        """Return the ticks of the axis."""
        if self.axis.categories:
            return tuple(Tick(float(number), name) for number, name in enumerate(self.axis.names))
        if self.axis.time:
            return time_ticks(self.low, self.high, count)
        if self.axis.log:
            return log_ticks(self.low, self.high, count)
        if self.axis.unit == "s":
            return duration_ticks(self.low, self.high, count)
        return linear_ticks(self.low, self.high, count)


def scale_of(axis: Axis, places: Iterable[float | None], start: float, end: float, *, zero: bool = False) -> Scale:
    """Return the scale that holds all places.

    Parameters
    ----------
    zero
        Whether the scale begins at 0, for bars. It ignores ``zero`` if the axis is logarithmic.
    """
    if axis.categories:
        return Scale(axis, -0.5, len(axis.names) - 0.5, start, end)
    present = [place for place in places if place is not None]
    if not present:
        # A day for times: ticks of an empty axis must be readable.
        return Scale(axis, *((1.0, 10.0) if axis.log else (0.0, 86_400_000.0) if axis.time else (0.0, 1.0)), start, end)
    low, high = min(present), max(present)
    if axis.log:
        return Scale(axis, *_log_limits(low, high), start, end)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    return Scale(axis, *_limits(low, high, zero=zero, time=axis.time, unit=axis.unit), start, end)


def _log_limits(low: float, high: float) -> tuple[float, float]:
    first, last = math.log10(low), math.log10(high)
    pad = (last - first) * _PAD or 0.3
    return min(power_of_ten(first - pad), low), max(power_of_ten(last + pad), high)  # low can be subnormal


def power_of_ten(exponent: float) -> float:
    """Return a power of ten, at least the smallest normal float and at most the largest float."""
    return math.pow(10.0, min(max(exponent, math.log10(_SMALLEST)), math.log10(_LARGEST) - 1e-9))


def _limits(low: float, high: float, *, zero: bool, time: bool, unit: str) -> tuple[float, float]:
    pad = (high / 2 - low / 2) * 2 * _PAD
    if pad == 0:
        pad = 60_000.0 if time else max(abs(low) * 0.05, 1e-12 if low else 1.0)
    floor = 0.0 if unit == "s" and low >= 0 else -_LARGEST  # no duration is negative
    lower = low if zero and low == 0 else max(low - pad, floor)
    upper = high if zero and high == 0 else min(high + pad, _LARGEST)
    if lower == upper:
        return 0.0, 1.0
    return (max(lower, 0.0), upper) if time else (lower, upper)
