"""Functions that construct plain values instead of the classes that a pickle names.

They exist for builtins without their own opcode, dates, numpy scalars and arrays (from their bytes), and Metaflow's own
objects. A constructor checks its arguments. It returns NotImplemented for arguments that the class never pickles.
"""

import datetime as dt
import math
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mfwidgets.pickles.metaflow_types import METAFLOW_TYPES


@dataclass(slots=True, eq=False)
class PartialObject:
    """An object that is incomplete until its state is set.

    Attributes
    ----------
    finish
        Returns the complete object for a state. Raises for a state that the class never pickles.
    memo_indices
        The indices of the object in the memo of the pickle.
    """

    finish: Callable[[Any], Any]
    memo_indices: list[int] = field(default_factory=list)


_MAX_INT = 2**61 - 2
"""The hash of a larger int is another number."""

_MAX_EMPTY_ROWS = 100_000
"""An array without bytes can have a shape of any length."""

_MAX_CODE_POINT = 0x10FFFF


def _encoded(text: object, encoding: object = "") -> Any:
    """Return bytes. Protocol 2 has no bytes, and pickles them as Latin-1 text."""
    return text.encode("latin-1") if isinstance(text, str) and encoding == "latin1" else NotImplemented


def _bytes(*args: Any) -> Any:
    return b"" if not args else NotImplemented


def _bytearray(*args: Any) -> Any:
    if len(args) == 2 and isinstance(args[0], str) and args[1] == "latin-1":  # noqa: PLR2004 - protocol 2
        return bytearray(args[0].encode("latin-1"))
    return bytearray(*args) if not args or isinstance(args[0], bytes) else NotImplemented


def _complex(*args: Any) -> Any:
    return complex(*args) if all(isinstance(arg, float) for arg in args) else NotImplemented


def _of_items(kind: Callable[..., Any]) -> Callable[..., Any]:
    """Return a constructor of sets from lists, as in protocol 2.

    It accepts only scalars, which hash quickly, and no large integers, whose hashes can be equal.
    """

    def make(items: object = ()) -> Any:
        plain = isinstance(items, list | tuple) and all(
            isinstance(item, str | int | float | bytes | None) and not (isinstance(item, int) and abs(item) > _MAX_INT)
            for item in items
        )
        return kind(items) if plain else NotImplemented

    return make


def _range(*args: Any) -> Any:
    return range(*args) if all(isinstance(arg, int) for arg in args) else NotImplemented


def _slice(*args: Any) -> Any:
    return slice(*args) if all(isinstance(arg, int | None) for arg in args) else NotImplemented


def _ordered(*args: Any) -> Any:
    return OrderedDict() if not args else NotImplemented


def _date(kind: Callable[..., Any]) -> Callable[..., Any]:
    """Return a constructor of dates (from bytes, or Latin-1 text in protocol 2), timedeltas and timezones."""

    def make(*args: Any) -> Any:
        plain = all(isinstance(arg, bytes | int | str | dt.tzinfo | dt.timedelta) for arg in args)
        return kind(*args) if plain else NotImplemented

    return make


def _metaflow_object(kind: type) -> Callable[..., Any]:
    """Return a constructor of our stand-in for a class of Metaflow."""

    def make(*args: Any) -> Any:
        if issubclass(kind, tuple):
            return kind(*args)
        if any(arg is not None for arg in args):
            return NotImplemented
        stand_in = kind()

        def finish(state: object) -> Any:
            if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
                raise TypeError("the state is not a dict with str keys")
            stand_in.__dict__.update(state)
            return stand_in

        return PartialObject(finish)

    return make


# -- numpy: arrays are made from their bytes, without numpy's unpickling functions --------------------------------------

_DTYPE = re.compile(r"[biufcSUmM]\d{1,7}\Z")
"""A dtype as numpy writes it: kind and bytes. A list such as ``i4,O`` is a structured dtype and does not match."""

_TEXT_KINDS = frozenset("SU")
_TIME_KINDS = frozenset("mM")
_TIME_UNITS = frozenset(("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"))
_DTYPE_STATE_PARTS = 4
"""The first parts of the state of a dtype: version, byte order, subarray, names."""


def _dtype(text: object, *_: object) -> Any:
    if not isinstance(text, str) or not _DTYPE.match(text):
        return NotImplemented

    def finish(state: Any) -> Any:
        import numpy as np

        _, order, subarray, names = state[:_DTYPE_STATE_PARTS]
        if subarray is not None or names is not None or order not in ("<", ">", "|", "="):
            raise ValueError("a structured dtype")
        unit = ""
        if text[0] in _TIME_KINDS:
            name, count = state[8][1][:2]
            name = name.decode() if isinstance(name, bytes) else name
            if name not in _TIME_UNITS or not isinstance(count, int):
                raise ValueError("a time without a unit")
            unit = f"[{count}{name}]"
        size = f"{text[0]}{state[5] // (4 if text[0] == 'U' else 1)}" if text[0] in _TEXT_KINDS else text
        return np.dtype(f"{'' if order == '|' else order}{size}{unit}")

    return PartialObject(finish)


def _scalar(dtype: Any, content: Any = b"") -> Any:
    import numpy as np

    if not isinstance(dtype, np.dtype) or not isinstance(content, bytes) or len(content) != dtype.itemsize:
        return NotImplemented
    return _checked(np.frombuffer(content, dtype, 1))[0] if content else NotImplemented


def _checked(array: Any) -> Any:
    """Return an array. Raise ValueError if it has characters that do not exist, which Python cannot read."""
    if array.dtype.kind == "U" and array.dtype.itemsize:
        points = array.view(f"{array.dtype.byteorder}u4")
        if points.size and int(points.max()) > _MAX_CODE_POINT:
            raise ValueError("a character beyond Unicode")
    return array


def _array(*_: object) -> PartialObject:
    def finish(state: Any) -> Any:
        import numpy as np

        _, shape, dtype, by_column, content = state
        if not isinstance(dtype, np.dtype) or not isinstance(content, bytes):
            raise TypeError("an array of objects")
        if not content and math.prod(max(length, 1) for length in shape) > _MAX_EMPTY_ROWS:
            raise ValueError("an empty array of a huge shape")
        array = _checked(np.frombuffer(content, dtype)) if content else np.empty(0, dtype)
        return array.reshape(shape, order="F" if by_column else "C")

    return PartialObject(finish)


_NUMPY: Mapping[str, Callable[..., Any]] = {"_reconstruct": _array, "scalar": _scalar}

CONSTRUCTORS: Mapping[tuple[str, str], Callable[..., Any]] = {
    **{(module, "set"): _of_items(set) for module in ("builtins", "__builtin__")},
    **{(module, "frozenset"): _of_items(frozenset) for module in ("builtins", "__builtin__")},
    **{(module, "complex"): _complex for module in ("builtins", "__builtin__")},
    **{(module, "bytes"): _bytes for module in ("builtins", "__builtin__")},
    **{(module, "bytearray"): _bytearray for module in ("builtins", "__builtin__")},
    **{(module, "range"): _range for module in ("builtins", "__builtin__")},
    **{(module, "xrange"): _range for module in ("builtins", "__builtin__")},
    **{(module, "slice"): _slice for module in ("builtins", "__builtin__")},
    ("_codecs", "encode"): _encoded,
    ("collections", "OrderedDict"): _ordered,
    **{("datetime", kind.__name__): _date(kind) for kind in (dt.date, dt.datetime, dt.time, dt.timedelta, dt.timezone)},
    ("numpy", "dtype"): _dtype,
    **{(f"numpy.{core}.multiarray", name): make for core in ("core", "_core") for name, make in _NUMPY.items()},
    **{name: _metaflow_object(kind) for name, kind in METAFLOW_TYPES.items()},
}
"""The constructors by the module and the name in the pickle."""
