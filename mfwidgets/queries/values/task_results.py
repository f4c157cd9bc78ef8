"""The results of tasks: numbers, bools and short text that each task made itself.

An artifact that a task inherited unchanged from a task before it, a parameter, and a copy of the task's foreach item are
not results.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

from mfwidgets.concurrency import parallel_map
from mfwidgets.deadline import stoppable
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.records import ArtifactRecord, TaskKey
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.foreach import FOREACH_FIELDS, OUTSIDE, Item, items_of
from mfwidgets.queries.lineage.foreach_items import whole_items
from mfwidgets.queries.lineage.graph import PARAMETERS, steps_of
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.values.item_columns import item_columns
from mfwidgets.queries.values.ordering import sort_key
from mfwidgets.queries.values.results import MAX_CANDIDATES, columns_of_results
from mfwidgets.queries.values.value_columns import Columns

Named = set[tuple[str, str]]
"""Names and hashes of artifacts."""


def task_result_columns(context: ClientContext, rows: Sequence[TaskRow], items: Columns | None = None) -> Columns:
    """Return ``artifact.<name>`` for each result of any of the tasks of one run. None where a task has none.

    Costs the graph, one bulk request for each step of the tasks and each step before them, and one read of at most 10 kB
    for each distinct value. Values in dicts have names such as ``artifact.metrics.auc``.

    Parameters
    ----------
    context, rows
        The tasks, and where they are read from.
    items
        The columns of the tasks' items, whose copies are left out.
    """
    records = made_by_tasks(context, rows)
    columns = columns_of_results(context, records)
    return {name: values for name, values in columns.items() if not _is_copy(name, values, items or {})}


def made_by_tasks(context: ClientContext, rows: Sequence[TaskRow]) -> list[list[ArtifactRecord]]:
    """Return the public artifacts that each task made itself."""
    if not rows:
        return []
    run = rows[0].record.run
    own = _records(context, rows)
    given = {(record.name, record.sha) for record in _public(context, (*run.path, PARAMETERS))}
    before = {step: _Before(context, rows[0], step) for step in {row.record.step for row in rows}}
    made = []
    for row in stoppable(rows):
        inherited = before[row.record.step].inherited(row.item.path)
        made.append(
            [
                record
                for record in own[row.record.key]
                if (named := (record.name, record.sha)) not in given
                and named not in inherited
                and record.name != "name"
            ][:MAX_CANDIDATES]
        )
    return made


_MAX_SINGLE = 30
"""Up to this many tasks of a larger step are read one by one, because the artifacts of the whole step can be many."""

_LARGE = 300


def _records(context: ClientContext, rows: Sequence[TaskRow]) -> Mapping[TaskKey, list[ArtifactRecord]]:
    """Return the public artifacts of tasks."""
    by_task: dict[TaskKey, list[ArtifactRecord]] = defaultdict(list)
    run, steps = rows[0].record.run, {row.record.step for row in rows}
    if len(rows) <= _MAX_SINGLE and sum(len(context.provider.tasks(run, step)) for step in steps) > _LARGE:
        paths: list[PathPrefix] = [row.record.path for row in rows]
    else:
        paths = [(*run.path, step) for step in sorted(steps)]
    read = partial(_public, context)
    for records in parallel_map(read, paths, title="tasks", max_concurrency=context.max_concurrency):
        for record in stoppable(records):
            by_task[record.key].append(record)
    return by_task


def _public(context: ClientContext, path: PathPrefix) -> list[ArtifactRecord]:
    return context.provider.artifacts(path, public_only=True)


class _Before:
    """The artifacts of the steps before a step, by the foreach paths of their tasks."""

    def __init__(self, context: ClientContext, row: TaskRow, step: str) -> None:
        run = row.record.run
        nodes = steps_of(context, run)
        names = [name for name, node in nodes.items() if step in node["next"] and name not in _after(nodes, step)]
        self._at: dict[tuple[str, ...], Named] = defaultdict(set)
        self._below: dict[tuple[str, ...], Named] = defaultdict(set)
        for name in names:
            where = (*run.path, name)
            records = _public(context, where)
            keys = {record.key for record in records}
            items: Mapping[TaskKey, Item] = {}
            if len(keys) > 1:  # in a foreach
                items = items_of(context, run, where, context.provider.metadata(where, FOREACH_FIELDS))
            for record in stoppable(records):
                path = items.get(record.key, OUTSIDE).path
                named = (record.name, record.sha)
                self._at[path].add(named)
                for depth in range(len(path) + 1):
                    self._below[path[:depth]].add(named)

    def inherited(self, path: tuple[str, ...]) -> Named:
        """Return what the tasks before a task with this path hold: outer ones, those in the same place, those it joins."""
        inherited = set(self._below.get(path, ()))
        for depth in range(len(path)):
            inherited |= self._at.get(path[:depth], set())
        return inherited


def _after(nodes: Mapping[str, Mapping[str, object]], step: str) -> set[str]:
    """Return the steps that a step leads to. In a loop, they include steps before it."""
    reached: set[str] = set()
    waiting = [step]
    while waiting:
        following = nodes.get(waiting.pop(), {}).get("next")
        for name in following if isinstance(following, list) else ():
            if name not in reached:
                reached.add(name)
                waiting.append(name)
    return reached


def _is_copy(name: str, values: Sequence[object], items: Columns) -> bool:
    """Return whether a column has the values of a part of the items, and not by chance: it has its name, or they differ."""
    keys = [sort_key(value) for value in values]
    present = [number for number, key in enumerate(keys) if key is not None]
    differ = len(present) >= _MIN_COPIES and len({keys[number] for number in present}) > 1
    return any(
        (differ or part.rpartition(".")[2] == name.rpartition(".")[2])
        and all(keys[number] == sort_key(column[number]) for number in present)
        for part, column in items.items()
    )


_MIN_COPIES = 3
"""Fewer tasks can have a result that equals a part of their items by chance."""


def columns_of_tasks(context: ClientContext, rows: Sequence[TaskRow], *, items: bool, results: bool) -> Columns:
    """Return the columns of the foreach items and of the results of tasks of one run, as requested.

    Costs what :func:`whole_items` and :func:`task_result_columns` cost.
    """
    if not rows or not (items or results):
        return {}
    shown = item_columns([row.item.path for row in rows], whole_items(context, rows))
    made = task_result_columns(context, rows, shown) if results else {}
    return (shown if items else {}) | made
