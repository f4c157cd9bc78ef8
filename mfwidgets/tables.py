"""Converts rows to DataFrames and dicts, and any value to JSON, by the schemas of :mod:`mfwidgets.schema`.

Dtypes are fixed, also in empty tables. Times are in UTC, durations are timedeltas, and numbers that can be missing are
nullable. Columns of values differ between tables and come last.
"""

import math
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mfwidgets.errors import ValuesNotRead, warn
from mfwidgets.queries.status.rules import STATUSES
from mfwidgets.queries.values.reading import NotRead, shown_value
from mfwidgets.safe_repr import int_text, is_readable, repr_of
from mfwidgets.schema import COUNT, DURATION, SCHEMAS, STATUS, TIME

if TYPE_CHECKING:
    import pandas as pd

Values = Mapping[str, Sequence[Any]]
"""Columns of values by name. A cell is a value, a :class:`NotRead`, or None if there is no value."""

_DEEPEST = 20
"""The maximum number of nested containers. A value may contain itself."""

_LONGEST = 10_000
"""The maximum number of characters of a repr, for objects that are not plain values."""

_DTYPES: dict[type, Any] = {bool: "boolean", int: "Int64", str: "string"}

_INT64_LIMIT, _LARGEST_EXACT_FLOAT = 2**63, 2**53


def to_frame(kind: str, rows: Sequence[Any], values: Values | None = None) -> "pd.DataFrame":
    """Return a DataFrame with the columns of a kind of row, and columns of values.

    Warns
    -----
    ValuesNotRead
        Values were too large or not plain values. They are missing.
    """
    import pandas as pd

    columns = {
        column.name: _column([column.getter(row) for row in rows], column.dtype) for column in SCHEMAS[kind].columns
    }
    for name, column in (values or {}).items():
        columns[name] = _value_column(list(map(shown_value, column)))
    _warn_of_unread(values or {})
    return pd.DataFrame(columns)


def to_dicts(kind: str, rows: Sequence[Any], values: Values | None = None) -> list[dict[str, Any]]:
    """Return the same rows as dicts, with aware datetimes and timedeltas. Does not need pandas."""
    dicts = [SCHEMAS[kind].facts(row) for row in rows]
    for name, column in (values or {}).items():
        for facts, value in zip(dicts, column, strict=True):
            facts[name] = shown_value(value)
    _warn_of_unread(values or {})
    return dicts


def to_json_value(value: Any, containers: tuple[int, ...] = ()) -> Any:
    """Return a value as JSON types: dicts, lists, strings, numbers, True, False and None.

    Times are strings in ISO 8601 format, with their offset if they have one. Durations are seconds. NaN and infinities
    are the strings ``NaN``, ``Infinity`` and ``-Infinity``. Paths, decimals, fractions and UUIDs are their text. Other
    objects are their repr. Values that were not read are
    None. A container in itself is the string ``...``.

    Parameters
    ----------
    value
        The value.
    containers
        The id() of the containers around it.
    """
    value = shown_value(value)
    if value is None:
        return None
    if isinstance(value, bool | int | str):
        return str(value) if isinstance(value, str) else value if is_readable(value) else int_text(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else _infinite(value)
    if isinstance(value, date | PurePath | Decimal | Fraction | UUID):
        return _iso_text(value) if isinstance(value, date) else str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    return _container(value, containers)


def _iso_text(value: date) -> str:
    if isinstance(value, datetime) and value.tzinfo is UTC and not value.microsecond % 1000:
        return value.isoformat(timespec="milliseconds")
    return value.isoformat()


def _container(value: Any, containers: tuple[int, ...]) -> Any:
    if id(value) in containers:
        return "..."
    if len(containers) < _DEEPEST:
        inner = (*containers, id(value))
        if isinstance(value, Mapping):
            return {
                key if isinstance(key, str) else repr_of(key): to_json_value(item, inner) for key, item in value.items()
            }
        if isinstance(value, list | tuple | deque):
            return [to_json_value(item, inner) for item in value]
        if isinstance(value, set | frozenset):
            return [to_json_value(item, inner) for item in sorted(value, key=repr_of)]
        to_list = getattr(value, "tolist", None)  # numpy scalars and arrays
        if type(value).__module__ == "numpy" and to_list:
            return to_json_value(to_list(), inner)
    return repr_of(value)[:_LONGEST]


def _infinite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _column(values: list[Any], dtype: str) -> "pd.Series[Any]":
    import pandas as pd

    if dtype == TIME:
        milliseconds = pd.Series(values, dtype="Int64")
        return pd.to_datetime(milliseconds, unit="ms", utc=True).astype("datetime64[ms, UTC]")
    if dtype == DURATION:
        return pd.to_timedelta(pd.Series(values, dtype="Int64"), unit="ms").astype("timedelta64[ms]")
    if dtype == STATUS:
        return pd.Series(pd.Categorical(values, categories=STATUSES))
    return pd.Series(values if dtype == COUNT else _readable(values), dtype=dtype)


def _readable(values: list[Any]) -> list[Any]:
    """Return a column with ``?`` for each lone surrogate. Only Python's strings hold them: no file and no notebook does."""
    try:
        "".join(values).encode()  # the usual case, quickly
    except (TypeError, UnicodeEncodeError):
        return _readable_slowly(values)
    return values


def _readable_slowly(values: list[Any]) -> list[Any]:
    texts = [text for value in values for text in (value if isinstance(value, list) else (value,))]
    try:
        "".join(text for text in texts if isinstance(text, str)).encode()
    except UnicodeEncodeError:
        return [[_text(item) for item in value] if isinstance(value, list) else _text(value) for value in values]
    return values


def _text(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _value_column(values: list[Any]) -> "pd.Series[Any]":
    """Return a column in the narrowest dtype that keeps all values. Mixed values get the dtype object."""
    import numpy as np
    import pandas as pd

    present = [value.item() if isinstance(value, np.generic) else value for value in values if value is not None]
    types = {type(value) for value in present}
    dtype = _DTYPES.get(next(iter(types))) if len(types) == 1 else None
    if dtype and (dtype != "Int64" or all(-_INT64_LIMIT <= value < _INT64_LIMIT for value in present)):
        try:
            return pd.Series(pd.array(values, dtype=dtype))
        except (TypeError, ValueError, OverflowError):  # a lone surrogate, a time in attoseconds
            pass
    elif float in types and types <= {int, float} and all(_fits_float(value) for value in present):
        return pd.Series(values, dtype="float64")
    column = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        column[place] = value  # cell by cell, because numpy would unpack lists and arrays
    # Without a dtype, pandas would look for times in the values and fail on huge numbers.
    return pd.Series(column, dtype="object")


def _fits_float(value: float) -> bool:
    return isinstance(value, float) or abs(value) <= _LARGEST_EXACT_FLOAT


def _warn_of_unread(values: Values) -> None:
    for name, column in values.items():
        reasons = Counter(value.reason for value in column if isinstance(value, NotRead))
        if reasons:
            reason, _ = reasons.most_common(1)[0]
            words = "only described" if all(map(shown_value, filter(_is_unread, column))) else "missing"
            warn(f"{name}: {reasons.total()} of {len(column)} values are {words}: {reason}.", ValuesNotRead)


def _is_unread(value: Any) -> bool:
    return isinstance(value, NotRead)
