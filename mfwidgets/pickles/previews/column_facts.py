"""The facts about each column of a table: its type, missing values, range, distribution and most frequent values."""

import math
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from mfwidgets.deadline import check_deadline
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.pickles.described import GlobalRef
from mfwidgets.pickles.previews.heads import UNREAD, Column, DataFrameHead, TimeText
from mfwidgets.pickles.previews.numbers import Numbers, is_number_sequence, numbers_of
from mfwidgets.pickles.value_text import plain_or_described

MAX_EXAMINED, _MAX_EXAMINED_VALUES = 10_000, 150_000
"""The rows that are examined in a column that is not an array of numbers, and the values in all columns together.

Each takes about a microsecond.
"""

_MAX_FREQUENT = 3

_COUNTED = (str, bytes, bool, int, float)
"""The types whose values are counted. Values of other types can be slow to hash and compare."""

_MAX_COUNTED_CHARS = 1_000


@fast_dataclass(frozen=True, slots=True)
class ColumnFacts:
    """Facts about a column.

    Attributes
    ----------
    name
        Its name. Any plain value.
    dtype
        Its type, as its package writes it: ``float64``, ``category``. Empty if it is unknown.
    examined
        The number of rows that the other facts describe: the first ones. 0 for a column of an unknown kind.
    missing
        How many of them have no value: None, NaN, NaT or NA.
    low, high
        The smallest and the largest value: numbers, or times as text. None for others.
    numbers
        The distribution of numbers, and of times as numbers. None for other columns.
    distinct
        The number of different values. None if they are not counted.
    frequent
        The most frequent values with their counts. Empty if all values differ.
    """

    name: Any
    dtype: str = ""
    examined: int = 0
    missing: int = 0
    low: Any = None
    high: Any = None
    numbers: Numbers | None = None
    distinct: int | None = None
    frequent: tuple[tuple[Any, int], ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """The facts as data."""
        return {
            "name": plain_or_described(self.name),
            "dtype": self.dtype or None,
            "examined": self.examined,
            "missing": self.missing,
            "min": self.low,
            "max": self.high,
            "mean": self.numbers.mean if self.numbers and not isinstance(self.low, str) else None,
            "histogram": list(self.numbers.bins) if self.numbers else None,
            "distinct": self.distinct,
            "frequent": [{"value": plain_or_described(value), "count": count} for value, count in self.frequent],
        }


def column_facts(head: DataFrameHead, limit: int) -> tuple[ColumnFacts, ...]:
    """Return the facts about the first columns of a table. Costs a few passes over each of these columns."""
    columns = list(islice(head.described, limit))
    rows = min(MAX_EXAMINED, _MAX_EXAMINED_VALUES // max(len(columns), 1))
    return tuple(_facts_of(name, column, rows) for name, column in columns)


def _facts_of(name: Any, column: Column | None, rows: int) -> ColumnFacts:
    """Return the facts about a column. A column that cannot be read must not hide the others."""
    check_deadline()
    if column is None:
        return ColumnFacts(name)
    try:
        array = column.array() if column.array else None
        if array is None or array.dtype.kind not in "iufmM":
            return _facts_of_values(name, column, rows)
        return (
            _facts_of_times(name, column, array) if array.dtype.kind in "mM" else _facts_of_numbers(name, column, array)
        )
    except Exception:  # noqa: BLE001 - a strange pickle can cause nearly any error
        return ColumnFacts(name, column.dtype)


def _facts_of_numbers(name: Any, column: Column, array: Any) -> ColumnFacts:
    numbers = numbers_of(array)
    if numbers is None:  # there are no rows
        return ColumnFacts(name, column.dtype)
    low, high = numbers.low, numbers.high
    if column.whole and low is not None and high is not None:  # integers with missing values are in an array of floats
        low, high = int(low), int(high)
    return ColumnFacts(name, column.dtype, numbers.count, numbers.missing, low, high, numbers)


def _facts_of_times(name: Any, column: Column, array: Any) -> ColumnFacts:
    import numpy as np

    valid = np.flatnonzero(~np.isnat(array))
    missing = len(array) - len(valid)
    if not len(valid):
        return ColumnFacts(name, column.dtype, len(array), missing)
    times = array[valid].astype("i8")
    low, high = (
        column.values(place, place + 1)[0] for place in (int(valid[times.argmin()]), int(valid[times.argmax()]))
    )
    numbers = numbers_of(times.astype(float))
    return ColumnFacts(name, column.dtype, len(array), missing, low, high, numbers)


def _facts_of_values(name: Any, column: Column, rows: int) -> ColumnFacts:
    values = column.head(rows)
    if any(value is UNREAD for value in values):
        return ColumnFacts(name, column.dtype)
    present = [value for value in values if not is_missing(value)]
    examined, missing = len(values), len(values) - len(present)
    numbers = numbers_of(present) if is_number_sequence(present) else None
    if numbers is not None:
        return ColumnFacts(name, column.dtype, examined, missing, numbers.low, numbers.high, numbers)
    if not all(isinstance(value, _COUNTED) and _is_short(value) for value in present):
        return ColumnFacts(name, column.dtype, examined, missing)
    counts = Counter(_keys(present))
    frequent = counts.most_common(_MAX_FREQUENT) if len(counts) < len(present) else []
    return ColumnFacts(
        name,
        column.dtype,
        examined,
        missing,
        distinct=len(counts),
        frequent=tuple((value, count) for (_, value), count in frequent),
    )


def _keys(values: list[Any]) -> Iterator[tuple[type, Any]]:
    """Yield each value with its type, because True equals 1."""
    return ((type(value), value) for value in values)


def _is_short(value: Any) -> bool:
    return not isinstance(value, str | bytes) or len(value) <= _MAX_COUNTED_CHARS


def is_missing(value: Any) -> bool:
    """Return whether a value of a table is missing: None, NaN, NaT, or pandas' NA."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    if isinstance(value, TimeText):
        return value == "NaT"
    return isinstance(value, GlobalRef) and value.name == "NA"
