"""The outline of a nested value: dicts, lists, and objects that are only described, as a tree of limited size."""

from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.pickles.class_names import arguments_of, class_name, fields_of
from mfwidgets.pickles.described import ArrayBeginning, GlobalRef, ReducedCall, is_array
from mfwidgets.pickles.metaflow_types import IncludedFile
from mfwidgets.pickles.previews.numbers import Numbers, is_number_sequence, numbers_of
from mfwidgets.pickles.previews.tensors import tensor_values
from mfwidgets.pickles.value_text import value_text

MAX_NODES = 300
"""The parts of an outline. A larger value has more, which are counted."""

_MAX_CHILDREN = (100, 40, 20, 10)
"""The parts of one part, by level. Deeper ones have as many as the last."""

_MAX_LEVELS = 8

_MAX_INLINE_CHARS = 80
"""A longer list is a branch, with a line for each item."""

_SEQUENCES = (list, tuple, deque, set, frozenset)

_MAX_NUMBERS = 1_000_000
"""The numbers that are described. A pickle can refer to a long list many times."""

_MIN_NUMBERS = 9
"""A longer list of numbers is described by its range. A shorter one is written."""


@fast_dataclass(frozen=True, slots=True)
class Node:
    """A part of a value.

    Attributes
    ----------
    name
        Its key, field or place.
    words
        Its value, or the words for what it contains: ``dict of 4``.
    numbers
        The facts about its numbers. None for other parts.
    children
        Its own parts.
    left_out
        The number of its parts that are not in ``children``.
    """

    name: str
    words: str
    numbers: Numbers | None = None
    children: "tuple[Node, ...]" = ()
    left_out: int = 0


def outline_of(value: Any) -> Node | None:
    """Return the outline of a dict, a list or a described object. Return None for values without parts.

    Costs up to 300 short texts. Long lists of numbers cost a pass over each.
    """
    node = _Outliner(MAX_NODES).node("", value, 0)
    return node if node.children else None


class _Outliner:
    """Makes the nodes of one outline, and counts them."""

    def __init__(self, nodes: int) -> None:
        self._left = nodes
        self._numbers_left = _MAX_NUMBERS

    def node(self, name: str, value: Any, level: int) -> Node:
        """Return the node of a value."""
        numbers = self._numbers(name, value, level)
        if numbers is not None:
            return numbers
        if not _has_parts(value) or level >= _MAX_LEVELS:
            return Node(name, value_text(value))
        if isinstance(value, _SEQUENCES) and level and _is_flat(value):
            text = value_text(value)
            if len(text) <= _MAX_INLINE_CHARS and not text.endswith(("...]", "...)", "...}")):
                return Node(name, text)
        count = _length(value)
        limit = min(_MAX_CHILDREN[min(level, len(_MAX_CHILDREN) - 1)], self._left)
        shown = list(islice(_parts(value), limit))
        self._left -= len(shown)
        children = tuple(self.node(inner, part, level + 1) for inner, part in shown)
        return Node(name, _kind(value), children=children, left_out=count - len(children))

    def _numbers(self, name: str, value: Any, level: int) -> Node | None:
        """Return the node of an array, a tensor or a long list of numbers. Return None for other values."""
        tensor = tensor_values(value)
        if tensor is not None:
            inner = self.node(name, tensor, level)
            words = array_words(tensor)
            values = "" if inner.words == words else f": {inner.words}"
            return Node(name, f"{class_name(value)} {words}{values}", inner.numbers)
        if isinstance(value, ArrayBeginning):
            self._numbers_left -= value.sample.size
            numbers = numbers_of(value) if self._numbers_left >= 0 else None
            return Node(name, array_words(value), numbers)
        if not is_array(value) and not (isinstance(value, list | tuple | deque) and len(value) >= _MIN_NUMBERS):
            return None
        self._numbers_left -= value.size if is_array(value) else len(value)
        if self._numbers_left < 0:
            return Node(name, _kind(value))
        return _numbers_node(name, value) if is_array(value) or is_number_sequence(value) else None


def _numbers_node(name: str, value: Any) -> Node:
    """Return the node of an array, or of a long list of numbers. Few numbers are written."""
    if is_array(value) and value.size < _MIN_NUMBERS and not value.dtype.hasobject:
        return Node(name, _few_numbers(value.tolist()) if value.dtype.kind == "f" else value_text(value.tolist()))
    return Node(
        name, array_words(value) if is_array(value) else f"{type(value).__name__} of {len(value):,}", numbers_of(value)
    )


def _few_numbers(value: Any) -> str:
    """Return a few floats in nested lists with four digits each."""
    return f"[{', '.join(map(_few_numbers, value))}]" if isinstance(value, list) else f"{value:.4g}"


def array_words(array: Any) -> str:
    """Return ``float64 (300, 4)`` for an array."""
    return f"{array.dtype} {array.shape}"


def _has_parts(value: Any) -> bool:
    if isinstance(value, dict | list | tuple | deque | set | frozenset):
        return len(value) > 0
    if isinstance(value, ReducedCall):
        return bool(class_name(value)) and _length(value) > 0
    return isinstance(value, IncludedFile)


def _is_flat(value: Any) -> bool:
    return all(not _has_parts(item) for item in islice(value, _MAX_CHILDREN[0]))


def _kind(value: Any) -> str:
    if isinstance(value, ReducedCall):
        return class_name(value)
    if isinstance(value, IncludedFile):
        return "IncludedFile"
    if is_array(value):
        return array_words(value)
    kind = "dict" if type(value) is OrderedDict else type(value).__name__
    return f"{kind} of {len(value):,}"


def _length(value: Any) -> int:
    if isinstance(value, ReducedCall):
        return len(fields_of(value)) + len(arguments_of(value)) + len(value.items)
    return len(value.descriptor) if isinstance(value, IncludedFile) else len(value)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the names and the parts of a value."""
    if isinstance(value, IncludedFile):
        value = value.descriptor
    if isinstance(value, Mapping):
        yield from ((_key(key), part) for key, part in value.items())
    elif isinstance(value, ReducedCall):
        yield from ((str(place), part) for place, part in enumerate(arguments_of(value)))
        yield from fields_of(value).items()
        yield from _items(value.items)
    else:
        yield from _items(value)


def _items(items: Any) -> Iterator[tuple[str, Any]]:
    """Yield the items of a list. Those of a list of named parts, such as the steps of a pipeline, have their names."""
    named = isinstance(items, list) and bool(items) and all(map(_is_named, islice(items, _MAX_CHILDREN[0])))
    for place, item in enumerate(items):
        if named and _is_named(item):
            yield item[0], item[1]
        else:
            yield str(place), item


def _is_named(item: Any) -> bool:
    """Return whether an item is a tuple of a name and an object, as in pipelines."""
    return (
        isinstance(item, tuple)
        and len(item) in (2, 3)
        and isinstance(item[0], str)
        and isinstance(item[1], ReducedCall | GlobalRef | dict)
    )


def _key(key: Any) -> str:
    return key if isinstance(key, str) else value_text(key)
