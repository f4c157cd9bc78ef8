"""Lists of dicts with the same keys, and arrays of two dimensions, as tables."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

from mfwidgets.pickles.described import ArrayBeginning, is_array
from mfwidgets.pickles.previews.heads import MAX_DESCRIBED_COLUMNS, Column, DataFrameHead, head_of
from mfwidgets.pickles.previews.pandas_arrays import array_column

_MAX_EXAMINED = 10_000

_MIN_RECORDS = 2

_MIN_FILLED = 0.5
"""The share of the fields of a table that must have a value. Dicts with other keys each are not a table."""

_MIN_ROWS = 21
"""An array with fewer rows is shown as a matrix."""

_PLANE = 2

_SCALARS = (str, int, float, bool, type(None))


def records_head(value: Any) -> DataFrameHead | None:
    """Return the table of a list of dicts whose values are scalars. Return None for other values.

    Costs a look at each field of up to 10,000 dicts.
    """
    if not isinstance(value, list | tuple) or not _MIN_RECORDS <= len(value) <= _MAX_EXAMINED:
        return None
    if not all(type(item) is dict and 0 < len(item) <= MAX_DESCRIBED_COLUMNS for item in value):
        return None
    names = dict.fromkeys(key for item in value for key in item)
    if len(names) > MAX_DESCRIBED_COLUMNS or not all(isinstance(name, str) for name in names):
        return None
    if sum(map(len, value)) < _MIN_FILLED * len(names) * len(value):
        return None
    if not all(isinstance(field, _SCALARS) for item in value for field in item.values()):
        return None
    columns = [_column([item.get(name) for item in value]) for name in names]
    return head_of((len(value), len(names)), list(names), Column.of(range(len(value))), columns)


def columns_head(array: Any) -> DataFrameHead | None:
    """Return the table of an array of numbers of two dimensions, with a column for each of its columns.

    Return None for other values, and for arrays with many columns or few rows.
    """
    sample = array.sample if isinstance(array, ArrayBeginning) else array
    if not is_array(sample) or sample.ndim != _PLANE or sample.dtype.kind not in "iufb":
        return None
    rows, columns = array.shape
    if rows < _MIN_ROWS or rows < columns or columns > MAX_DESCRIBED_COLUMNS or sample.shape[1] != columns:
        return None
    return head_of(
        (rows, columns),
        range(columns),
        Column.of(range(rows)),
        [array_column(sample[:, place]) for place in range(columns)],
    )


def _column(values: Sequence[Any]) -> Column:
    """Return a column, with the names of the types of its first values as its type."""
    kinds = dict.fromkeys(type(value).__name__ for value in islice(values, _MAX_EXAMINED) if value is not None)
    column = Column.of(values)
    return Column(column.length, column.values, " or ".join(kinds))
