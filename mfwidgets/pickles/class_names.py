"""The class and the recorded fields of an object that is only described. Nothing is imported.

A pickle often names a function of a library that constructs the object. The class is then known by the function, or is
its first argument.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from mfwidgets.pickles.described import GlobalRef, ReducedCall
from mfwidgets.pickles.known_facts import known_facts

_MAX_CHARS = 200

_MAX_FIELDS = 100

_CLASS_OF_FUNCTION: Mapping[str, str] = {
    "_reconstruct": "ndarray",
    "_unpickle_timestamp": "Timestamp",
    "_timedelta_unpickle": "Timedelta",
    "_nat_unpickle": "NaT",
    "__nat_unpickle": "NaT",
    "_reconstruct_table": "Table",
    "_reconstruct_record_batch": "RecordBatch",
    "_restore_array": "Array",
    "chunked_array": "ChunkedArray",
    "_rebuild_tensor_v2": "Tensor",
    "_rebuild_tensor_v3": "Tensor",
    "_rebuild_meta_tensor_no_storage": "Tensor",
    "_rebuild_parameter": "Parameter",
}
"""The classes that functions of libraries construct, by the name of the function."""

_CLASS_IS_ARGUMENT = frozenset(
    ("_new_Index", "_new_DatetimeIndex", "_new_PeriodIndex", "__pyx_unpickle_NDArrayBacked", "__newobj_ex__", "_reconstructor", "__pyx_unpickle_Enum")
)  # fmt: skip
"""Functions whose first argument is the class."""


def class_ref(described: Any) -> GlobalRef | None:
    """Return the class of a described object. None if it is unknown."""
    while isinstance(described, ReducedCall):
        of, args = described.of, described.args
        if isinstance(of, GlobalRef) and of.name in _CLASS_IS_ARGUMENT and args and isinstance(args[0], GlobalRef):
            return args[0]
        described = of
    if not isinstance(described, GlobalRef):
        return None
    name = _CLASS_OF_FUNCTION.get(described.name)
    return GlobalRef(described.module, name) if name and described.module != "__main__" else described


def class_name(described: Any) -> str:
    """Return the name of the class of a described object, without its module. Empty if it is unknown."""
    of = class_ref(described)
    name = of.name if of else ""
    return name if len(name) <= _MAX_CHARS else f"{name[:_MAX_CHARS]}..."


def arguments_of(described: Any) -> tuple[Any, ...]:
    """Return the arguments of the class itself. Empty if its facts are known, and for functions of libraries, whose arguments say nothing about the object."""
    if not isinstance(described, ReducedCall) or not isinstance(described.args, tuple):
        return ()
    return described.args if class_ref(described) == described.of and _known(described) is None else ()


def fields_of(described: Any) -> dict[str, Any]:
    """Return the recorded fields of a described object: named arguments, attributes, and slots. At most 100.

    Private ones are omitted.
    """
    if not isinstance(described, ReducedCall):
        return {}
    known = _known(described)
    if known is not None:
        named = ((name, value) for name, value in known.items() if isinstance(name, str))  # a damaged pickle has others
        return dict(islice(named, _MAX_FIELDS))
    return dict(islice(_public(described), _MAX_FIELDS))


def _known(described: ReducedCall) -> dict[str, Any] | None:
    """Return the facts about an object of a well-known class. None for other classes and for unknown layouts."""
    try:
        return known_facts(described)
    except Exception:  # noqa: BLE001 - an unknown layout can raise nearly any error
        return None


def _public(described: ReducedCall) -> Iterator[tuple[str, Any]]:
    state = described.state
    # Objects with slots have a tuple: the attributes or None, and the slots.
    states = state if isinstance(state, tuple) and len(state) == 2 else (state,)  # noqa: PLR2004 - see above
    for fields in (described.named, *states):
        if isinstance(fields, dict):
            for name, value in fields.items():
                if isinstance(name, str) and not name.startswith("_"):
                    yield name[:_MAX_CHARS], value
