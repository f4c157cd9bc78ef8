"""Reads the first values of a column from the buffers of the Arrow format: validity bits, offsets and data."""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.pickles.previews.heads import Column, TimeText, UnknownLayoutError, numpy_values

Buffer = bytes | bytearray | memoryview

_MAX_VALUE_BYTES = 1_000
"""The rest of a longer string is cut. Values of a hostile column can overlap."""

_MAX_CHUNKS = 1_000

_NUMBERS: Mapping[str, str] = {
    "int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q",
    "halffloat": "e", "float": "f", "double": "d",
}  # fmt: skip
"""The formats of the module ``struct``."""

_TIMES: Mapping[str, tuple[str, str]] = {
    "date32[day]": ("i", "M8[D]"),
    "date64[ms]": ("q", "M8[ms]"),
    **{f"{kind}[{unit}]": ("q", f"{code}8[{unit}]") for kind, code in (("timestamp", "M"), ("duration", "m")) for unit in ("s", "ms", "us", "ns")},
}  # fmt: skip
"""The formats of the module ``struct``, and numpy's types."""

_OFFSETS: Mapping[str, str] = {"string": "i", "binary": "i", "large_string": "q", "large_binary": "q"}

_INLINE_BYTES = 12
"""A view holds shorter strings itself."""


@fast_dataclass(frozen=True, slots=True)
class ArrowArray:
    """An array of the Arrow format.

    Attributes
    ----------
    kind
        Its type, by the name that pyarrow uses: ``int64``, ``large_string``, ``timestamp[us]``.
    length, offset
        The number of its values, and of the values to skip.
    buffers
        The validity bits (None if no value is missing), and the buffers of the type.
    zoned
        Whether these are times with a zone. They are stored in UTC.
    dictionary
        The values that the numbers of this array are places of.
    """

    kind: str
    length: int
    offset: int
    buffers: Sequence[Buffer | None]
    zoned: bool = False
    dictionary: "ArrowArray | None" = field(default=None)

    def column(self) -> Column:
        """Return its values.

        Raises
        ------
        UnknownLayoutError
            Values of this type are not read.
        """
        if not isinstance(self.length, int) or self.length < 0 or self.offset < 0:
            raise UnknownLayoutError
        value = self._reader()
        validity = self.buffers[0] if self.buffers else None

        def values(start: int, stop: int) -> list[Any]:
            places = range(start + self.offset, min(stop, self.length) + self.offset)
            return [value(place) if validity is None or _bit(validity, place) else None for place in places]

        return Column(self.length, values, self.kind, self._numbers if self._is_numbers() else None, self._is_whole())

    def _is_numbers(self) -> bool:
        return self.kind in _NUMBERS and self.dictionary is None

    def _is_whole(self) -> bool:
        return self._is_numbers() and "int" in self.kind

    def _numbers(self) -> Any:
        """Return all numbers as an array of numpy. A missing one is NaN."""
        import numpy as np

        dtype = np.dtype(f"<{_NUMBERS[self.kind]}")
        array = np.frombuffer(self._buffer(1), dtype, self.length, self.offset * dtype.itemsize)
        validity = self.buffers[0]
        if validity is None:
            return array
        bits = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")
        valid = bits[self.offset : self.offset + self.length]
        return array if valid.all() else np.where(valid, array, np.nan)

    def _reader(self) -> Callable[[int], Any]:
        """Return a function that returns the value at a place."""
        kind = self.kind
        if kind == "null":
            return lambda _: None
        data = self._buffer(1)
        if self.dictionary is not None:
            labels = self.dictionary.column()
            return lambda place: next(
                iter(labels.values(number := _number(data, _NUMBERS[kind], place), number + 1)), None
            )
        if kind == "bool":
            return lambda place: _bit(data, place)
        if kind in _NUMBERS:
            return lambda place: _number(data, _NUMBERS[kind], place)
        if kind in _TIMES:
            return lambda place: _time(_number(data, _TIMES[kind][0], place), _TIMES[kind][1], zoned=self.zoned)
        return self._reader_of_texts()

    def _reader_of_texts(self) -> Callable[[int], Any]:
        """Return a function that returns the string or the bytes at a place."""
        if self.kind in ("string_view", "binary_view"):
            return lambda place: _text(self._viewed(place), self.kind)
        if self.kind in _OFFSETS:
            return lambda place: _text(self._between_offsets(place), self.kind)
        raise UnknownLayoutError

    def _buffer(self, number: int) -> Buffer:
        buffer = self.buffers[number] if number < len(self.buffers) else None
        if buffer is None:
            raise UnknownLayoutError
        return buffer

    def _between_offsets(self, place: int) -> bytes:
        first, last = (_number(self._buffer(1), _OFFSETS[self.kind], place + more) for more in (0, 1))
        return bytes(self._buffer(2)[max(first, 0) : min(max(last, 0), max(first, 0) + _MAX_VALUE_BYTES)])

    def _viewed(self, place: int) -> bytes:
        view = bytes(self._buffer(1)[16 * place : 16 * place + 16])
        length = _number(view, "i", 0)
        if length <= _INLINE_BYTES:
            return view[4 : 4 + max(length, 0)]
        number, first = _number(view, "i", 2), _number(view, "i", 3)
        if number < 0 or first < 0:
            raise UnknownLayoutError
        return bytes(self._buffer(2 + number)[first : first + min(length, _MAX_VALUE_BYTES)])


def joined(chunks: Sequence[Column]) -> Column:
    """Return one column of several."""
    if len(chunks) > _MAX_CHUNKS:
        raise UnknownLayoutError

    def values(start: int, stop: int) -> list[Any]:
        found: list[Any] = []
        for chunk in chunks:
            if start < chunk.length and stop > 0:
                found += chunk.values(max(start, 0), min(stop, chunk.length))
            start, stop = start - chunk.length, stop - chunk.length
        return found

    def array() -> Any:
        import numpy as np

        return np.concatenate([chunk.array() for chunk in chunks if chunk.array])

    first = next(iter(chunks), Column(0, values))
    all_arrays = bool(chunks) and all(chunk.array for chunk in chunks)
    return Column(
        sum(chunk.length for chunk in chunks), values, first.dtype, array if all_arrays else None, first.whole
    )


def _bit(bits: Buffer, place: int) -> bool:
    return bool(bits[place // 8] >> place % 8 & 1)


def _number(data: Buffer, code: str, place: int) -> Any:
    """Return a number at a place. Struct raises an error outside of the buffer."""
    if place < 0:
        raise UnknownLayoutError
    return struct.unpack_from(f"<{code}", data, place * struct.calcsize(code))[0]


def _time(number: int, dtype: str, *, zoned: bool) -> TimeText:
    import numpy as np

    (value,) = numpy_values(np.array([number], "i8").view(dtype))
    return TimeText(f"{value}+00:00" if zoned else value)


def _text(content: bytes, kind: str) -> str | bytes:
    return content.decode("utf-8", "replace") if "string" in kind else content
