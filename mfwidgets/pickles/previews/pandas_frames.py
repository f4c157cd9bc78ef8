"""Reads shape, columns and first rows of a pickled DataFrame or Series without unpickling.

This is best effort: the pickled form differs between versions of pandas. An unknown form is not interpreted.
"""

from collections.abc import Iterator
from typing import Any

from mfwidgets.pickles.described import GlobalRef, ReducedCall
from mfwidgets.pickles.previews.heads import MAX_COLUMNS, MAX_ROWS, UNREAD, Column, DataFrameHead, head_of
from mfwidgets.pickles.previews.pandas_arrays import array_column, index_column

_FRAMES = {("pandas", "DataFrame"), ("pandas.core.frame", "DataFrame")}
_SERIES = {("pandas", "Series"), ("pandas.core.series", "Series")}

_INDEXES = ("_new_Index", "_new_DatetimeIndex")
"""The functions that construct indexes."""

_MAX_PLACES = 1_000_000
"""The maximum number of columns whose place is listed one by one, in all blocks together."""


def pandas_head(described: ReducedCall) -> DataFrameHead | None:
    """Return the head of a DataFrame, Series, Index or array of pandas. Return None for other objects."""
    if not isinstance(described.of, GlobalRef):
        return None
    name = (described.of.module, described.of.name)
    if name[1] in _INDEXES:
        return _values(index_column(described), described.args[1].get("name"))
    if name[1] == "__pyx_unpickle_NDArrayBacked":
        return _values(array_column(described), "value")
    if name in _FRAMES:
        return _frame(described.state["_mgr"])
    if name in _SERIES:
        return _series(described.state["_mgr"], described.state.get("_name"))
    return None


def _values(column: Column, name: Any) -> DataFrameHead:
    return head_of((column.length, 1), [name], Column.of(range(column.length)), [column])


def _frame(manager: ReducedCall) -> DataFrameHead:
    blocks, (columns, index) = manager.args
    names, labels = index_column(columns), index_column(index)
    shown = range(min(names.length, MAX_COLUMNS))
    columns_by_place: dict[int, list[Any]] = {}
    places_left = _MAX_PLACES
    for block in blocks:
        values, placement, _ = block.args
        if not isinstance(placement, slice):
            places_left -= len(placement)
            if places_left < 0:
                return DataFrameHead((labels.length, names.length), (), (), ())
        for place, row in _rows_by_place(placement, names.length, shown):
            if place not in columns_by_place:
                columns_by_place[place] = _head_or_unread(values, row)
    rows = tuple(
        tuple(columns_by_place[place][number] for place in shown) for number in range(min(labels.length, MAX_ROWS))
    )
    return DataFrameHead(
        (labels.length, names.length), tuple(names.head(MAX_COLUMNS)), tuple(labels.head(MAX_ROWS)), rows
    )


def _rows_by_place(placement: Any, count: int, shown: range) -> Iterator[tuple[int, int]]:
    """Yield each shown column that is in a block, with its row in the block."""
    if isinstance(placement, slice):
        places = range(*placement.indices(count))
        yield from ((place, places.index(place)) for place in shown if place in places)
    else:
        yield from ((int(place), row) for row, place in enumerate(placement) if place in shown)


def _series(manager: ReducedCall, name: Any) -> DataFrameHead:
    axes, values, *_ = manager.state
    labels = index_column(axes[0])
    rows = tuple((value,) for value in _head_or_unread(values[0], 0)[: min(labels.length, MAX_ROWS)])
    return DataFrameHead((labels.length, 1), (name,), tuple(labels.head(MAX_ROWS)), rows)


def _head_or_unread(values: Any, row: int) -> list[Any]:
    """Return the first values of a column. A column of an unknown kind must not hide the others."""
    try:
        return [None if _is_missing(value) else value for value in array_column(values, row).head(MAX_ROWS)]
    except Exception:  # noqa: BLE001 - a strange pickle can cause nearly any error
        return [UNREAD] * MAX_ROWS


def _is_missing(value: Any) -> bool:
    return isinstance(value, GlobalRef) and value.name == "NA" and value.module in ("pandas", "pandas._libs.missing")
