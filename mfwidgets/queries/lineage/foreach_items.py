"""The whole items of foreach tasks, from the lists that were split.

The metadata of a task has at most 30 characters of its item. The task that splits has the whole list, in the artifact that
the graph names. Lists are read without unpickling: a part that is not a plain value becomes the words for it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from mfwidgets.deadline import stoppable
from mfwidgets.errors import MetaflowException, UnloadableArtifact
from mfwidgets.pickles.described import DescribedObject, foreign_parts, is_array
from mfwidgets.pickles.safe_loads import describe_pickle
from mfwidgets.pickles.unpickle import PICKLES
from mfwidgets.pickles.value_text import value_text
from mfwidgets.providers.records import ArtifactRecord, RunRecord, TaskKey
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.foreach import FOREACH_FIELDS, OUTSIDE, index_of, items_of
from mfwidgets.queries.lineage.graph import steps_of
from mfwidgets.queries.lineage.item_words import item_words
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.values.reading import NotRead, read_bytes, values_of

MAX_LIST_BYTES = 5_000_000
"""A larger list is not read. A list of 10,000 dicts of five numbers has 1 MB."""

_VARIABLE = "_foreach_var"
"""The artifact with the name of the list, for runs whose graph does not name it."""

CUT_ITEM_CHARS = 30
"""Metadata has at most this many characters of an item."""

Level: TypeAlias = tuple[str, tuple[str, ...]]
"""A foreach that split: its first step, and the foreach path of the task that split."""

Lists: TypeAlias = Mapping[Level, Sequence[ArtifactRecord]]


def whole_items(context: ClientContext, rows: Sequence[TaskRow]) -> list[tuple[Any, ...]]:
    """Return the items of each task of one run, the outermost foreach first. Empty for a task outside any foreach.

    An item that cannot be read is a :class:`NotRead` with the words for it. Costs the graph, one request for each step
    that splits, two more if it is itself in a foreach, and one read of at most 5 MB for each distinct list.
    """
    levels = {
        (level.rpartition(":")[0], row.item.path[:depth])
        for row in stoppable(rows)
        for depth, level in enumerate(row.item.path)
    }
    lists = _lists(context, rows[0].record.run, levels) if levels else {}
    loaded: dict[tuple[str, str], Any] = {}
    return [_items_of_task(context, row, lists, loaded) for row in stoppable(rows)]


def whole_item_text(context: ClientContext, row: TaskRow) -> str:
    """Return the item of a task in its innermost foreach as str. Empty if it cannot be read. Costs as :func:`whole_items`."""
    try:
        items = whole_items(context, [row])[0]
    except MetaflowException:
        return ""
    return item_text(items[-1]) if items else ""


def item_text(item: Any) -> str:
    """Return an item of :func:`whole_items` as str. Empty if it could not be read."""
    shown = item.described if isinstance(item, NotRead) else item
    if shown is None and isinstance(item, NotRead):
        return ""
    return shown if isinstance(shown, str) else value_text(shown)


def is_cut(row: TaskRow) -> bool:
    """Return whether metadata can have cut an item of a task."""
    return any(len(text) >= CUT_ITEM_CHARS for text in row.item.values)


def whole_texts(context: ClientContext, rows: Sequence[TaskRow]) -> dict[TaskKey, str]:
    """Return the items of the tasks whose items metadata has cut, the outermost foreach first. All tasks are of one run.

    Costs nothing if no item is cut, and otherwise what :func:`whole_items` costs.
    """
    cut = [row for row in rows if is_cut(row)]
    whole = whole_items(context, cut) if cut else []
    return {row.record.key: _texts(row, items) for row, items in zip(cut, whole, strict=True)}


def _texts(row: TaskRow, items: Sequence[Any]) -> str:
    """Return the items in words: those of metadata, and the whole ones where metadata has cut them."""
    texts = [
        (_whole(items[depth]) if len(text) >= CUT_ITEM_CHARS and depth < len(items) else "") or text
        for depth, text in enumerate(row.item.values)
    ]
    return " / ".join(text[:_MAX_TEXT] for text in texts)


def _whole(item: Any) -> str:
    return item_words(item, _MAX_TEXT) if isinstance(item, dict) else item_text(item)


_MAX_TEXT = 2_000
"""Characters of a whole item in words."""


def _lists(context: ClientContext, run: RunRecord, levels: set[Level]) -> Lists:
    """Return the records of the lists that were split, oldest first."""
    lists: dict[Level, list[ArtifactRecord]] = defaultdict(list)
    for splitter, node in steps_of(context, run).items():
        children = {level for level in levels if level[0] in node["next"]}
        if not children or not node["type"].endswith("foreach"):
            continue
        where = (*run.path, splitter)
        paths: dict[tuple[str, str], tuple[str, ...]] = {}
        if any(path for _, path in children):
            events = context.provider.metadata(where, FOREACH_FIELDS)
            paths = {key: item.path for key, item in items_of(context, run, where, events).items()}
        for record in _list_records(context, where, node.get("foreach_artifact")):
            for first in node["next"]:
                level = (first, paths.get(record.key, OUTSIDE.path))
                if level in children:
                    lists[level].append(record)
    for records in lists.values():
        records.sort(key=lambda record: record.created_ms)
    return lists


def _list_records(context: ClientContext, where: tuple[str, ...], name: object) -> list[ArtifactRecord]:
    if isinstance(name, str) and name:
        return context.provider.artifacts(where, {name})
    variables = context.provider.artifacts(where, {_VARIABLE})
    names = {value for value in values_of(context, variables) if isinstance(value, str)}
    return context.provider.artifacts(where, names) if len(names) == 1 else []


def _items_of_task(
    context: ClientContext, row: TaskRow, lists: Lists, loaded: dict[tuple[str, str], Any]
) -> tuple[Any, ...]:
    items = []
    for depth, level in enumerate(row.item.path):
        item: Any = NotRead("the list of the foreach could not be read")
        records = lists.get((level.rpartition(":")[0], row.item.path[:depth]), ())
        if records:
            # A loop splits several lists in the same place: the newest before the task is its own.
            before = [record for record in records if record.created_ms <= row.record.created_ms]
            record = (before or records)[-1 if before else 0]
            key = (record.sha, record.encoding)
            if key not in loaded:
                loaded[key] = _load(context, record)
            item = _item_at(loaded[key], index_of(level))
        if isinstance(item, NotRead) and item.described is None and depth < len(row.item.values):
            text = row.item.values[depth]
            item = (
                text
                if 0 < len(text) < CUT_ITEM_CHARS
                else NotRead(item.reason, DescribedObject(f"{text}…" if text else "?"))
            )
        items.append(item)
    return tuple(items)


def _load(context: ClientContext, record: ArtifactRecord) -> Any:
    """Return a list whose parts can be descriptions, or :class:`NotRead`."""
    if record.encoding not in PICKLES:
        return NotRead(f"the list of the foreach has the encoding {record.encoding!r:.60}")
    try:
        return describe_pickle(read_bytes(context, record, MAX_LIST_BYTES))
    except UnloadableArtifact as error:
        return NotRead(f"the list of the foreach is not plain: {error.what}")
    except MetaflowException as error:
        return NotRead(f"the list of the foreach could not be read: {error}")


def _item_at(items: Any, index: int | None) -> Any:
    """Return one item as Metaflow's ``self.input`` would be, or :class:`NotRead`."""
    if isinstance(items, NotRead):
        return items
    if not isinstance(items, list | tuple | range | str) and not is_array(items):
        return NotRead("the foreach is not over a list")
    if index is None or index >= len(items):
        return NotRead("the list of the foreach has no such item")
    item = items[index]
    if next(foreign_parts(item), None) is None:
        return item
    return NotRead("not a plain value", DescribedObject(value_text(item)))
