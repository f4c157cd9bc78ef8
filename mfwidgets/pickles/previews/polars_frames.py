"""Reads the first rows of polars' frames and series from their pickles: bytes of an Arrow stream."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mfwidgets.pickles.described import LongContent, ReducedCall
from mfwidgets.pickles.previews.arrow_stream import stream_head
from mfwidgets.pickles.previews.heads import MAX_DESCRIBED_COLUMNS, Column, DataFrameHead, head_of

_DTYPES: Mapping[str, str] = {
    "float": "Float32", "double": "Float64", "bool": "Boolean", "string": "String", "large_string": "String",
    "string_view": "String", "binary": "Binary", "large_binary": "Binary", "binary_view": "Binary", "date32": "Date",
    "timestamp": "Datetime", "duration": "Duration", "null": "Null",
    **{f"{sign}int{bits}": f"{sign.upper()}Int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}  # fmt: skip
"""The names of polars' types by those of Arrow."""

_FRAME, _SERIES = "polars.dataframe.frame.DataFrame", "polars.series.series.Series"


def polars_head(described: ReducedCall) -> DataFrameHead | None:
    """Return the head of a DataFrame or a Series of polars. Return None for other objects.

    Polars 1 pickles a frame as one stream, earlier versions pickle its columns.
    """
    if described.name not in (_FRAME, _SERIES):
        return None
    state: Any = described.state
    if isinstance(state, LongContent):
        state = state.beginning
    if isinstance(state, bytes):
        head = stream_head(state)
        return replace(head, described=tuple((name, _named(column)) for name, column in head.described))
    columns = [stream_head(series.state).described[0] for series in state[:MAX_DESCRIBED_COLUMNS]]
    length = next((column.length for _, column in columns if column), 0)
    names = [name for name, _ in columns]
    return head_of((length, len(state)), names, Column.of(range(length)), [_named(column) for _, column in columns])


def _named(column: Column | None) -> Column | None:
    """Return a column with the name that polars gives its type."""
    if column is None:
        return None
    kind, _, unit = column.dtype.partition("[")
    return replace(column, dtype=f"{_DTYPES.get(kind, kind)}{f'({unit[:-1]})' if unit and unit != 'day]' else ''}")
