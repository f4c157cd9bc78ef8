"""Reads the first rows of Arrow's stream format (IPC), in which polars pickles its frames.

A stream has a schema, then batches of rows. The values of compressed batches and of nested columns are unread.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.pickles.previews.arrow_buffers import ArrowArray, Buffer, joined
from mfwidgets.pickles.previews.flatbuffer import FlatTable
from mfwidgets.pickles.previews.heads import MAX_DESCRIBED_COLUMNS, Column, DataFrameHead, UnknownLayoutError, head_of

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

_OWN_BUFFERS: Mapping[int, int] = {1: 0, 4: 3, 5: 3, 13: 1, 16: 1, 19: 3, 20: 3, 25: 3, 26: 3}
"""The number of buffers of a type without those of its children, if it is not two."""

_VIEWS = frozenset((23, 24))
"""Types with a number of further buffers that each batch names."""

_MAX_COLUMNS_OF_BATCHES = 600
"""The columns of the first batches that are read: 60 of 10 batches, or 6 of 100."""

_MAX_VISITS, _MAX_CHILDREN = 1_000, 1_000
"""The maximum number of fields that are visited, in all batches, and of the children of a nested type.

Fields of a hostile stream can share their children, so that each level doubles them.
"""


@fast_dataclass(frozen=True, slots=True)
class _Field:
    """A column in a schema. ``kind`` is empty if its values are not read."""

    table: FlatTable
    name: str
    kind: str = ""
    zoned: bool = False


@fast_dataclass(frozen=True, slots=True)
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
            count, fields = table.length(1), list(map(_field, table.tables(1, MAX_DESCRIBED_COLUMNS)))
        elif kind == _RECORD_BATCH:
            batches.append(_Batch(table, body))
    if not count:
        raise UnknownLayoutError
    length = sum(batch.length for batch in batches)
    first = [batch for batch in batches if batch.length][: max(_MAX_COLUMNS_OF_BATCHES // max(len(fields), 1), 1)]
    visits = iter(range(_MAX_VISITS))
    by_batch = [_columns(batch, fields, visits) for batch in first]
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
        return _Field(table, table.string(0))
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
    return _Field(table, table.string(0), kind, zoned)


def _columns(batch: _Batch, fields: Sequence[_Field], visits: Iterator[int]) -> list[Column]:
    """Return the columns of a batch. Columns of unknown types are unread."""
    if batch.table.table(3):  # compressed
        return [Column(batch.length, _unread, field.kind) for field in fields]
    places = iter(batch.table.structs(2, "qq"))
    further = iter(batch.table.structs(4, "q"))
    columns = []
    for field in fields:
        taken = _taken(field.table, places, further, visits)
        buffers: list[Buffer | None] = [batch.body[first : first + size] for first, size in taken]
        if buffers and not len(buffers[0] or b""):
            buffers[0] = None  # no value is missing
        known = ArrowArray(field.kind, batch.length, 0, buffers, field.zoned)
        columns.append(known.column() if field.kind else Column(batch.length, _unread))
    return columns


def _taken(
    field: FlatTable, places: Iterator[tuple[int, int]], further: Iterator[tuple[int]], visits: Iterator[int]
) -> list[tuple[int, int]]:
    """Take the places of the buffers of a field from those of a batch. Return its own ones, and skip those of children."""
    if next(visits, None) is None:
        raise UnknownLayoutError
    kind = field.number(2, "B")
    if field.table(4):  # places in a dictionary
        return list(islice(places, 2))
    count = _OWN_BUFFERS.get(kind, 2) + (next(further)[0] if kind in _VIEWS else 0)
    own = list(islice(places, count))
    for child in field.tables(5, _MAX_CHILDREN):
        _taken(child, places, further, visits)
    return own


def _unread(*_: int) -> list[object]:
    raise UnknownLayoutError
