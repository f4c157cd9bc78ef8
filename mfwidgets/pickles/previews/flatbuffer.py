"""Reads tables of the FlatBuffers format, in which Arrow writes its schemas and the places of its buffers.

A table has a list of the places of its fields. An absent field has its default. Strings, vectors and tables are found by
their distance from the place that names them.
"""

import struct
from typing import Any

from mfwidgets.fast_dataclass import fast_dataclass

_MAX_ITEMS = 100_000
"""The maximum length of a vector."""

_MAX_CHARS = 1_000
"""The rest of a longer string is cut."""


@fast_dataclass(frozen=True, slots=True)
class FlatTable:
    """A table in a buffer.

    Attributes
    ----------
    content
        The buffer.
    place
        The place of the table.
    """

    content: bytes
    place: int

    @classmethod
    def root(cls, content: bytes) -> "FlatTable":
        """Return the outermost table of a buffer."""
        return cls(content, _number(content, "I", 0))

    def number(self, field: int, code: str, default: int = 0) -> int:
        """Return a number, in a format of the module ``struct``."""
        place = self._place_of(field)
        return _number(self.content, code, place) if place else default

    def table(self, field: int) -> "FlatTable | None":
        """Return an inner table. None if it is absent."""
        place = self._target(field)
        return FlatTable(self.content, place) if place else None

    def string(self, field: int) -> str:
        """Return a string. Empty if it is absent."""
        place = self._target(field)
        if not place:
            return ""
        length = min(_number(self.content, "I", place), _MAX_CHARS)
        return self.content[place + 4 : place + 4 + length].decode("utf-8", "replace")

    def length(self, field: int) -> int:
        """Return the length of a vector."""
        place = self._target(field)
        return self._length(place) if place else 0

    def tables(self, field: int, most: int) -> list["FlatTable"]:
        """Return the first tables of a vector."""
        place = self._target(field)
        if not place:
            return []
        places = range(place + 4, place + 4 + 4 * min(self._length(place), most), 4)
        return [FlatTable(self.content, at + _number(self.content, "I", at)) for at in places]

    def structs(self, field: int, code: str) -> list[tuple[Any, ...]]:
        """Return the structs of a vector, each in a format of the module ``struct``."""
        place = self._target(field)
        if not place:
            return []
        size = struct.calcsize(f"<{code}")
        end = place + 4 + size * self._length(place)
        return list(struct.iter_unpack(f"<{code}", self.content[place + 4 : end]))

    def _length(self, place: int) -> int:
        length = _number(self.content, "I", place)
        if length > min(_MAX_ITEMS, len(self.content)):
            raise ValueError("a vector that is too long")
        return length

    def _place_of(self, field: int) -> int:
        """Return the place of a field. 0 if it is absent."""
        fields = self.place - _number(self.content, "i", self.place)
        at = 4 + 2 * field
        offset = _number(self.content, "H", fields + at) if at < _number(self.content, "H", fields) else 0
        return self.place + offset if offset else 0

    def _target(self, field: int) -> int:
        place = self._place_of(field)
        return place + _number(self.content, "I", place) if place else 0


def _number(content: bytes, code: str, place: int) -> int:
    if place < 0:
        raise ValueError("a place before the buffer")
    return int(struct.unpack_from(f"<{code}", content, place)[0])
