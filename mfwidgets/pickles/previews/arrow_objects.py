"""Reads the first rows of pyarrow's tables, batches and arrays from their pickles."""

from itertools import islice
from typing import Any

from mfwidgets.pickles.described import LongContent, ReducedCall
from mfwidgets.pickles.previews.arrow_buffers import ArrowArray, Buffer, joined
from mfwidgets.pickles.previews.heads import MAX_DESCRIBED_COLUMNS, Column, DataFrameHead, UnknownLayoutError, head_of

_MAX_BUFFERS, _MAX_CHUNKS = 1_000, 1_001


def arrow_head(described: ReducedCall) -> DataFrameHead | None:
    """Return the head of a table, a batch or an array of pyarrow. Return None for other objects."""
    if described.name in ("pyarrow.lib._reconstruct_table", "pyarrow.lib._reconstruct_record_batch"):
        arrays, schema = described.args
        fields = schema.args[0]
        names = [field.args[0] for field in islice(fields, MAX_DESCRIBED_COLUMNS)]
        columns = [_column_or_none(array) for array in islice(arrays, MAX_DESCRIBED_COLUMNS)]
        length = next((column.length for column in columns if column), 0) if columns else 0
        return head_of((length, len(fields)), names, Column.of(range(length)), columns)
    if described.name in ("pyarrow.lib._restore_array", "pyarrow.lib.chunked_array"):
        column = arrow_column(described)
        return head_of((column.length, 1), ["value"], Column.of(range(column.length)), [column])
    return None


def _column_or_none(array: Any) -> Column | None:
    """Return a column. Its values are unread if their type is unknown. None if even its length is unknown."""
    try:
        return arrow_column(array)
    except Exception:  # noqa: BLE001 - the others are shown; a strange pickle can cause nearly any error
        return None


def arrow_column(described: Any) -> Column:
    """Return the column of an array or a chunked array.

    Raises
    ------
    UnknownLayoutError
        The kind of array is unknown.
    """
    if not isinstance(described, ReducedCall):
        raise UnknownLayoutError
    if described.name == "pyarrow.lib.chunked_array":
        return joined([_array_of(chunk).column() for chunk in islice(described.args[0], _MAX_CHUNKS)])
    return _array_of(described).column()


def _array_of(described: ReducedCall) -> ArrowArray:
    if described.name != "pyarrow.lib._restore_array":
        raise UnknownLayoutError
    return _array(described.args[0])


def _array(parts: Any) -> ArrowArray:
    kind, length, _, offset, buffers, _, dictionary = parts
    name, zoned = _type(kind)
    labels = _array(dictionary) if name == "dictionary" else None
    if name == "dictionary":
        name, _ = _type(kind.args[0])
    return ArrowArray(
        name, length, offset, [_buffer(buffer) for buffer in islice(buffers, _MAX_BUFFERS)], zoned, labels
    )


def _type(kind: Any) -> tuple[str, bool]:
    """Return the name of a type, and whether it has a time zone."""
    if not isinstance(kind, ReducedCall):
        raise UnknownLayoutError
    if kind.name == "pyarrow.lib.type_for_alias":
        return str(kind.args[0]), False
    if kind.name == "pyarrow.lib.timestamp":
        return f"timestamp[{kind.args[0]}]", kind.args[1] is not None
    return kind.name.rpartition(".")[2], False


def _buffer(described: Any) -> Buffer | None:
    if described is None:
        return None
    content = described.args[0]
    if isinstance(content, LongContent):
        return content.beginning
    if not isinstance(content, bytes | bytearray):
        raise UnknownLayoutError
    return content
