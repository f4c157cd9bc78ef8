"""Limits of reading one pickle: memory and work in proportion to its length.

A few bytes of a pickle can copy a large value many times, or use keys whose hashes are equal. Each cost is counted where
it occurs, before it occurs.
"""

from itertools import islice
from typing import Any

from mfwidgets.deadline import check_deadline
from mfwidgets.errors import UnloadableArtifact

MAX_OPCODES = 300_000
"""About 0.2 s of work. A pickle with more opcodes, such as a list of 300,000 numbers, is not read."""

_BASE_BYTES = 200_000
"""A pickle of any length may allocate this much."""

_BYTES_PER_BYTE, _AMPLIFIED_BYTES, _BYTES_PER_FURTHER_BYTE = 180, 500_000, 8
"""A pickle may allocate 180 bytes for each of its first 500,000 bytes, and 8 for each of the others.

A list of empty sets takes 170 bytes for each byte of its pickle. With 300,000 opcodes, only bytes and strings can
fill a longer pickle.
"""

_OPCODE_BYTES = 32
_BYTES_OF_OPCODE = {"EMPTY_SET": 216, "EMPTY_DICT": 64, "EMPTY_LIST": 56, "FROZENSET": 216, "LIST": 56, "DICT": 64}
_BYTES_OF_OPCODE |= dict.fromkeys(("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"), 60)
_BYTES_OF_OPCODE |= dict.fromkeys(("GLOBAL", "STACK_GLOBAL"), 150)
_BYTES_OF_OPCODE |= dict.fromkeys(("REDUCE", "NEWOBJ", "NEWOBJ_EX", "INST", "OBJ"), 400)
_BYTES_OF_OPCODE |= {"BUILD": 400}
"""About what the results of opcodes take. Measured with CPython 3.11."""

_ITEM_BYTES, _KEY_BYTES = 8, 100
"""The approximate sizes of an item of a list, and of a key of a dict or set that has just grown."""

_MAX_PARTS = 1_000
"""The maximum number of parts of a key or of arguments. Hashing deeply shared tuples takes exponential time."""

_MAX_EQUAL_HASHES = 32
"""Keys of one container with the same hash. A dict of n such keys takes n * n steps, which cannot be interrupted."""

_SMALLEST_FOREIGN_HASH = 2**61 - 1
"""The hash of a smaller int is the int itself."""

_KEYS_PER_CHECK = 256
"""Distinct hashes can collide, too. So the deadline is checked each time that this many keys were inserted."""


class Budget:
    """Counts what reading a pickle costs.

    Parameters
    ----------
    length
        The length of the pickle in bytes.
    """

    def __init__(self, length: int) -> None:
        amplified = min(length, _AMPLIFIED_BYTES)
        self._left = _BASE_BYTES + _BYTES_PER_BYTE * amplified + _BYTES_PER_FURTHER_BYTE * (length - amplified)
        self._opcodes = 0
        self._keys = 0
        self._equal_hashes: dict[tuple[int, int], int] = {}

    def opcodes(self, count: int) -> None:
        """Count opcodes.

        Raises
        ------
        UnloadableArtifact
            There are too many.
        DeadlineExceeded
            Nobody waits for the value any more.
        """
        self._opcodes += count
        if self._opcodes > MAX_OPCODES:
            raise UnloadableArtifact(
                f"Expected at most {MAX_OPCODES:,} opcodes in the pickle, got more.", "too many parts"
            )
        check_deadline()
        self.spend(_OPCODE_BYTES * count)

    def result(self, opcode: str) -> None:
        """Count the result of one opcode."""
        bytes_ = _BYTES_OF_OPCODE.get(opcode)
        if bytes_:
            self.spend(bytes_)

    def items(self, count: int) -> None:
        """Count items that are copied into a list or a tuple."""
        self.spend(_ITEM_BYTES * count)

    def keys(self, count: int) -> None:
        """Count keys that are copied into a dict or a set."""
        self.spend(_KEY_BYTES * count)

    def copy(self, value: Any) -> bool:
        """Count the copies that a constructor may make of its arguments or its state. Return whether they have few parts."""
        return self._count_parts(value)

    def key(self, container: Any, key: Any) -> Any:
        """Return a key of a container, after counting what hashing it costs.

        Raises
        ------
        UnloadableArtifact
            It has too many parts, or too many keys of the container have the same hash.
        DeadlineExceeded
            Nobody waits for the value any more.
        """
        self._keys += 1
        if not self._keys % _KEYS_PER_CHECK:
            check_deadline()
        if not self._count_parts(key):
            raise UnloadableArtifact("A key in the pickle has too many parts.", "too large a key")
        if not isinstance(key, str | bytes | float | None) and not (
            isinstance(key, int) and abs(key) < _SMALLEST_FOREIGN_HASH
        ):
            place = (id(container), hash(key))
            self._equal_hashes[place] = equal = self._equal_hashes.get(place, 0) + 1
            self.spend(_KEY_BYTES)
            if equal > _MAX_EQUAL_HASHES:
                raise UnloadableArtifact("Too many keys in the pickle have the same hash.", "colliding keys")
        return key

    def spend(self, bytes_: int) -> None:
        """Count bytes that are allocated.

        Raises
        ------
        UnloadableArtifact
            There are too many for the length of the pickle.
        """
        self._left -= bytes_
        if self._left < 0:
            raise UnloadableArtifact("Reading the pickle takes too much memory for its length.", "too large a value")

    def _count_parts(self, value: Any) -> bool:
        """Count the parts of a value. Return whether there are few. A part that occurs twice counts twice."""
        if isinstance(value, tuple) and len(value) > _MAX_PARTS:
            return False
        unvisited, count = [value], 0
        while unvisited:
            part = unvisited.pop()
            count += 1
            if count > _MAX_PARTS:
                return False
            self.spend(_OPCODE_BYTES + _bytes_of(part))
            if isinstance(part, tuple | frozenset):
                unvisited += islice(part, _MAX_PARTS)
        return True


def _bytes_of(part: Any) -> int:
    """Return about how many bytes a copy of a value takes, without its parts."""
    if isinstance(part, int):
        return part.bit_length() // 8
    if isinstance(part, str | bytes | bytearray):
        return len(part)
    return _KEY_BYTES * len(part) if isinstance(part, list | dict | set) else 0
