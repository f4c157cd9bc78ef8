"""Reads the first values of pandas' arrays and indexes from their pickles: numpy's, and pandas' own kinds."""

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from mfwidgets.pickles.described import ArrayBeginning, GlobalRef, ReducedCall
from mfwidgets.pickles.previews.arrow_objects import arrow_column
from mfwidgets.pickles.previews.heads import Column, TimeText, UnknownLayoutError, numpy_values
from mfwidgets.pickles.value_text import value_text

_ZONE = re.compile(r"'([^']{1,60})'")

_MAX_ZONE_CHARS = 60

_MAX_LEVELS = 100
"""The maximum number of levels of an index."""

_TWO_DIMENSIONS = 2


def array_column(values: Any, row: int | None = None) -> Column:
    """Return a column of an array.

    Parameters
    ----------
    values
        A numpy array, or the description of an array of objects or of one of pandas' arrays.
    row
        The row of an array of two dimensions. The blocks of a DataFrame have a row for each column.

    Raises
    ------
    UnknownLayoutError
        The kind of array is unknown.
    """
    if isinstance(values, ReducedCall):
        return _extension_array(values)
    return _numpy_array(values, row)


def _numpy_array(values: Any, row: int | None = None) -> Column:
    """Return a column of a numpy array, also of objects. pandas' arrays keep their values in such arrays."""
    shape = values.shape if isinstance(values, ArrayBeginning) else None
    values = values.sample if isinstance(values, ArrayBeginning) else values
    if type(values).__module__ != "numpy" or not hasattr(values, "ravel"):
        raise UnknownLayoutError
    if values.ndim == _TWO_DIMENSIONS and row is not None:
        values, shape = values[row], shape[1:] if shape else None
    flat = values.ravel()
    return Column(
        math.prod(shape) if shape else flat.size,
        lambda start, stop: numpy_values(flat[start:stop]),
        flat.dtype.name,
        lambda: flat,
    )


def _extension_array(values: ReducedCall) -> Column:
    """Return a column of one of pandas' arrays: strings, dates, categories, and numbers with missing values."""
    if isinstance(values.state, dict) and "_mask" in values.state:
        return _masked_array(values.state)
    if isinstance(values.state, dict) and "_pa_array" in values.state:
        column = arrow_column(values.state["_pa_array"])
        dtype = values.state.get("_dtype")
        return replace(column, dtype=_string_dtype(dtype) or f"{column.dtype}[pyarrow]")
    kind = values.args[0]
    if not isinstance(kind, GlobalRef):
        raise UnknownLayoutError
    if kind.name == "Categorical":
        return _categorical(values)
    if kind.name == "PeriodArray":  # its values are integers, which would be misleading
        raise UnknownLayoutError
    dtype, content = values.state[:2]
    column = _numpy_array(content)
    if kind.name.startswith("StringArray"):  # pandas 3 writes NaN for a missing string, pyarrow writes no value
        return Column(
            column.length,
            lambda start, stop: list(map(_none_for_nan, column.values(start, stop))),
            _string_dtype(dtype) or "string",
        )
    if not isinstance(dtype, ReducedCall) or getattr(dtype.of, "name", "") != "DatetimeTZDtype":
        return column
    zone = value_text(dtype.state.get("tz")) if isinstance(dtype.state, dict) else ""
    return Column(
        column.length,
        lambda start, stop: list(map(_zoned, column.values(start, stop))),
        f"{column.dtype.removesuffix(']')}, {_zone_name(zone)}]",
        column.array,
    )


def _string_dtype(dtype: Any) -> str:
    """Return the name of pandas' dtype of strings: ``str`` if a missing value is NaN, else ``string``. Empty for others."""
    if not isinstance(dtype, ReducedCall) or not dtype.name.endswith(".StringDtype"):
        return ""
    return "str" if any(isinstance(arg, float) for arg in dtype.args) else "string"


def _zone_name(text: str) -> str:
    """Return ``Europe/Paris`` from the words for a time zone."""
    quoted = _ZONE.search(text)
    return quoted[1] if quoted else "UTC" if text.endswith("utc") else text[:_MAX_ZONE_CHARS]


def _none_for_nan(value: Any) -> Any:
    return None if isinstance(value, float) else value


def _zoned(value: Any) -> Any:
    return value if value == "NaT" else TimeText(f"{value}+00:00")


def _masked_array(state: Mapping[str, Any]) -> Column:
    values, mask = _numpy_array(state["_data"]), _numpy_array(state["_mask"])

    def unmasked(start: int, stop: int) -> list[Any]:
        masked = zip(values.values(start, stop), mask.values(start, stop), strict=False)
        return [None if missing else value for value, missing in masked]

    def with_nan() -> Any:
        import numpy as np

        data, missing = _beginning(state["_data"]), _beginning(state["_mask"])
        data = data[: missing.size]
        missing = missing[: data.size]
        return data if not missing.any() else np.where(missing, np.nan, data.astype(float))

    kind = state["_data"].dtype.kind
    name = state["_data"].dtype.name
    dtype = "boolean" if kind == "b" else f"UI{name[2:]}" if kind == "u" else name.capitalize()
    return Column(values.length, unmasked, dtype, with_nan if kind in "iuf" else None, kind in "iu")


def _beginning(array: Any) -> Any:
    """Return the values of an array of one dimension, as far as they are in memory."""
    return (array.sample if isinstance(array, ArrayBeginning) else array).ravel()


def _categorical(values: ReducedCall) -> Column:
    dtype, codes = values.state[0], _numpy_array(values.state[1])
    labels = _flat_index(dtype.state["categories"])
    return Column(
        codes.length, lambda start, stop: [_label(labels, code) for code in codes.values(start, stop)], "category"
    )


def _label(labels: Column, code: int) -> Any:
    """Return the label of a code. None for the code of a missing value."""
    return labels.values(code, code + 1)[0] if code >= 0 else None


def index_column(index: Any) -> Column:
    """Return the labels of an axis: of an Index, a MultiIndex or a RangeIndex.

    Raises
    ------
    UnknownLayoutError
        The kind of index is unknown.
    """
    _, facts = index.args
    return _multi_index(facts) if "levels" in facts else _flat_index(index)


def _flat_index(index: Any) -> Column:
    """Return the labels of an index that is not a MultiIndex. A MultiIndex has no other in its levels."""
    _, facts = index.args
    if "start" in facts:
        return Column.of(range(facts["start"], facts["stop"], facts["step"]))
    return array_column(facts["data"])


def _multi_index(facts: Mapping[str, Any]) -> Column:
    codes = [_numpy_array(level_codes) for level_codes in islice(facts["codes"], _MAX_LEVELS)]
    levels = [_flat_index(level) for level in islice(facts["levels"], _MAX_LEVELS)]

    def labels(start: int, stop: int) -> list[Any]:
        rows = zip(*(column.values(start, stop) for column in codes), strict=True)
        return [tuple(_label(level, code) for level, code in zip(levels, row, strict=True)) for row in rows]

    return Column(codes[0].length, labels)
