"""Constructors of numpy scalars and arrays from their bytes, without numpy's unpickling functions."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from mfwidgets.pickles.described import ArrayBeginning, PartialObject

_MAX_EMPTY_ROWS = 100_000
"""An array without bytes can have a shape of any length."""

_MAX_DIMENSIONS = 64
"""The maximum of numpy 2. Earlier versions have 32."""

_MAX_COUNT = 2**31 - 1
"""The maximum length of a dimension of an array that is read, and of the multiple of a unit of time."""

_MAX_CODE_POINT = 0x10FFFF

_DTYPE = re.compile(r"[biufcSUmMVO]\d{1,7}\Z")
"""A dtype as numpy writes it: kind and bytes. A list such as ``i4,O`` does not match."""

_MAX_FIELDS, _MAX_ITEM_BYTES = 100, 1_000_000
"""The maximum number of fields of a structured dtype, and of its bytes."""

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

        _, order, subarray, names = _as(tuple, state)[:_DTYPE_STATE_PARTS]
        if subarray is not None or order not in ("<", ">", "|", "="):
            raise ValueError("a structured dtype")
        if text[0] == "V":
            return _structured(names, state[4], state[5])
        if names is not None:
            raise ValueError("a structured dtype")
        if text[0] == "O":
            return np.dtype(object)
        unit = _unit(state) if text[0] in _TIME_KINDS else ""
        size = f"{text[0]}{state[5] // (4 if text[0] == 'U' else 1)}" if text[0] in _TEXT_KINDS else text
        return np.dtype(f"{'' if order == '|' else order}{size}{unit}")

    return PartialObject(finish)


def _structured(names: Any, fields: Any, size: Any) -> Any:
    """Return a structured dtype whose fields are plain. Deeper ones could make numpy use the whole stack."""
    import numpy as np

    offsets = [_as(int, fields[name][1]) for name in _as(tuple, names)]
    formats = [_as(np.dtype, fields[name][0]) for name in names]
    if len(names) > _MAX_FIELDS or not 0 < _as(int, size) <= _MAX_ITEM_BYTES or min(offsets, default=0) < 0:
        raise ValueError("a structured dtype of an odd layout")
    if any(one.hasobject or one.names is not None for one in formats):
        raise ValueError("a structured dtype of objects")
    return np.dtype({"names": list(names), "formats": formats, "offsets": offsets, "itemsize": size})


def _unit(state: tuple[Any, ...]) -> str:
    """Return the unit of times, such as ``[10ns]``. Empty if they have none, as in ``numpy.datetime64("NaT")``."""
    name, count = state[8][1][:2]
    name = name.decode() if isinstance(name, bytes) else name
    if name == "generic":
        return ""
    if name not in _TIME_UNITS or not 1 <= _as(int, count) <= _MAX_COUNT:
        raise ValueError("an unknown unit of time")
    return f"[{count}{name}]"


def _as(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} is not a {kind.__name__}")
    return value


def _scalar(dtype: Any, content: Any = b"") -> Any:
    import numpy as np

    if not isinstance(dtype, np.dtype) or dtype.hasobject:
        return NotImplemented
    if not isinstance(content, bytes) or len(content) != dtype.itemsize:
        return NotImplemented
    return _checked(np.frombuffer(content, dtype, 1))[0] if content else NotImplemented


def _checked(array: Any) -> Any:
    """Return an array. Raise ValueError if it has characters that do not exist, which Python cannot read."""
    import numpy as np

    for name in array.dtype.names or ():
        _checked(np.ascontiguousarray(array[name]))
    if array.dtype.kind == "U" and array.dtype.itemsize:
        points = array.view(f"{array.dtype.byteorder}u4")
        if points.size and int(points.max()) > _MAX_CODE_POINT:
            raise ValueError("a character beyond Unicode")
    return array


def _array(*_: object) -> PartialObject:
    def finish(state: Any) -> Any:
        import numpy as np

        _, shape, dtype, by_column, content = _as(tuple, state)
        if isinstance(content, ArrayBeginning):
            return content
        _as(list if _as(np.dtype, dtype).hasobject else bytes, content)
        if len(_as(tuple, shape)) > _MAX_DIMENSIONS or not all(0 <= _as(int, n) <= _MAX_COUNT for n in shape):
            raise ValueError("an array of an unknown shape")
        if dtype.hasobject and not shape:
            raise ValueError("an object in an array without dimensions")
        if not content and math.prod(max(length, 1) for length in shape) > _MAX_EMPTY_ROWS:
            raise ValueError("an empty array of a huge shape")
        if dtype.hasobject:
            return _array_of_objects(content).reshape(shape)  # in rows, whatever the layout of the array was
        array = _checked(np.frombuffer(content, dtype)) if content else np.empty(0, dtype)
        return array.reshape(shape, order="F" if by_column else "C")

    return PartialObject(finish)


def _array_of_objects(content: list[Any]) -> Any:
    """Return an array of the parts of a list. Numpy itself would unpack the lists in it."""
    import numpy as np

    array = np.empty(len(content), dtype=object)
    for place, item in enumerate(content):
        array[place] = item
    return array


NUMPY_CONSTRUCTORS: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "dtype"): _dtype,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _array for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
}
"""The constructors by the module and the name in the pickle."""
