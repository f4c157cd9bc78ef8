"""Limits of a plain value, so that it can be shown, compared, and written as a repr or JSON.

Parts of a pickle can be shared, so that its value is exponentially larger than the pickle. Here a shared part counts each
time, as ``repr`` writes it each time.
"""

import math
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from typing import Any

from mfwidgets.deadline import check_deadline
from mfwidgets.errors import UnloadableArtifact
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.pickles.described import parts_of
from mfwidgets.safe_repr import MAX_DIGITS, int_text, is_readable

MAX_DEPTH = 100
"""Python's own functions (repr, ==, json) fail for values of about a thousand levels."""

_BASE_PARTS, _PARTS_PER_BYTE = 100_000, 4
"""A value may have 100,000 parts, and 4 for each byte of its pickle. Without sharing, a part takes a byte."""

_BASE_CHARS, _CHARS_PER_BYTE, _MAX_CHARS = 4_000_000, 32, 100_000_000
"""Characters and bytes in a value. A dict in a list takes two bytes for a key of any length that another dict has."""

_STEPS_PER_CHECK = 1_000

_SCALARS = frozenset((int, float, str, bytes, bool, type(None)))


@fast_dataclass(frozen=True, slots=True)
class _Size:
    """The size of a value: parts, characters and levels."""

    parts: int = 1
    chars: int = 0
    levels: int = 0


_ONE_PART = _Size()


def check_showable(value: Any, length: int) -> None:
    """Check that a plain value can be shown, compared and written.

    Parameters
    ----------
    value
        The value of a pickle.
    length
        The length of the pickle in bytes.

    Raises
    ------
    UnloadableArtifact
        The value contains itself, has too many levels, too many parts or characters if shared parts count each time, or
        an integer with too many digits.
    DeadlineExceeded
        Nobody waits for the value any more.
    """
    limit = _Size(
        _BASE_PARTS + _PARTS_PER_BYTE * length,
        min(_BASE_CHARS + _CHARS_PER_BYTE * length, _MAX_CHARS),
        MAX_DEPTH,
    )
    sizes: dict[int, _Size] = {}
    unfinished: set[int] = set()
    step = 0
    stack: list[tuple[Any, list[Any] | None]] = [(value, None)]
    while stack:
        part, parts = stack.pop()
        step += 1
        if not step % _STEPS_PER_CHECK:
            check_deadline()
        if parts is not None:
            unfinished.discard(id(part))
            sizes[id(part)] = _checked(_size_of_container(parts, sizes), limit)
        elif id(part) in unfinished:
            # Following several such paths to any depth, as JSON and comparisons do, takes exponential time.
            raise UnloadableArtifact("The value contains itself.", "a value that contains itself")
        elif id(part) not in sizes:
            parts = _inner(part)
            if not parts:
                sizes[id(part)] = _checked(_size_of_leaf(part), limit)
                continue
            unfinished.add(id(part))
            stack.append((part, parts))
            stack += [(item, None) for item in parts if type(item) not in _SCALARS]


def _inner(part: Any) -> list[Any]:
    """Return the parts of a value. Metaflow's own objects have their attributes."""
    return parts_of(part) or parts_of(getattr(part, "__dict__", None))


def _size_of_container(parts: list[Any], sizes: dict[int, _Size]) -> _Size:
    """Return the size of a container whose parts have sizes."""
    count, chars, levels = 1, 0, 0
    for part in parts:
        size = sizes.get(id(part), _ONE_PART) if type(part) not in _SCALARS else _size_of_leaf(part)
        count, chars, levels = count + size.parts, chars + size.chars, max(levels, size.levels)
    return _Size(count, chars, levels + 1)


def _size_of_leaf(part: Any) -> _Size:
    """Return the size of a value that is not a container."""
    kind = type(part)
    if kind is str or kind is bytes:
        return _Size(chars=len(part))
    if isinstance(part, int) and not is_readable(part):
        described = int_text(part)
        raise UnloadableArtifact(f"Expected an int of at most {MAX_DIGITS:,} digits, got an {described}.", described)
    if kind in _SCALARS:
        return _ONE_PART
    if isinstance(part, str | bytes | bytearray):
        return _Size(chars=len(part))
    if isinstance(part, PurePath | Decimal | Fraction):
        return _Size(chars=len(str(part)))
    if kind.__module__ == "numpy":
        return _Size(math.prod(max(length, 1) for length in part.shape), part.nbytes)
    return _ONE_PART


def _checked(size: _Size, limit: _Size) -> _Size:
    words = ""
    if size.levels > limit.levels:
        words = f"more than {limit.levels} levels"
    elif size.parts > limit.parts:
        words = "too many shared parts"
    elif size.chars > limit.chars:
        words = "too many shared characters"
    if words:
        raise UnloadableArtifact(f"The value has {words}.", f"a value of {words}")
    return size
