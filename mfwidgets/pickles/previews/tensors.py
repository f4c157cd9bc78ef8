"""The values of torch's tensors, from the bytes of their storage. Torch is not imported, and nothing is unpickled."""

import math
import struct
from typing import Any

from mfwidgets.pickles.described import ArrayBeginning, GlobalRef, LongContent, ReducedCall
from mfwidgets.pickles.known_facts import known_facts

_NUMBERS = frozenset(
    ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")
)
"""The types that numpy has, too."""

_BFLOAT16 = "bfloat16"

_COUNT_BYTES = 8
"""The bytes before the content of a storage: the number of its values."""


def tensor_values(described: Any) -> Any:
    """Return the values of a tensor or a parameter as an array of numpy. Return None for other objects.

    It is an :class:`ArrayBeginning` if only a part of the bytes is in memory. Tensors that are a view of a part of their
    storage, or transposed, are not read.
    """
    if not isinstance(described, ReducedCall) or not described.name.startswith("torch._utils._rebuild_"):
        return None
    try:
        return _values(described)
    except Exception:  # noqa: BLE001 - a strange pickle can cause nearly any error
        return None


def _values(described: ReducedCall) -> Any:
    import numpy as np

    facts = known_facts(described) or {}
    shape, kind = facts.get("shape"), facts.get("dtype")
    tensor = described.args[0] if described.name.endswith("_rebuild_parameter") else described
    storage, offset, size, strides = tensor.args[:4]
    if not isinstance(kind, GlobalRef) or not shape or shape != tuple(size) or not math.prod(shape):
        return None
    if offset != 0 or tuple(strides) != _strides(shape):
        return None
    dtype = np.dtype("<u2" if kind.name == _BFLOAT16 else kind.name if kind.name in _NUMBERS else "V0")
    stored = storage.args[0]
    length = stored.length if isinstance(stored, LongContent) else len(stored)
    content = stored.beginning if isinstance(stored, LongContent) else stored
    start = length - math.prod(shape) * dtype.itemsize
    (count,) = struct.unpack_from("<q", content, start - _COUNT_BYTES)
    if not dtype.itemsize or count not in (math.prod(shape), math.prod(shape) * dtype.itemsize):  # an untyped storage
        return None
    usable = (len(content) - start) // dtype.itemsize
    array = _widened(np.frombuffer(content, dtype, usable, start), kind.name)
    return array.reshape(shape) if usable == math.prod(shape) else ArrayBeginning(shape, array.dtype, array)


def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of an array whose values are one after the other, in rows."""
    return tuple(math.prod(shape[place + 1 :]) for place in range(len(shape)))


def _widened(array: Any, kind: str) -> Any:
    """Return numbers of bfloat16 as float32, of which they are the upper half."""
    import numpy as np

    return (array.astype("u4") << 16).view(np.float32) if kind == _BFLOAT16 else array
