"""Reads the first rows of Arrow's stream format (IPC), in which polars pickles its frames.

A stream has a schema, then batches of rows. Compressed batches and nested columns are not read: their values are unread.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from mfwidgets.pickles.previews.arrow_buffers import ArrowArray, Buffer, joined
from mfwidgets.pickles.previews.flatbuffer import FlatTable
from mfwidgets.pickles.previews.heads import MAX_COLUMNS, MAX_ROWS, Column, DataFrameHead, UnknownLayoutError, head_of

_SCHEMA, _RECORD_BATCH = 1, 3

_MAX_BATCHES = 10_000

_CONTINUED = 0xFFFFFFFF

_UNITS = ("s", "ms", "us", "ns")

_FLOATS = ("halffloat", "float", "double")

_KINDS: Mapping[int, str] = {
    1: "null", 4: "binary", 5: "string", 6: "bool", 19: "large_binary", 20: "large_string", 23: "binary_view", 24: "string_view",
}  # fmt: skip
"""The types without parameters, by their number in a schema."""

_INT, _FLOAT, _DATE, _TIMESTAMP, _DURATION = 2, 3, 8, 10, 18

_BUFFERS: Mapping[str, int] = {"null": 0, "binary": 3, "string": 3, "large_binary": 3, "large_string": 3}
"""The number of buffers of a type, if it is not two."""


@dataclass(frozen=True, slots=True)
class _Field:
    """A column in a schema. ``kind`` is empty if its values are not read."""

    name: str
    kind: str
    zoned: bool


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch of rows: its table, and the content of all its buffers."""

    table: FlatTable
    body: memoryview

    @property
    def length(self) -> int:
        return self.table.number(0, "q")


def stream_head(content: bytes) -> DataFrameHead:
    """Return the head of a stream.

    Raises
    ------
    UnknownLayoutError
        The bytes are not a stream.
    """
    fields: list[_Field] = []
    count, batches = 0, list[_Batch]()
    for kind, table, body in islice(_messages(content), _MAX_BATCHES):
        if kind == _SCHEMA:
            described = table.tables(1)
            count, fields = len(described), list(map(_field, described[:MAX_COLUMNS]))
        elif kind == _RECORD_BATCH:
            batches.append(_Batch(table, body))
    if not count:
        raise UnknownLayoutError
    length = sum(batch.length for batch in batches)
    first = [batch for batch in batches if batch.length][:MAX_ROWS]
    by_batch = [_columns(batch, fields) for batch in first]
    columns = [joined(chunks) for chunks in zip(*by_batch, strict=True)]
    return head_of((length, count), [field.name for field in fields], Column.of(range(length)), columns)


def _messages(content: bytes) -> Iterator[tuple[int, FlatTable, memoryview]]:
    """Yield the kind, the table and the body of each message."""
    place, all_bytes = 0, memoryview(content)
    while place + 8 <= len(content):
        marker, length = struct.unpack_from("<Ii", content, place)
        if marker != _CONTINUED:
            raise UnknownLayoutError
        if length <= 0:
            return
        message = FlatTable.root(content[place + 8 : place + 8 + length])
        body = place + 8 + length
        place = body + max(message.number(3, "q"), 0)
        table = message.table(2)
        if table:
            yield message.number(1, "B"), table, all_bytes[body:place]


def _field(table: FlatTable) -> _Field:
    number, parameters = table.number(2, "B"), table.table(3)
    if table.table(4) or parameters is None:  # a dictionary
        return _Field(table.string(0), "", zoned=False)
    kind, zoned = _KINDS.get(number, ""), False
    if number == _INT:
        kind = f"{'int' if parameters.number(1, '?') else 'uint'}{parameters.number(0, 'i')}"
    elif number == _FLOAT:
        kind = _FLOATS[parameters.number(0, "h")]
    elif number == _DATE:
        kind = "date64[ms]" if parameters.number(0, "h", 1) else "date32[day]"
    elif number == _TIMESTAMP:
        kind, zoned = f"timestamp[{_UNITS[parameters.number(0, 'h')]}]", bool(parameters.string(1))
    elif number == _DURATION:
        kind = f"duration[{_UNITS[parameters.number(0, 'h', 1)]}]"
    return _Field(table.string(0), kind, zoned)


def _columns(batch: _Batch, fields: Sequence[_Field]) -> list[Column]:
    """Return the columns of a batch. Those after the first one of an unknown type are unread."""
    if batch.table.table(3):  # compressed
        return [Column(batch.length, _unread)] * len(fields)
    places = iter(batch.table.structs(2, "qq"))
    more = iter(batch.table.structs(4, "q"))
    columns, known = [], True
    for field in fields:
        known = known and bool(field.kind)
        if not known:
            columns.append(Column(batch.length, _unread))
            continue
        count = _BUFFERS.get(field.kind, 2) + (next(more)[0] if field.kind.endswith("_view") else 0)
        buffers: list[Buffer | None] = [batch.body[first : first + size] for first, size in islice(places, count)]
        if buffers and not len(buffers[0] or b""):
            buffers[0] = None  # no value is missing
        columns.append(ArrowArray(field.kind, batch.length, 0, buffers, field.zoned).column())
    return columns


def _unread(*_: int) -> list[object]:
    raise UnknownLayoutError
