"""Descriptions of the parts of a pickle that are not constructed: names, calls and incomplete objects."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mfwidgets.fast_dataclass import fast_dataclass

MAX_NAME_CHARS = 1_000
"""The maximum length of a module and a name. A pickle could combine one long module with many names."""

_NO_NAMES: dict[str, Any] = {}


@fast_dataclass(frozen=True, slots=True)
class GlobalRef:
    """The name of a class or function in a pickle. It is not imported."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class ReducedCall:
    """The description of an object that the pickle would construct by a call.

    Attributes
    ----------
    of
        The callable, usually a :class:`GlobalRef`.
    args, named
        The arguments of the call: a tuple, and a dict of those with names.
    state, items
        The argument of ``__setstate__``, and the items that the pickle appends or sets. Pairs are tuples.
    """

    of: Any
    args: Any
    state: Any = None
    items: list[Any] = field(default_factory=list)
    named: dict[str, Any] = field(default_factory=lambda: _NO_NAMES)

    @property
    def name(self) -> str:
        """``module.name`` of the callable, such as ``pandas.DataFrame``. Empty if it is the result of another call."""
        return str(self.of) if isinstance(self.of, GlobalRef) else ""


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


@fast_dataclass(frozen=True, slots=True)
class DescribedObject:
    """The words for an object that was not constructed: its class and recorded fields. They are its repr.

    Attributes
    ----------
    text
        ``Shade('dark')``.
    """

    text: str

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, eq=False)
class LongContent:
    """Bytes or text of a large pickle, of which only a part is in memory.

    Attributes
    ----------
    length
        The number of all bytes.
    beginning
        The first bytes.
    is_text
        Whether they are UTF-8 text.
    """

    length: int
    beginning: bytes
    is_text: bool = False

    @property
    def text(self) -> str:
        """The beginning as text."""
        return self.beginning.decode("utf-8", "replace")

    @property
    def words(self) -> str:
        """A short description: ``3,000,000 bytes``."""
        return f"str of {self.length:,} bytes" if self.is_text else f"{self.length:,} bytes"


@dataclass(frozen=True, slots=True, eq=False)
class ArrayBeginning:
    """An array of numpy in a large pickle, of which only a part is in memory.

    Attributes
    ----------
    shape, dtype
        Of the whole array.
    sample
        Its beginning, as an array: the first rows, or the first values of each row.
    """

    shape: tuple[int, ...]
    dtype: Any
    sample: Any


def is_array(value: Any) -> bool:
    """Return whether a value is an array of numpy with at least one dimension."""
    return type(value).__module__ == "numpy" and bool(getattr(value, "shape", ()))


def parts_of(value: Any) -> list[Any]:
    """Return the parts of a container or a description. Empty for other values."""
    if isinstance(value, list | tuple | set | frozenset | deque):
        return list(value)
    if isinstance(value, dict):
        return [*value, *value.values()]
    if is_array(value) and value.dtype.hasobject:
        return list(value.ravel().tolist())
    if isinstance(value, ReducedCall):
        return [value.of, value.args, value.named, value.state, value.items]
    return []


def foreign_parts(value: Any) -> Iterator[GlobalRef | ReducedCall | PartialObject]:
    """Yield the parts of a value that are not plain, in the order of the pickle. Visits each container once."""
    seen: set[int] = set()
    unvisited = [value]
    while unvisited:
        part = unvisited.pop()
        if isinstance(part, GlobalRef | ReducedCall | PartialObject):
            yield part
        if id(part) not in seen and (parts := parts_of(part)):
            seen.add(id(part))
            unvisited += parts[::-1]
