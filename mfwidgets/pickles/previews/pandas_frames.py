"""Reads shape, columns and first rows of a pickled DataFrame or Series without unpickling.

This is best effort: the pickled form differs between versions of pandas. An unknown form is not interpreted.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mfwidgets.pickles.described import GlobalRef, ReducedCall
from mfwidgets.pickles.previews.heads import MAX_DESCRIBED_COLUMNS, Column, DataFrameHead, head_of
from mfwidgets.pickles.previews.pandas_arrays import array_column, index_column
from mfwidgets.pickles.safe_loads import is_frame

_SERIES = {("pandas", "Series"), ("pandas.core.series", "Series")}

_NA_MODULES = ("pandas", "pandas._libs.missing")

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
    if is_frame(described):
        return _frame(described.state["_mgr"])
    if name in _SERIES:
        return _series(described.state["_mgr"], described.state.get("_name"))
    return None


def _values(column: Column, name: Any) -> DataFrameHead:
    return head_of((column.length, 1), [name], Column.of(range(column.length)), [column])


def _frame(manager: ReducedCall) -> DataFrameHead:
    blocks, (columns, index) = manager.args
    names, labels = index_column(columns), index_column(index)
    described = range(min(names.length, MAX_DESCRIBED_COLUMNS))
    columns_by_place: dict[int, Column | None] = {}
    places_left = _MAX_PLACES
    for block in blocks:
        values, placement, _ = block.args
        if not isinstance(placement, slice):
            places_left -= len(placement)
            if places_left < 0:
                return DataFrameHead((labels.length, names.length), (), (), ())
        for place, row in _rows_by_place(placement, names.length, described):
            if place not in columns_by_place:
                columns_by_place[place] = _column_or_none(values, row)
    columns_in_order = [columns_by_place[place] for place in described]
    return head_of((labels.length, names.length), names.head(MAX_DESCRIBED_COLUMNS), labels, columns_in_order)


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
    return head_of((labels.length, 1), [name], labels, [_column_or_none(values[0], 0)])


def _column_or_none(values: Any, row: int) -> Column | None:
    """Return a column. None for a column of an unknown kind, which must not hide the others."""
    try:
        column = array_column(values, row)
        return replace(column, values=lambda start, stop: list(map(_none_for_na, column.values(start, stop))))
    except Exception:  # noqa: BLE001 - a strange pickle can cause nearly any error
        return None


def _none_for_na(value: Any) -> Any:
    return None if isinstance(value, GlobalRef) and value.name == "NA" and value.module in _NA_MODULES else value
