"""How many tasks the steps of an unfinished foreach will have, as the tasks before them recorded it.

A step is completed only when all planned tasks are. ``_foreach_num_splits`` of the task that splits says how many.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from mfwidgets.queries.lineage.graph import steps_of
from mfwidgets.queries.run_snapshot import RunSnapshot
from mfwidgets.queries.values.reading import values_of

if TYPE_CHECKING:
    from mfwidgets.queries.rows import TaskRow

_SPLITS = "_foreach_num_splits"

_MAX_PLANNED = 100_000_000
"""A larger number is not one that Metaflow wrote."""


def planned_tasks(snapshot: RunSnapshot, rows: Sequence["TaskRow"]) -> dict[str, int]:
    """Return the number of planned tasks of each step in a foreach, unless a later task proves that all of them ended.

    Reads nothing for steps outside of a foreach, and nothing for a run whose joins have begun. Otherwise costs the graph,
    one request for each step that splits, and a small blob for each distinct number.
    """
    if snapshot.counted:
        return _planned_of_outline(snapshot, rows)
    levels = _innermost_levels(rows)
    open_levels = {level: steps for level, steps in levels.items() if not _is_joined(rows, level, steps)}
    if not open_levels:
        return {}
    planned: dict[str, int] = {}
    counts = Counter(row.record.step for row in rows)
    for name, node in steps_of(snapshot.context, snapshot.record).items():
        levels_here = open_levels.keys() & set(node["next"]) if node["type"].endswith("foreach") else set()
        joins = counts[str(node.get("matching_join"))]
        if levels_here and not (
            joins and joins >= counts[name]
        ):  # clones are made in any order: then their number counts
            count = _splits(snapshot, name)
            for level in levels_here:
                planned |= dict.fromkeys(open_levels[level], count) if count else {}
    return planned


def _planned_of_outline(snapshot: RunSnapshot, rows: Sequence["TaskRow"]) -> dict[str, int]:
    """Return the number of planned tasks of the first step of each wide foreach that is not joined. Its items are unknown."""
    counts, wide = Counter(row.record.step for row in rows), {step for step, _ in snapshot.counted}
    planned: dict[str, int] = {}
    for name, node in steps_of(snapshot.context, snapshot.record).items():
        begun = wide & set(node["next"]) if node["type"].endswith("foreach") else set()
        if begun and not counts[str(node.get("matching_join"))]:
            count = _splits(snapshot, name)
            planned |= {step: count for step in begun if count > counts[step]}
    return planned


def _innermost_levels(rows: Iterable["TaskRow"]) -> Mapping[str, set[str]]:
    """Return the steps inside of each foreach, by the first step in it."""
    levels: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.item.path:
            levels[row.item.path[-1].rpartition(":")[0]].add(row.record.step)
    return levels


def _is_joined(rows: Iterable["TaskRow"], level: str, steps: set[str]) -> bool:
    """Return whether a task after the foreach exists: one that is less deep, and newer than all tasks of the foreach."""
    inside = [row for row in rows if row.record.step in steps and row.item.path]
    depth = min(len(row.item.path) for row in inside)
    newest = max(row.record.created_ms for row in inside)
    return any(
        len(row.item.path) < depth and row.record.created_ms > newest and row.record.step not in steps
        for row in rows
        if level not in (part.rpartition(":")[0] for part in row.item.path)
    )


def _splits(snapshot: RunSnapshot, step: str) -> int:
    """Return the number of tasks into which the tasks of a step split together."""
    records = snapshot.context.provider.artifacts((*snapshot.record.path, step), {_SPLITS})
    values = values_of(snapshot.context, records)
    return sum(value for value in values if type(value) is int and 0 <= value <= _MAX_PLANNED)
