"""Reads shape, columns and first rows of a pickled DataFrame or Series without unpickling.

This is best effort: the pickled form differs between versions of pandas. An unknown form is not interpreted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mfwidgets.pickles.safe_loads import GlobalRef, ReducedCall

_FRAMES = {("pandas", "DataFrame"), ("pandas.core.frame", "DataFrame")}
_SERIES = {("pandas", "Series"), ("pandas.core.series", "Series")}
_MAX_COLUMNS, _MAX_ROWS = 12, 5
_BLOCK_DIMENSIONS = 2
"""A block of several columns is a two-dimensional array."""


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


UNREAD = "…"


class _UnknownLayoutError(Exception):
    """The pickled form is unknown."""


def dataframe_head(described: Any) -> DataFrameHead | None:
    """Return the head of a DataFrame or Series that :func:`describe_pickle` described. Return None for other objects."""
    if (
        not isinstance(described, ReducedCall)
        or not isinstance(described.of, GlobalRef)
        or not isinstance(described.state, dict)
    ):
        return None
    name = (described.of.module, described.of.name)
    try:
        if name in _FRAMES:
            return _frame(described.state["_mgr"])
        if name in _SERIES:
            return _series(described.state["_mgr"], described.state.get("_name"))
    except Exception:  # noqa: BLE001 - a strange pickle can cause nearly any error
        return None
    return None


def _frame(manager: ReducedCall) -> DataFrameHead:
    blocks, (columns, index) = manager.args
    names, labels = _Labels(columns), _Labels(index)
    shown = range(min(len(names), _MAX_COLUMNS))
    columns_by_place: dict[int, list[Any]] = {}
    for block in blocks:
        values, placement, _ = block.args
        places = range(*placement.indices(len(names))) if isinstance(placement, slice) else list(map(int, placement))
        for place in shown:
            if place in places:
                columns_by_place[place] = _head_or_unread(values, places.index(place))
    rows = tuple(
        tuple(columns_by_place[place][number] for place in shown) for number in range(min(len(labels), _MAX_ROWS))
    )
    return DataFrameHead(
        (len(labels), len(names)), tuple(names.head(_MAX_COLUMNS)), tuple(labels.head(_MAX_ROWS)), rows
    )


def _series(manager: ReducedCall, name: Any) -> DataFrameHead:
    axes, values, *_ = manager.state
    labels = _Labels(axes[0])
    rows = tuple((value,) for value in _head_or_unread(values[0], 0)[: min(len(labels), _MAX_ROWS)])
    return DataFrameHead((len(labels), 1), (name,), tuple(labels.head(_MAX_ROWS)), rows)


class _Labels:
    """The labels of an axis: an Index, a MultiIndex or a RangeIndex."""

    def __init__(self, index: ReducedCall) -> None:
        _, facts = index.args
        self._values: Sequence[Any]
        if "start" in facts:
            self._values = range(facts["start"], facts["stop"], facts["step"])
        elif "levels" in facts:
            levels = [_Labels(level)._values for level in facts["levels"]]
            codes = zip(*(code.tolist() for code in facts["codes"]), strict=True)
            self._values = [
                tuple(level[place] if place >= 0 else None for level, place in zip(levels, row_codes, strict=True))
                for row_codes in codes
            ]
        else:
            self._values = _flat_values(facts["data"])

    def __len__(self) -> int:
        return len(self._values)

    def head(self, count: int) -> list[Any]:
        return list(self._values[:count])


def _head_or_unread(values: Any, row: int) -> list[Any]:
    """Return the first values of a column. A column of an unknown kind must not hide the others."""
    try:
        return [None if _is_missing(value) else value for value in _head(values, row)]
    except Exception:  # noqa: BLE001 - a strange pickle can cause nearly any error
        return [UNREAD] * _MAX_ROWS


def _is_missing(value: Any) -> bool:
    return isinstance(value, GlobalRef) and value.name == "NA" and value.module in ("pandas", "pandas._libs.missing")


def _head(values: Any, row: int) -> list[Any]:
    """Return the first values of a column of a block."""
    if isinstance(values, ReducedCall) and _is_array(values):
        shape, content = values.state[1], values.state[4]
        length = shape[1] if len(shape) == _BLOCK_DIMENSIONS else shape[0]
        first = row * length  # objects are pickled row by row, whatever the memory layout of the array
        return list(content[first : min(first + length, first + _MAX_ROWS)])
    if hasattr(values, "ndim") and values.ndim == _BLOCK_DIMENSIONS:
        return list(_flat_values(values[row, :_MAX_ROWS]))
    return list(_flat_values(values)[:_MAX_ROWS])


def _flat_values(values: Any) -> Sequence[Any]:
    """Return the values of any kind of array as a flat sequence."""
    if isinstance(values, ReducedCall) and _is_array(values):
        return list(values.state[4])
    if isinstance(values, ReducedCall):
        return _extension_values(values)
    if hasattr(values, "ravel"):
        flat = values.ravel()
        if flat.dtype.kind == "m":
            return list(map(str, flat.astype("timedelta64[us]").tolist()))
        return _time_texts(flat) if flat.dtype.kind == "M" else list(flat.tolist())
    raise _UnknownLayoutError


def _extension_values(values: ReducedCall) -> Sequence[Any]:
    """Return the values of pandas' extension arrays: strings, dates, categories, and numbers with missing values."""
    if isinstance(values.state, dict) and "_mask" in values.state:
        masked = zip(values.state["_data"].tolist(), values.state["_mask"].tolist(), strict=True)
        return [None if missing else value for value, missing in masked]
    kind = values.args[0]
    if not isinstance(kind, GlobalRef):
        raise _UnknownLayoutError
    if kind.name == "Categorical":
        categories = _Labels(values.state[0].state["categories"]).head(1_000_000)
        return [categories[code] if code >= 0 else None for code in values.state[1].tolist()]
    if kind.name == "PeriodArray":  # its values are integers, which would be misleading
        raise _UnknownLayoutError
    values_of_array = _flat_values(values.state[1])
    zoned = isinstance(values.state[0], ReducedCall) and getattr(values.state[0].of, "name", "") == "DatetimeTZDtype"
    return [f"{value}+00:00" if value != "NaT" else value for value in values_of_array] if zoned else values_of_array


def _time_texts(values: Any) -> list[str]:
    """Return numpy's times as strings, without trailing zeros of the fraction."""
    return [text.rstrip("0").removesuffix(".") if "." in text else text for text in map(str, values)]


def _is_array(values: ReducedCall) -> bool:
    """Return whether this is a numpy array of objects. Such an array is never constructed."""
    return (
        isinstance(values.of, GlobalRef)
        and values.of.name == "_reconstruct"
        and isinstance(values.state, tuple)
        and isinstance(values.state[4], list)
    )
