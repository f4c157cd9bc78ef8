"""Foreach items as columns: one for each key of dicts and for each place of short tuples."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from typing import Any
from uuid import UUID

from mfwidgets.queries.values.value_columns import Columns

ITEM = "item"
"""The column of an item that is not expanded, and the beginning of the names of the others: ``item.lr``."""

MAX_KEYS = 100
"""A dict with more keys is not expanded."""

_MAX_PLACES = 8
"""A longer tuple or list is not expanded."""

_MAX_KEY_CHARS = 60

_MAX_DEPTH = 2
"""Dicts in a dict: ``item.model.depth``."""

_SCALARS = (str, int, float, complex, bytes, date, time, timedelta, Decimal, Fraction, PurePath, UUID, type(None))


def item_columns(paths: Sequence[tuple[str, ...]], items: Sequence[tuple[Any, ...]]) -> Columns:
    """Return a column for each part of the items of tasks. None if a task has no such part.

    The innermost item is ``item``, or ``item.<key>`` for each key of a dict and ``item.<place>`` for each place of a short
    tuple. The items of outer foreaches have the name of their first step: ``item.<step>`` and ``item.<step>.<key>``.

    Parameters
    ----------
    paths
        The foreach path of each task, such as ``("fit:3",)``.
    items
        The items of each task, the outermost first.

    Examples
    --------
    >>> from mfwidgets.queries.values.item_columns import item_columns
    >>> item_columns([("fit:0",), ("fit:1",)], [({"lr": 0.1, "depth": 2},), ({"lr": 0.2, "depth": 2},)])
    {'item.lr': [0.1, 0.2], 'item.depth': [2, 2]}
    """
    columns: Columns = {}
    for depth in range(max(map(len, items), default=0)):
        for number, (path, of_task) in enumerate(zip(paths, items, strict=True)):
            if depth < len(of_task):
                is_inner = depth == len(of_task) - 1
                name = ITEM if is_inner else f"{ITEM}.{path[depth].rpartition(':')[0]}"
                for suffix, value in parts_of_item(of_task[depth]):
                    column = columns.setdefault(name + suffix, [None] * len(items))
                    column[number] = value
    return columns


def parts_of_item(item: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parts of an item: ``.lr`` and its value for each key of a dict. Empty and the item itself for others."""
    if isinstance(item, dict) and _has_readable_keys(item):
        yield from _parts_of_dict(item, _MAX_DEPTH)
    elif isinstance(item, tuple | list) and 1 < len(item) <= _MAX_PLACES and all(map(is_scalar, item)):
        yield from ((f".{place}", part) for place, part in enumerate(item))
    else:
        yield "", item


def is_scalar(value: Any) -> bool:
    """Return whether a value is one number, text or time."""
    return isinstance(value, _SCALARS) or (type(value).__module__ == "numpy" and not getattr(value, "shape", None))


def _parts_of_dict(item: Mapping[str, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for key, value in item.items():
        if isinstance(value, dict) and depth > 1 and _has_readable_keys(value):
            yield from ((f".{key}{suffix}", part) for suffix, part in _parts_of_dict(value, depth - 1))
        else:
            yield f".{key}", value


def _has_readable_keys(item: Mapping[Any, Any]) -> bool:
    return 0 < len(item) <= MAX_KEYS and all(isinstance(key, str) and 0 < len(key) <= _MAX_KEY_CHARS for key in item)
