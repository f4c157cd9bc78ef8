"""Limits of reading one pickle: memory and work in proportion to its length, and values that can be shown.

A few bytes of a pickle can copy a large value many times, use keys whose hashes are equal, or share parts so that a value
is exponentially larger than its pickle. Each is counted where it happens, before it happens.
"""

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any

from mfwidgets.deadline import check_deadline
from mfwidgets.errors import UnloadableArtifact

MAX_OPCODES = 300_000
"""About 0.2 s of work. A pickle with more opcodes, such as a list of 300,000 numbers, is not read."""

MAX_DEPTH = 100
"""Python's own functions (repr, ==, json) fail for values of about a thousand levels."""

MAX_DIGITS = 4_000
"""Python refuses to write integers of more than 4,300 digits."""

_BASE_BYTES, _BYTES_PER_BYTE = 4_000_000, 64
"""A pickle may allocate 4 MB, and 64 times its length: a set needs up to 50 bytes for each byte of its pickle."""

_OPCODE_BYTES, _ITEM_BYTES, _KEY_BYTES = 32, 8, 64
"""The approximate sizes of an object, of an item of a list, and of a key of a dict or set."""

_MAX_KEY_PARTS = 1_000
"""The maximum number of parts of a dict key or a set item. Hashing deeply shared tuples takes exponential time."""

_MAX_EQUAL_HASHES = 32
"""Keys of one container with the same hash. A dict of n such keys takes n * n steps, which cannot be interrupted."""

_SMALLEST_FOREIGN_HASH = 2**61 - 1
"""The hash of a smaller int is the int itself."""

_SCALARS = frozenset((int, float, str, bytes, bool, type(None)))

_MAX_INT = 10**MAX_DIGITS

_MAX_SHOWN_PARTS = 1_000_000
"""The parts of a value, where a shared part counts each time."""


class Budget:
    """Counts what reading a pickle costs.

    Parameters
    ----------
    length
        The length of the pickle in bytes.
    """

    def __init__(self, length: int) -> None:
        self._left = _BASE_BYTES + _BYTES_PER_BYTE * length
        self._opcodes = 0
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
        self._spend(_OPCODE_BYTES * count)

    def items(self, count: int) -> None:
        """Count items that are copied into a list or a tuple."""
        self._spend(_ITEM_BYTES * count)

    def keys(self, count: int) -> None:
        """Count keys that are copied into a dict or a set."""
        self._spend(_KEY_BYTES * count)

    def call(self, args: Any) -> bool:
        """Count the copies that a constructor may make of its arguments. Return whether they have few parts."""
        return self._parts(args)

    def key(self, container: Any, key: Any) -> Any:
        """Return a key of a container, after counting what hashing it costs.

        Raises
        ------
        UnloadableArtifact
            It has too many parts, or too many keys of the container have the same hash.
        """
        if not self._parts(key):
            raise UnloadableArtifact("A key in the pickle has too many parts.", "too large a key")
        if not isinstance(key, str | bytes | float | None) and not (
            isinstance(key, int) and abs(key) < _SMALLEST_FOREIGN_HASH
        ):
            place = (id(container), hash(key))
            self._equal_hashes[place] = equal = self._equal_hashes.get(place, 0) + 1
            if equal > _MAX_EQUAL_HASHES:
                raise UnloadableArtifact("Too many keys in the pickle have the same hash.", "colliding keys")
        return key

    def _parts(self, value: Any) -> bool:
        """Count the parts of a value. Return whether there are few. A part that occurs twice counts twice."""
        if isinstance(value, tuple) and len(value) > _MAX_KEY_PARTS:
            return False
        unvisited, count = [value], 0
        while unvisited:
            part = unvisited.pop()
            count += 1
            if count > _MAX_KEY_PARTS:
                return False
            self._spend(_OPCODE_BYTES + _bytes_of(part))
            if isinstance(part, tuple | frozenset):
                unvisited += islice(part, _MAX_KEY_PARTS)
        return True

    def _spend(self, bytes_: int) -> None:
        self._left -= bytes_
        if self._left < 0:
            raise UnloadableArtifact("Reading the pickle takes too much memory for its length.", "too large a value")


def _bytes_of(part: Any) -> int:
    """Return about how many bytes a copy of a value takes, without its parts."""
    if isinstance(part, int):
        return part.bit_length() // 8
    if isinstance(part, str | bytes | bytearray):
        return len(part)
    return _KEY_BYTES * len(part) if isinstance(part, list | dict | set) else 0


def check_showable(value: Any, parts_of: Any) -> None:
    """Check that a value can be shown, compared and written.

    Parameters
    ----------
    value
        The value of a pickle.
    parts_of
        Returns the parts of a value. Empty for a scalar.

    Raises
    ------
    UnloadableArtifact
        It contains itself, has too many levels, has too many parts if shared parts count each time, or has an integer with
        too many digits.
    """
    _check_digits(value)
    sizes: dict[int, tuple[int, int]] = {}
    """Parts and levels by id()."""
    visited: set[int] = set()
    """Containers that were begun. Those without a size contain the part that is being visited."""
    stack: list[tuple[Any, int, list[Any] | None]] = [(value, 0, None)]
    while stack:
        part, scalars, containers = stack.pop()
        if containers is not None:
            sizes[id(part)] = _checked_size(scalars, [sizes.get(id(item), (1, 0)) for item in containers])
        elif id(part) in visited and id(part) not in sizes:
            # Following several such paths to any depth, as JSON and comparisons do, takes exponential time.
            raise UnloadableArtifact("The value contains itself.", "a value that contains itself")
        elif id(part) not in visited and (below := parts_of(part)):
            visited.add(id(part))
            containers = list(_containers(below))
            stack.append((part, len(below) - len(containers), containers))
            stack += [(item, 0, None) for item in containers]


def _containers(parts: list[Any]) -> Iterator[Any]:
    """Yield the parts that are not scalars. Check the scalars."""
    for part in parts:
        if type(part) not in _SCALARS:
            yield part
        elif type(part) is int and not -_MAX_INT < part < _MAX_INT:
            _check_digits(part)


def _checked_size(scalars: int, containers: list[tuple[int, int]]) -> tuple[int, int]:
    """Return the parts and levels of a container."""
    size = 1 + scalars + sum(count for count, _ in containers)
    depth = 1 + max((levels for _, levels in containers), default=0)
    if depth > MAX_DEPTH or size > _MAX_SHOWN_PARTS:
        words = f"more than {MAX_DEPTH} levels" if depth > MAX_DEPTH else "too many shared parts"
        raise UnloadableArtifact(f"The value has {words}.", f"a value of {words}")
    return size, depth


def _check_digits(value: Any) -> None:
    if isinstance(value, int) and not -_MAX_INT < value < _MAX_INT:
        described = f"int of {int(value.bit_length() * math.log10(2)) + 1:,} digits"
        raise UnloadableArtifact(f"Expected an int of at most {MAX_DIGITS:,} digits, got an {described}.", described)
