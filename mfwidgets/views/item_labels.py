"""Short words for foreach items: without the beginning that all of them share, and with the keys of dicts."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.foreach_items import is_cut, whole_items
from mfwidgets.queries.lineage.item_words import item_words
from mfwidgets.queries.rows import TaskRow

_MIN_PREFIX = 6
"""A shorter common beginning is not left out."""

_BOUNDARY = re.compile(r".*[/\\_.:=, -]", re.DOTALL)


def common_beginning(texts: Sequence[str]) -> str:
    """Return the beginning that all texts share, up to a separator. Empty if it is short, or if the texts are equal.

    Examples
    --------
    >>> from mfwidgets.views.item_labels import common_beginning
    >>> common_beginning(["s3://data/2026/part-001", "s3://data/2026/part-002"])
    's3://data/2026/part-'
    >>> common_beginning(["Hamburg", "Hannover"])
    ''
    """
    distinct = set(texts)
    if len(distinct) <= 1:
        return ""
    first, last = min(distinct), max(distinct)  # all others are between these, so they share at least as much
    length = next(
        (place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first)
    )
    match = _BOUNDARY.match(first[:length])
    beginning = match[0] if match else ""
    return beginning if len(beginning) >= _MIN_PREFIX and beginning not in distinct else ""


def shortened(values: Sequence[Any]) -> tuple[list[Any], str]:
    """Return values with texts whose common beginning is replaced by an ellipsis, and this beginning."""
    texts = [value for value in values if isinstance(value, str)]
    beginning = common_beginning(texts) if all(isinstance(value, str | None) for value in values) else ""
    if not beginning:
        return list(values), ""
    return [f"…{value[len(beginning) :]}" if isinstance(value, str) else value for value in values], beginning


def item_labels(items: Sequence[tuple[Any, ...]]) -> list[str]:
    """Return a label for the items of each task: ``lr 0.1, depth 3``. Levels are joined by slashes."""
    depth = max(map(len, items), default=0)
    levels = []
    for level in range(depth):
        shown, _ = shortened([of_task[level] if level < len(of_task) else None for of_task in items])
        levels.append(shown)
    return [
        " / ".join(item_words(levels[level][number]) for level in range(len(of_task)))
        for number, of_task in enumerate(items)
    ]


def labels_of_cut_items(context: ClientContext, rows: Sequence[TaskRow]) -> Mapping[str, str]:
    """Return labels of the items that metadata has cut, by pathspec of the task.

    Costs nothing if no item is cut, and otherwise as :func:`whole_items`. All tasks are of one run.
    """
    cut = list(filter(is_cut, rows))
    labels = item_labels(whole_items(context, cut)) if cut else []
    return {row.pathspec: label for row, label in zip(cut, labels, strict=True)}
