"""Functions that construct plain values instead of the classes that a pickle names.

They exist for builtins without their own opcode, plain values of the standard library, dates, numpy scalars and arrays
(from their bytes), and Metaflow's own objects. A constructor checks its arguments. It returns NotImplemented for arguments that the class never pickles.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mfwidgets.pickles.described import MAX_NAME_CHARS, GlobalRef, PartialObject
from mfwidgets.pickles.metaflow_types import METAFLOW_TYPES
from mfwidgets.pickles.numpy_constructors import NUMPY_CONSTRUCTORS
from mfwidgets.pickles.stdlib_constructors import STDLIB_CONSTRUCTORS
from mfwidgets.pickles.time_constructors import TIME_CONSTRUCTORS

_MAX_INT = 2**61 - 2
"""The hash of a larger int is another number."""

_INT64 = range(-(2**63), 2**63)
"""The numbers of a range or slice. Dividing longer ones takes quadratic time."""


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


def _attribute(owner: object, name: object) -> Any:
    """Return the name of an attribute of a class, such as ``ZoneInfo._unpickle``. It is not looked up."""
    if not isinstance(owner, GlobalRef) or not isinstance(name, str) or len(name) > MAX_NAME_CHARS - len(owner.name):
        return NotImplemented
    return GlobalRef(owner.module, f"{owner.name}.{name}")


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
    **{(module, "getattr"): _attribute for module in ("builtins", "__builtin__")},
    **STDLIB_CONSTRUCTORS,
    **TIME_CONSTRUCTORS,
    **NUMPY_CONSTRUCTORS,
    **{name: _metaflow_object(kind) for name, kind in METAFLOW_TYPES.items()},
}
"""The constructors by the module and the name in the pickle."""

WITHOUT_ARRAYS = {name: make for name, make in CONSTRUCTORS.items() if name not in NUMPY_CONSTRUCTORS}
"""Those that do not import numpy."""
