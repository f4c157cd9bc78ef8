"""The order of the tasks of a step: by their places in the foreaches, as in the sidebar and in grids.

A task that was killed early has no place, because its process records it. Such a task comes last: first places would be
wrong, and its item is not known.
"""

import math
import re
from collections.abc import Iterable

from mfwidgets.queries.lineage.foreach import index_of
from mfwidgets.queries.rows import TaskRow

_DIGITS = re.compile("([0-9]+)")

_Natural = tuple[str | tuple[int, str], ...]


def in_item_order(rows: Iterable[TaskRow]) -> list[TaskRow]:
    """Return the rows by their foreach items, the outermost first. Tasks without an item come last, oldest first."""
    return sorted(
        rows,
        key=lambda row: (*place_order(row.item.path), row.record.created_ms, natural_order(row.record.task_id)),
    )


def place_order(path: tuple[str, ...]) -> tuple[bool, list[float]]:
    """Return a key that sorts foreach paths by the index of each level. The empty path comes last."""
    indexes = [index_of(level) for level in path]
    return not path, [math.inf if index is None else index for index in indexes]


def natural_order(name: str) -> _Natural:
    """Return a key that sorts names with numbers as people do: ``item9`` before ``item10``.

    Numbers are compared as texts without leading zeros, so a number can have any length.
    """
    parts = _DIGITS.split(name)  # text and digits alternate, so keys of two names have the same types
    return tuple((len(number := part.lstrip("0")), number) if place % 2 else part for place, part in enumerate(parts))
