"""The tasks of a sweep as a matrix: one part of the items across, the other parts down, as in ``lr`` by ``depth``."""

from collections.abc import Sequence
from typing import Any

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.queries.lineage.item_words import value_words
from mfwidgets.queries.values.item_columns import ITEM, item_columns
from mfwidgets.queries.values.ordering import NUMBER, sort_key

MAX_ACROSS = 12
"""A matrix has at most this many columns. They fit into a notebook of 1,300 pixels."""

_MIN_SIDE = 2
"""A matrix has at least this many rows and columns."""

_MAX_EMPTY = 0.45
"""If more of its places are empty, the items are not a product of their parts."""

_MAX_LABEL_CHARS = 24


@fast_dataclass(frozen=True, slots=True)
class Matrix:
    """Where each task is.

    Attributes
    ----------
    across, down
        The name of the part across, and the names of the parts down.
    columns, rows
        The headings.
    places
        The number of the task at each row and column. None if no task has these items.
    """

    across: str
    down: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    places: tuple[tuple[int | None, ...], ...]


def matrix_of(paths: Sequence[tuple[str, ...]], items: Sequence[tuple[Any, ...]], max_rows: int) -> Matrix | None:
    """Return the matrix of tasks by their items. None if the items are not a product of two or more parts.

    The part with the most values is across. Numbers are in order, other values as they first occur.

    Parameters
    ----------
    paths, items
        The foreach path and the items of each task.
    max_rows
        The maximum number of rows.
    """
    parts = {name: values for name, values in item_columns(paths, items).items() if len(_distinct(values)) >= _MIN_SIDE}
    across = max(
        (name for name, values in parts.items() if len(_distinct(values)) <= MAX_ACROSS),
        key=lambda name: len(_distinct(parts[name])),
        default=None,
    )
    if across is None or len(parts) < _MIN_SIDE:
        return None
    others = [name for name in parts if name != across]
    down = [tuple(parts[name][number] for name in others) for number in range(len(items))]
    ranks = {name: _ranks(values) for name, values in parts.items()}
    columns = sorted(_distinct(parts[across]), key=lambda value: ranks[across][sort_key(value)])
    rows = sorted(_distinct(down), key=lambda row: [ranks[name][sort_key(row[at])] for at, name in enumerate(others)])
    at: dict[tuple[Any, Any], int] = {}
    for number, (row, column) in enumerate(zip(down, parts[across], strict=True)):
        at.setdefault((_key(row), sort_key(column)), number)
    if len(at) < len(items) or len(rows) > max_rows or 1 - len(at) / (len(rows) * len(columns)) > _MAX_EMPTY:
        return None
    return Matrix(
        _short(across),
        ", ".join(map(_short, others)),
        tuple(_label(value) for value in columns),
        tuple(", ".join(map(_label, row)) for row in rows),
        tuple(tuple(at.get((_key(row), sort_key(column))) for column in columns) for row in rows),
    )


def _short(name: str) -> str:
    """Return ``lr`` for ``item.lr``."""
    return name.removeprefix(f"{ITEM}.")


def _label(value: Any) -> str:
    return value_words(value)[:_MAX_LABEL_CHARS]


def _key(row: Any) -> Any:
    return tuple(map(sort_key, row)) if isinstance(row, tuple) else sort_key(row)


def _distinct(values: Sequence[Any]) -> list[Any]:
    """Return the different values in the order in which they first occur."""
    first: dict[Any, Any] = {}
    for value in values:
        first.setdefault(_key(value), value)
    return list(first.values())


def _ranks(values: Sequence[Any]) -> dict[Any, int]:
    """Return the place of each value: numbers by size, others as they first occur."""
    keys = list(map(sort_key, _distinct(values)))
    if all(key is not None and not isinstance(key[1], bool) and key[0] == NUMBER for key in keys):
        keys.sort()
    return {key: place for place, key in enumerate(keys)}
