"""Functions that construct plain values instead of the classes that a pickle names.

They exist for builtins without their own opcode, dates, numpy scalars and arrays (from their bytes), and Metaflow's own
objects. A constructor checks its arguments. It returns NotImplemented for arguments that the class never pickles.
"""

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from mfwidgets.pickles.described import PartialObject
from mfwidgets.pickles.metaflow_types import METAFLOW_TYPES
from mfwidgets.pickles.numpy_constructors import NUMPY_CONSTRUCTORS

_MAX_INT = 2**61 - 2
"""The hash of a larger int is another number."""

_INT64 = range(-(2**63), 2**63)
"""The numbers of a range or slice. Dividing longer ones takes quadratic time."""

_MAX_NAME_CHARS = 100
"""The maximum length of the name of a time zone. Each repr of a time writes it."""


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
    return range(*args) if all(isinstance(arg, int) and arg in _INT64 for arg in args) else NotImplemented


def _slice(*args: Any) -> Any:
    plain = all(arg is None or (isinstance(arg, int) and arg in _INT64) for arg in args)
    return slice(*args) if plain else NotImplemented


def _ordered(*args: Any) -> Any:
    return OrderedDict() if not args else NotImplemented


def _date(kind: Callable[..., Any]) -> Callable[..., Any]:
    """Return a constructor of dates (from bytes, or Latin-1 text in protocol 2), timedeltas and timezones."""

    def make(*args: Any) -> Any:
        plain = all(isinstance(arg, bytes | int | str | dt.tzinfo | dt.timedelta) for arg in args)
        short = all(len(arg) <= _MAX_NAME_CHARS for arg in args if isinstance(arg, bytes | str))
        return kind(*args) if plain and short else NotImplemented

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
    **NUMPY_CONSTRUCTORS,
    **{name: _metaflow_object(kind) for name, kind in METAFLOW_TYPES.items()},
}
"""The constructors by the module and the name in the pickle."""
