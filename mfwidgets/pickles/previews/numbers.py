"""The facts that describe many numbers: how many, how many are missing, their range, mean and distribution."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.pickles.described import ArrayBeginning, is_array

MAX_BINS = 24
"""The number of bins of a histogram."""

MAX_POINTS = 240
"""The maximum number of points of a curve. A longer one keeps the extremes of each piece."""

_KINDS = "iuf"
"""The kinds of numpy's dtypes that are numbers: int, unsigned int, float."""


@fast_dataclass(frozen=True, slots=True)
class Numbers:
    """Facts about many numbers.

    Attributes
    ----------
    count
        The number of all values, with the missing ones.
    missing
        The number of values that are None or NaN.
    infinite
        The number of infinite values. They are not part of the facts below.
    low, high
        The smallest and the largest number. None if there are none.
    mean
        Their mean. None if it is too large for a float.
    whole
        Whether all are integers.
    bins
        How many numbers are in each of equal intervals from ``low`` to ``high``. For few different integers, one
        interval for each.
    points
        The values in order, at most 240. Empty for values of several dimensions. A missing value is None.
    places
        The place of each point among all values.
    """

    count: int
    missing: int = 0
    infinite: int = 0
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    whole: bool = False
    bins: tuple[int, ...] = ()
    points: tuple[float | None, ...] = ()
    places: tuple[int, ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """The facts as data."""
        return {
            "count": self.count,
            "missing": self.missing,
            "infinite": self.infinite,
            "min": self.low,
            "max": self.high,
            "mean": self.mean,
            "histogram": list(self.bins),
        }


def numbers_of(value: Any) -> Numbers | None:
    """Return the facts about an array or a sequence of numbers. Return None for other values, and for empty ones.

    Costs a few passes over the numbers. Booleans are not numbers.
    """
    if isinstance(value, ArrayBeginning):
        value = value.sample
    if is_array(value):
        return _array_numbers(value) if value.dtype.kind in _KINDS and value.size else None
    if not is_number_sequence(value):
        return None
    if len(value) <= MAX_POINTS:
        return _short_numbers(value)
    import numpy as np

    try:
        array = np.array([math.nan if item is None else item for item in value], dtype=float)
    except OverflowError:  # an int beyond the floats
        return None
    numbers = _array_numbers(array, whole=all(type(item) is int or item is None for item in value))
    finite = [item for item in value if item is not None and math.isfinite(item)]  # exact, unlike floats of large ints
    return replace(numbers, low=min(finite), high=max(finite)) if finite else numbers


def _short_numbers(value: Sequence[float | None]) -> Numbers | None:
    """Return the facts about a short list, as for an array. Does not import numpy, which takes as long as a display."""
    try:
        real = [math.nan if item is None else float(item) for item in value]
    except OverflowError:  # an int beyond the floats
        return None
    missing, infinite = sum(map(math.isnan, real)), sum(map(math.isinf, real))
    points = tuple(item if math.isfinite(item) else None for item in real)
    finite = [item for item in real if math.isfinite(item)]
    if not finite:
        return Numbers(len(real), missing, infinite, points=points, places=tuple(range(len(real))))
    exact = [item for item in value if item is not None and math.isfinite(item)]
    whole = all(type(item) is int or item is None for item in value)
    total = sum(finite) / len(finite)
    bins = _short_bins(finite, min(finite), max(finite), whole=whole)
    mean = total if math.isfinite(total) else None
    places = tuple(range(len(real)))
    return Numbers(len(real), missing, infinite, min(exact), max(exact), mean, whole, bins, points, places)


def _short_bins(finite: Sequence[float], low: float, high: float, *, whole: bool) -> tuple[int, ...]:
    if not low < high or not math.isfinite(high - low):
        return ()
    is_counted = whole and high - low < MAX_BINS
    bins = [0] * (int(high - low) + 1 if is_counted else MAX_BINS)
    for item in finite:
        place = int(item - low) if is_counted else int((item - low) / (high - low) * MAX_BINS)
        bins[min(max(place, 0), len(bins) - 1)] += 1
    return tuple(bins)


def is_number_sequence(value: Any) -> bool:
    """Return whether a value is a list or similar of numbers. Some of them may be None."""
    if not isinstance(value, list | tuple | deque) or not len(value):
        return False
    return all(type(item) in (int, float) or item is None for item in value) and any(item is not None for item in value)


def _array_numbers(array: Any, *, whole: bool | None = None) -> Numbers:
    import numpy as np

    flat = array.ravel()
    whole = array.dtype.kind in "iu" if whole is None else whole
    with np.errstate(all="ignore"):
        real = flat.astype(float)
        finite = real[np.isfinite(real)]
        missing, infinite = int(np.isnan(real).sum()), int(np.isinf(real).sum())
        points, places = _points(real) if array.ndim == 1 else ((), ())
        if not finite.size:
            return Numbers(len(real), missing, infinite, points=points, places=places)
        low, high, mean = float(finite.min()), float(finite.max()), float(finite.mean())
        exact = array.dtype.kind in "iu"
        ends = (int(flat.min()), int(flat.max())) if exact else (low, high)
        bins = _bins(finite, low, high, whole=whole)
    finite_mean = mean if math.isfinite(mean) else None
    return Numbers(len(real), missing, infinite, ends[0], ends[1], finite_mean, whole, bins, points, places)


def _bins(finite: Any, low: float, high: float, *, whole: bool) -> tuple[int, ...]:
    """Return a histogram. Empty if the range is too large for a float, or if all numbers are equal."""
    import numpy as np

    if not low < high or not math.isfinite(high - low):
        return ()
    if whole and high - low < MAX_BINS:
        return tuple(np.bincount((finite - low).astype(int), minlength=int(high - low) + 1).tolist())
    places = np.clip((finite - low) / (high - low) * MAX_BINS, 0, MAX_BINS - 1)
    return tuple(np.bincount(places.astype(int), minlength=MAX_BINS).tolist())


def _points(real: Any) -> tuple[tuple[float | None, ...], tuple[int, ...]]:
    """Return the values of a curve and their places. A long curve keeps the smallest and the largest value of each piece."""
    import numpy as np

    places = np.arange(len(real))
    if len(real) > MAX_POINTS:
        places = np.concatenate([_extremes(real, piece) for piece in np.array_split(places, MAX_POINTS // 2)])
    points = tuple(value if math.isfinite(value) else None for value in real[places].tolist())
    return points, tuple(places.tolist())


def _extremes(real: Any, piece: Any) -> Any:
    """Return the places of the smallest and the largest value of a piece, in order."""
    import numpy as np

    finite = piece[np.isfinite(real[piece])]
    if not finite.size:
        return piece[:1]
    return np.unique([finite[real[finite].argmin()], finite[real[finite].argmax()]])


def matrix_of(value: Any, most: int) -> list[list[float]] | None:
    """Return the rows of a small matrix of numbers: an array, or lists of equal length. Return None for other values.

    Parameters
    ----------
    value
        Any plain value.
    most
        The maximum number of rows and of columns.
    """
    if is_array(value):
        small = value.ndim == 2 and value.dtype.kind in _KINDS and 0 < min(value.shape) <= max(value.shape) <= most  # noqa: PLR2004
        return [list(row) for row in value.tolist()] if small else None
    if not isinstance(value, list | tuple) or not 2 <= len(value) <= most:  # noqa: PLR2004 - one row is not a matrix
        return None
    lengths = {len(row) if isinstance(row, list | tuple) else 0 for row in value}
    if len(lengths) != 1 or not 2 <= max(lengths) <= most:  # noqa: PLR2004 - as above
        return None
    return [list(row) for row in value] if all(map(_is_all_numbers, value)) else None


def _is_all_numbers(row: Sequence[Any]) -> bool:
    return all(type(item) in (int, float) for item in row)
