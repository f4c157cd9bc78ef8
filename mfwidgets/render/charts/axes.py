"""Axes of charts: their label and unit, and which values have a place on them."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.hidden_characters import visible
from mfwidgets.render.numbers import as_number, finite, number_text
from mfwidgets.safe_repr import repr_of
from mfwidgets.times import YEAR_3000

_MAX_CHARS = 60
"""Characters of a category's name. A longer name is cut."""

_MAX_DISTINCT_NUMBERS = 0.5
"""An axis is numeric if at least this fraction of its values are numbers."""


@fast_dataclass(frozen=True, slots=True)
class Axis:
    """An axis.

    Attributes
    ----------
    label
        The name of what it measures.
    unit
        The unit of its numbers. Ticks of ``s`` are written as durations.
    log
        Whether it is logarithmic. Then numbers of 0 and less have no place on it.
    time
        Whether its numbers are milliseconds since the epoch.
    categories
        The names along the axis. Empty for an axis of numbers.
    others
        The number of further categories, which share one place after the named ones.
    """

    label: str
    unit: str = ""
    log: bool = False
    time: bool = False
    categories: tuple[str, ...] = ()
    others: int = 0

    @property
    def title(self) -> str:
        """The label with its unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all places of an axis with categories."""
        return (*self.categories, f"{self.others:,} others") if self.others else self.categories

    def places(self, values: Iterable[object]) -> list[float | None]:
        """Return the place of each value: its number, or the number of its category. None if it has no place."""
        if self.categories:
            place_of = {name: float(number) for number, name in enumerate(self.categories)}
            rest = float(len(self.categories)) if self.others else None
            return [None if is_missing(value) else place_of.get(category_of(value), rest) for value in values]
        numbers = map(as_number, values)
        if self.log:
            return [number if number is not None and number > 0 else None for number in numbers]
        if self.time:
            return [number if number is not None and 0 <= number < YEAR_3000 else None for number in numbers]
        return list(numbers)

    def text(self, value: object) -> str:
        """Return a value of this axis as text."""
        if is_missing(value):
            return ""
        return number_text(value) or category_of(value)

    def limited(self, count: int) -> "Axis":
        """Return the axis with at most ``count`` places: the first categories, and one place for the rest."""
        if len(self.names) <= count:
            return self
        kept = self.categories[: count - 1]
        return replace(self, categories=kept, others=self.others + len(self.categories) - len(kept))


def is_missing(value: object) -> bool:
    """Return whether a value is None or NaN: it is not a category either."""
    return value is None or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN differs from itself


def category_of(value: object) -> str:
    """Return the name of a value's category."""
    text = value if isinstance(value, str) else number_text(value) or repr_of(value, _MAX_CHARS)
    text = visible(text[: 2 * _MAX_CHARS])
    return text if len(text) <= _MAX_CHARS else f"{text[: _MAX_CHARS - 1]}…"


def axis_of(label: str, values: Sequence[object], unit: str = "", *, log: bool | None = None) -> Axis:
    """Return the axis that fits the values: numbers, logarithmic if the values are skewed, or categories.

    Parameters
    ----------
    label, unit
        As of :class:`Axis`.
    values
        The values. If most are numbers, the axis has numbers, and other values have no place on it.
    log
        Whether a numeric axis is logarithmic. None decides by the values.
    """
    present = [value for value in values if not is_missing(value)]
    numbers = [number for number in map(as_number, present) if number is not None]
    if len(numbers) >= _MAX_DISTINCT_NUMBERS * len(present):
        return Axis(label, unit, log=prefers_log(numbers) if log is None else log)
    counts = Counter(map(category_of, present))
    by_count = sorted(counts, key=lambda name: (-counts[name], name))
    return Axis(label, unit, categories=tuple(by_count))


def prefers_log(values: Iterable[object]) -> bool:
    """Return whether a logarithmic axis shows these values better: all above 0, over a factor of 50, and skewed."""
    numbers = sorted(finite(values))
    if len(set(numbers)) < _MIN_DISTINCT or numbers[0] <= 0 or numbers[-1] / _MIN_FACTOR < numbers[0]:
        return False
    low, middle, high = (math.log10(number) for number in (numbers[0], numbers[len(numbers) // 2], numbers[-1]))
    linear = (numbers[len(numbers) // 2] - numbers[0]) / (numbers[-1] - numbers[0])
    return abs((middle - low) / (high - low) - 0.5) < abs(linear - 0.5)


_MIN_DISTINCT = 3
_MIN_FACTOR = 50
