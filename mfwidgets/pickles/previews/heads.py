"""The first rows of a table, and the first values of a column, as far as a pickle's layout is known."""

from collections.abc import Callable, Sequence
from dataclasses import field
from itertools import islice
from typing import Any

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.pickles.value_text import duration_text

MAX_ROWS, MAX_COLUMNS = 10, 12
"""The rows and columns of which the values are shown."""

MAX_DESCRIBED_COLUMNS = 60
"""The columns of which the type, the range and the missing values are described."""


class TimeText(str):
    """A time or a duration as text. It is shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


UNREAD = TimeText("…")
"""Replaces a value of an unknown kind."""


@fast_dataclass(frozen=True, slots=True)
class DataFrameHead:
    """The first rows and columns of a table.

    Attributes
    ----------
    shape
        The number of rows and columns of the whole table.
    columns, index, rows
        The names of the first columns, the labels of the first rows, and the values. Times with a zone are in UTC.
        Values of an unknown kind are :data:`UNREAD`.
    described
        The names and the values of up to 60 columns, for :func:`column_facts`. A column of an unknown kind is None.
    """

    shape: tuple[int, int]
    columns: tuple[Any, ...]
    index: tuple[Any, ...]
    rows: tuple[tuple[Any, ...], ...]
    described: "tuple[tuple[Any, Column | None], ...]" = field(default=(), compare=False, repr=False)


@fast_dataclass(frozen=True, slots=True)
class Column:
    """A column or an index. Only its first values are converted, however long it is.

    Attributes
    ----------
    length
        The number of all its values.
    values
        Returns the values from one place to before another. Missing values are None.
    dtype
        The name of its type, as its package writes it. Empty if it is unknown.
    array
        Returns all values as an array of numpy, if they are numbers or times. A missing number is NaN. It is faster than
        ``values``. None if there is no such array.
    whole
        Whether the numbers are integers, although some may be missing.
    """

    length: int
    values: Callable[[int, int], list[Any]]
    dtype: str = ""
    array: Callable[[], Any] | None = None
    whole: bool = False

    @classmethod
    def of(cls, values: Sequence[Any]) -> "Column":
        """Return a column of values that are in memory."""
        return cls(len(values), lambda start, stop: list(values[start:stop]))

    def head(self, count: int) -> list[Any]:
        """Return the first values."""
        return self.values(0, min(count, self.length))


def head_of(
    shape: tuple[int, int], names: Sequence[Any], labels: Column, columns: Sequence[Column | None]
) -> DataFrameHead:
    """Return the head of a table from its first columns. A column that is None is unread.

    A column that cannot be read must not hide the others.
    """
    rows = range(min(shape[0], MAX_ROWS))
    values = [_first_values(column) for column in columns[:MAX_COLUMNS]]
    return DataFrameHead(
        shape,
        tuple(names[:MAX_COLUMNS]),
        tuple(labels.head(MAX_ROWS)),
        tuple(tuple(column[row] if row < len(column) else UNREAD for column in values) for row in rows),
        tuple(islice(zip(names, columns, strict=False), MAX_DESCRIBED_COLUMNS)),
    )


def _first_values(column: Column | None) -> list[Any]:
    try:
        return column.head(MAX_ROWS) if column else []
    except Exception:  # noqa: BLE001 - a strange pickle can cause nearly any error
        return []


class UnknownLayoutError(Exception):
    """The pickled form is unknown. It is not interpreted."""


def numpy_values(values: Any) -> list[Any]:
    """Return the values of an array. Times and durations are texts, as pandas writes them."""
    if values.dtype.kind == "m":
        return [
            TimeText("NaT" if value is None else duration_text(value))
            for value in values.astype("timedelta64[us]").tolist()
        ]
    return list(map(_time_text, values)) if values.dtype.kind == "M" else list(values.tolist())


def _time_text(value: Any) -> TimeText:
    """Return one of numpy's times as text, without trailing zeros of the fraction."""
    text = str(value).replace("T", " ") if str(value) != "NaT" else "NaT"
    return TimeText(text.rstrip("0").removesuffix(".") if "." in text else text)
