"""Constructors of plain values of the standard library: paths, decimals, fractions, UUIDs, and other collections.

Constructing them opens no file. A path of another system becomes a pure path, which equals it.
"""

import os
import pathlib
import re
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from mfwidgets.pickles.described import GlobalRef, PartialObject
from mfwidgets.safe_repr import MAX_DIGITS, is_readable

_MAX_PATH_CHARS = 10_000

_MAX_LENGTH = 2**63
"""The maximum ``maxlen`` of a deque."""

_FRACTION = re.compile(r"-?\d+(/\d+)?\Z")
"""A fraction as its pickle has it. Fractions of other texts, such as ``1e1000000``, can take much memory."""

_FACTORIES: Mapping[str, type] = {
    kind.__name__: kind for kind in (bool, bytes, dict, float, int, list, set, str, tuple)
}
_COLLECTIONS: Mapping[str, type] = {kind.__name__: kind for kind in (Counter, OrderedDict, defaultdict, deque)}
"""The default factories of a defaultdict. With any other it is only described."""


def _path(kind: str) -> Callable[..., Any]:
    """Return a constructor of paths from their parts."""
    own = "WindowsPath" if os.name == "nt" else "PosixPath"
    make_path = getattr(pathlib, kind if kind in (own, f"Pure{own}") else f"Pure{kind.removeprefix('Pure')}")

    def make(*parts: Any) -> Any:
        plain = all(isinstance(part, str) for part in parts) and sum(map(len, parts)) <= _MAX_PATH_CHARS
        return make_path(*parts) if plain else NotImplemented

    return make


def _decimal(text: object) -> Any:
    if not isinstance(text, str) or len(text) > MAX_DIGITS:
        return NotImplemented
    value = Decimal(text)
    return NotImplemented if value.is_snan() else value  # comparing a signaling NaN raises an error


def _fraction(*parts: object) -> Any:
    """Return a fraction from its two integers, or from a string such as ``1/3`` as Python 3.10 wrote it."""
    if len(parts) == 1 and isinstance(parts[0], str) and len(parts[0]) <= MAX_DIGITS and _FRACTION.match(parts[0]):
        return Fraction(parts[0])
    numbers = [part for part in parts if isinstance(part, int) and is_readable(part)]
    return Fraction(*numbers) if len(parts) == len(numbers) == 2 else NotImplemented  # noqa: PLR2004


def _uuid(*args: object) -> Any:
    if args:
        return NotImplemented
    return PartialObject(lambda state: UUID(int=state["int"]))


def _counter(*args: Any) -> Any:
    return Counter(*args) if not args or (len(args) == 1 and type(args[0]) is dict) else NotImplemented


def _defaultdict(*args: Any) -> Any:
    if not args:
        return defaultdict()
    factory = args[0]
    if len(args) > 1 or not isinstance(factory, GlobalRef):
        return NotImplemented
    known = {"builtins": _FACTORIES, "__builtin__": _FACTORIES, "collections": _COLLECTIONS}.get(factory.module, {})
    return defaultdict(known[factory.name]) if factory.name in known else NotImplemented


def _deque(*args: Any) -> Any:
    """Return an empty deque. Its items are appended later."""
    if args in ((), ((),)):
        return deque()
    plain = len(args) == 2 and args[0] == () and isinstance(args[1], int) and 0 <= args[1] < _MAX_LENGTH  # noqa: PLR2004 - items, maxlen
    return deque(maxlen=args[1]) if plain else NotImplemented


def _ordered(*args: Any) -> Any:
    return OrderedDict() if not args else NotImplemented


STDLIB_CONSTRUCTORS: Mapping[tuple[str, str], Callable[..., Any]] = {
    **{
        (module, kind): _path(kind)
        for module in ("pathlib", "pathlib._local")  # Python 3.13
        for kind in ("PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath")
    },
    **{(module, "Decimal"): _decimal for module in ("decimal", "_pydecimal", "_decimal")},
    ("fractions", "Fraction"): _fraction,
    ("uuid", "UUID"): _uuid,
    ("collections", "Counter"): _counter,
    ("collections", "defaultdict"): _defaultdict,
    ("collections", "deque"): _deque,
    ("collections", "OrderedDict"): _ordered,
}
"""The constructors by the module and the name in the pickle."""
