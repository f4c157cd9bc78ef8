"""The first rows of a table, and the first values of a column, as far as a pickle's layout is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

MAX_ROWS, MAX_COLUMNS = 5, 12

UNREAD = "…"
"""Replaces a value of an unknown kind."""


@dataclass(frozen=True, slots=True)
class DataFrameHead:
    """The first rows and columns of a table.

    Attributes
    ----------
    shape
        The number of rows and columns of the whole table.
    columns, index, rows
        The names of the first columns, the labels of the first rows, and the values. Times with a zone are in UTC.
        Values of an unknown kind are :data:`UNREAD`.
    """

    shape: tuple[int, int]
    columns: tuple[Any, ...]
    index: tuple[Any, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column or an index. Only its first values are converted, however long it is.

    Attributes
    ----------
    length
        The number of all its values.
    values
        Returns the values from one place to before another. Missing values are None.
    """

    length: int
    values: Callable[[int, int], list[Any]]

    @classmethod
    def of(cls, values: Sequence[Any]) -> "Column":
        """Return a column of values that are in memory."""
        return cls(len(values), lambda start, stop: list(values[start:stop]))

    def head(self, count: int) -> list[Any]:
        """Return the first values."""
        return self.values(0, min(count, self.length))


class UnknownLayoutError(Exception):
    """The pickled form is unknown. It is not interpreted."""
