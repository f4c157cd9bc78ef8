"""Short texts of values: a repr with limits, which takes little time for a value of any size.

Parts of a pickle that are not constructed are written like calls: ``Stone(weight=4)``.
"""

import datetime as dt
import reprlib
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import chain, islice
from pathlib import PurePath
from typing import Any
from uuid import UUID

from mfwidgets.pickles.class_names import arguments_of, class_name, fields_of
from mfwidgets.pickles.described import (
    ArrayBeginning,
    DescribedObject,
    GlobalRef,
    LongContent,
    PartialObject,
    ReducedCall,
    is_array,
)
from mfwidgets.pickles.metaflow_types import IncludedFile
from mfwidgets.safe_repr import int_text, is_readable

_MAX_CHARS = 200
"""The maximum length of a string, a number or another value without parts."""

_MAX_TEXT_CHARS = 5_000
"""The maximum length of the repr of a value with parts."""

_MAX_ITEMS = 8

_MAX_LEVELS = 3


class _ValueRepr(reprlib.Repr):
    """Writes values with limits."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = _MAX_LEVELS
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = _MAX_ITEMS
        self.maxstring = self.maxother = self.maxlong = _MAX_CHARS

    def repr1(self, x: Any, level: int) -> str:
        """Write a part of a value."""
        write = _WRITERS.get(type(x))
        if is_array(x) and x.dtype.hasobject:
            return self.objects(x, level)
        return write(self, x, level) if write else super().repr1(x, level)

    def repr_int(self, x: int, level: int) -> str:
        """Write an int, or its number of digits if Python refuses to write it."""
        return super().repr_int(x, level) if is_readable(x) else int_text(x)

    def in_order(self, pairs: Mapping[Any, Any], level: int) -> str:
        """Write a mapping in its order. ``reprlib`` writes dicts in the order of their keys."""
        if level <= 0 and pairs:
            return "{...}"
        written = (
            f"{self.repr1(key, level - 1)}: {self.repr1(value, level - 1)}"
            for key, value in islice(pairs.items(), _MAX_ITEMS)
        )
        return f"{{{', '.join(chain(written, ['...'] if len(pairs) > _MAX_ITEMS else []))}}}"

    def objects(self, x: Any, level: int) -> str:
        """Write the first items of an array of objects. Numpy would write them at full length."""
        shape = f", shape {x.shape}" if x.ndim > 1 else ""
        return f"array({self.repr1(x.ravel()[: _MAX_ITEMS + 1].tolist(), level)}, dtype=object{shape})"

    def call(self, x: ReducedCall, level: int) -> str:
        """Write a described object like a call, with its recorded fields."""
        name = class_name(x) or "object"
        if name == "NaT":
            return name
        inner = [self.repr1(argument, level - 1) for argument in islice(arguments_of(x), _MAX_ITEMS + 1)]
        fields = islice(fields_of(x).items(), _MAX_ITEMS + 1)
        inner += [f"{field}={self.repr1(value, level - 1)}" for field, value in fields]
        inner += [self.repr1(x.items, level - 1)] if x.items else []
        if level <= 0 and inner:
            return f"{name}(...)"
        return f"{name}({', '.join(chain(inner[:_MAX_ITEMS], ['...'] if len(inner) > _MAX_ITEMS else []))})"


def _counts(writer: _ValueRepr, value: Counter[Any], level: int) -> str:
    """Write the most frequent keys of a counter first."""
    try:
        frequent = dict(value.most_common(_MAX_ITEMS + 1))
    except TypeError:  # not all are numbers
        frequent = dict(value)
    return f"Counter({writer.in_order(frequent, level)})" if value else "Counter()"


def _defaults(writer: _ValueRepr, value: defaultdict[Any, Any], level: int) -> str:
    return f"defaultdict({getattr(value.default_factory, '__name__', None)}, {writer.in_order(value, level)})"


def duration_text(value: dt.timedelta) -> str:
    """Return a duration as pandas writes it: ``0 days 01:30:00``."""
    minutes, seconds = divmod(value.seconds, 60)
    fraction = f".{value.microseconds:06}" if value.microseconds else ""
    return f"{value.days} days {minutes // 60:02}:{minutes % 60:02}:{seconds:02}{fraction}"


_WRITERS: Mapping[type, Callable[[_ValueRepr, Any, int], str]] = {
    OrderedDict: lambda writer, value, level: f"OrderedDict({writer.in_order(value, level)})",
    Counter: _counts,
    defaultdict: _defaults,
    dt.datetime: lambda _, value, __: str(value),
    dt.date: lambda _, value, __: str(value),
    dt.time: lambda _, value, __: str(value),
    dt.timedelta: lambda _, value, __: duration_text(value),
    IncludedFile: lambda writer, value, level: f"IncludedFile({writer.repr1(value.descriptor, level - 1)})",
    GlobalRef: lambda _, value, __: "<NA>" if value.name == "NA" else _cut(value.name),
    PartialObject: lambda *_: "<incomplete object>",
    ArrayBeginning: lambda _, value, __: f"array of {value.dtype}, shape {value.shape}",
    LongContent: lambda _, value, __: value.words,
    ReducedCall: lambda writer, value, level: writer.call(value, level),
}
"""The functions that write values of exactly these types. Times are written as in tables."""


def _cut(text: str, most: int = _MAX_CHARS) -> str:
    return text if len(text) <= most else f"{text[:most]}..."


_PLAIN = (
    str,
    bytes,
    int,
    float,
    complex,
    type(None),
    dt.date,
    dt.time,
    dt.timedelta,
    PurePath,
    Decimal,
    Fraction,
    UUID,
)

_MAX_PART_CHARS = 1_000


def plain_or_described(value: Any) -> Any:
    """Return a part of a described object: itself if it is a short scalar, else the words for it."""
    if isinstance(value, str | bytes):
        return value if len(value) <= _MAX_PART_CHARS else DescribedObject(value_text(value))
    if isinstance(value, int) and not is_readable(value):
        return DescribedObject(value_text(value))
    return value if isinstance(value, _PLAIN) else DescribedObject(value_text(value))


_REPR: Callable[[Any], str] = _ValueRepr().repr


def value_text(value: Any) -> str:
    """Return the repr of a value, shortened. It has no addresses of memory, and never fails."""
    try:
        if type(value).__module__ == "numpy" and not is_array(value):
            # 1.5, not np.float64(1.5); and 0.1 for a float32, not its nearest float64
            value = float(str(value)) if value.dtype.kind == "f" else value.item()
        return _cut(_REPR(value), _MAX_TEXT_CHARS)
    except Exception as error:  # noqa: BLE001 - the repr of a user's own class can raise any error
        return f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"
