"""Facts about objects of well-known packages whose pickles say little by themselves: tensors, sparse matrices, modules."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from mfwidgets.pickles.described import DescribedObject, GlobalRef, LongContent, ReducedCall

_STORAGE = re.compile(rb"ctorch(?:\.storage)?\n(\w{1,40})Storage\nq.X....\d{1,40}q.X....([\w:]{1,20})q", re.DOTALL)
"""The type and the device of a tensor's content, in torch's own format inside of the pickle."""

_SEARCHED_BYTES = 2_000

_DTYPES: Mapping[str, str] = {
    "Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16", "Long": "int64", "Int": "int32", "Short": "int16",
    "Char": "int8", "Byte": "uint8", "Bool": "bool", "ComplexFloat": "complex64", "ComplexDouble": "complex128",
}  # fmt: skip
"""Torch's types by the name of the storage."""

_MAX_PARTS = 50


def known_facts(described: ReducedCall) -> dict[str, Any] | None:
    """Return the facts about an object, if it is of a class that this module knows. Else None."""
    module, _, name = described.name.rpartition(".")
    if module == "torch._utils" and name in _TENSORS:
        return _TENSORS[name](described.args)
    if name in _TIMES and module.startswith("pandas"):
        return _TIMES[name](described.args)
    if module.startswith("scipy.sparse") and isinstance(described.state, dict):
        return _sparse_facts(described.state)
    if isinstance(described.state, dict) and isinstance(described.state.get("_parameters"), dict):
        return _module_facts(described.state)
    return None


def _tensor_facts(args: Any) -> dict[str, Any]:
    storage, _, size = args[:3]
    content = storage.args[0] if isinstance(storage, ReducedCall) and storage.args else b""
    content = content.beginning if isinstance(content, LongContent) else content
    found = _STORAGE.search(content[:_SEARCHED_BYTES]) if isinstance(content, bytes) else None
    kind, device = (part.decode() for part in found.groups()) if found else ("", "")
    dtype = GlobalRef("torch", _DTYPES.get(kind, kind.lower()))
    named = [part for part in args[6:] if isinstance(part, GlobalRef)]  # such as uint16, which has no own storage
    return _tensor(tuple(size), named[0] if named else dtype, device)


def _tensor(shape: tuple[Any, ...], dtype: GlobalRef, device: str) -> dict[str, Any]:
    facts: dict[str, Any] = {"shape": shape}
    facts |= {"dtype": dtype} if dtype.name else {}
    return facts | ({"device": device} if device else {})


_TENSORS: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "_rebuild_tensor_v2": _tensor_facts,
    "_rebuild_tensor_v3": _tensor_facts,
    "_rebuild_parameter": lambda args: known_facts(args[0]) or {},
    "_rebuild_meta_tensor_no_storage": lambda args: _tensor(tuple(args[1]), args[0], "meta"),
}


def _timestamp_facts(args: Any) -> dict[str, Any]:
    """Return the time in UTC, and the zone. Times of whole microseconds are plain values, and do not come here."""
    import numpy as np

    moment = DescribedObject(str(np.datetime64(args[0], "ns")).replace("T", " "))
    return {"utc": moment} | ({"zone": DescribedObject(f"{args[2]!s:.100}")} if args[2] is not None else {})


def _period_facts(args: Any) -> dict[str, Any]:
    """Return the beginning of a period, if its frequency is a unit of numpy."""
    import numpy as np

    _, frequency, number = args
    unit: Any = _UNITS[frequency.name.rpartition(".")[2]]
    return {"begins": DescribedObject(str(np.datetime64(number, unit)).replace("T", " "))}


_UNITS = {"YearEnd": "Y", "MonthEnd": "M", "Day": "D", "Hour": "h", "Minute": "m", "Second": "s"}
"""The units of numpy by pandas' frequencies."""

_TIMES: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "_unpickle_timestamp": _timestamp_facts,
    "_timedelta_unpickle": lambda args: {"nanoseconds": args[0]},
    "Period": _period_facts,
}


def _sparse_facts(state: Mapping[str, Any]) -> dict[str, Any]:
    data: Any = state.get("data")
    facts = {"shape": state.get("_shape")}
    if type(data).__module__ != "numpy":
        return facts
    return {**facts, "dtype": GlobalRef("numpy", str(data.dtype)), "stored_values": int(data.size)}


def _module_facts(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the public fields, the parameters and the inner modules of a module of torch."""
    facts = {name: value for name, value in state.items() if isinstance(name, str) and not name.startswith("_")}
    for group in ("_parameters", "_buffers", "_modules"):
        inner = state.get(group)
        facts |= dict(list(inner.items())[:_MAX_PARTS]) if isinstance(inner, dict) else {}
    return facts
