"""Reads the first rows of polars' frames and series from their pickles: bytes of an Arrow stream."""

from typing import Any

from mfwidgets.pickles.described import ReducedCall
from mfwidgets.pickles.previews.arrow_stream import stream_head
from mfwidgets.pickles.previews.heads import MAX_COLUMNS, Column, DataFrameHead, head_of

_FRAME, _SERIES = "polars.dataframe.frame.DataFrame", "polars.series.series.Series"


def polars_head(described: ReducedCall) -> DataFrameHead | None:
    """Return the head of a DataFrame or a Series of polars. Return None for other objects.

    Polars 1 pickles a frame as one stream, earlier versions pickle its columns.
    """
    if described.name not in (_FRAME, _SERIES):
        return None
    state: Any = described.state
    if isinstance(state, bytes):
        return stream_head(state)
    heads = [stream_head(series.state) for series in state[:MAX_COLUMNS]]
    length = heads[0].shape[0]
    columns = [Column.of([value for (value,) in head.rows]) for head in heads]
    names = [head.columns[0] for head in heads]
    return head_of((length, len(state)), names, Column.of(range(length)), columns)
