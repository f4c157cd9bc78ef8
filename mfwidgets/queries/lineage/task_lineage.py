"""The tasks before and after a task: by the graph, the foreach paths, and for switches and loops by what really ran."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import Any

from mfwidgets.errors import DataException
from mfwidgets.pickles.safe_loads import safe_loads
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.records import ArtifactRecord, TaskKey, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.foreach import FOREACH_FIELDS, OUTSIDE, Item, items_of
from mfwidgets.queries.lineage.graph import steps_of
from mfwidgets.queries.values.reading import read_bytes

FOREACH_SPLITS = ("split-foreach", "split-parallel")

Node = dict[str, Any]
"""A step as ``_graph_info`` describes it."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A task with its place in its foreaches."""

    task: TaskRecord
    path: tuple[str, ...]


def parent_tasks(context: ClientContext, task: TaskRecord) -> list[TaskRecord]:
    """Return the tasks that led to a task, in the order in which they were made.

    Two bulk questions for each step before it, one for the graph, and one small read for each switch before it.
    """
    nodes = steps_of(context, task.run)
    own = _place(context, task)
    before = [name for name, node in nodes.items() if task.step in node.get("next", ())]
    found: list[TaskRecord] = []
    if task.step in before:  # a loop: the turn before this one, if there was one
        turns = _turns(context, own)
        place = next((number for number, turn in enumerate(turns) if turn.task.task_id == task.task_id), 0)
        if place:
            return [turns[place - 1].task]
    for name in before:
        if name != task.step:
            found += _that_went_on(context, nodes[name], _before(context, nodes, name, own), task.step)
    return _in_order(found)


def child_tasks(context: ClientContext, task: TaskRecord) -> list[TaskRecord]:
    """Return the tasks that a task led to, in the order in which they were made; costs as :func:`parent_tasks`."""
    nodes = steps_of(context, task.run)
    own = _place(context, task)
    node = nodes.get(task.step, {})
    after = _taken(context, task) if node.get("type") == "split-switch" else None
    found: list[TaskRecord] = []
    for name in node.get("next", ()):
        if after is not None and name not in after:
            continue
        if name == task.step:  # a loop: the next turn
            turns = _turns(context, own)
            found += [later.task for earlier, later in pairwise(turns) if earlier.task == task]
        elif name in nodes:
            led_to = [one for one in _placed(context, task, name) if _leads(node, own.path, nodes[name], one.path)]
            found += (
                _first_turns(context, task, led_to)
                if name in nodes[name].get("next", ())
                else [one.task for one in led_to]
            )
    return _in_order(found)


def _before(context: ClientContext, nodes: dict[str, Node], step: str, own: Placed) -> list[TaskRecord]:
    """Return the tasks of a step before that lead to the place of this task."""
    if not own.path and nodes[step].get("type") not in FOREACH_SPLITS:
        # Outside any foreach all of them do, be it the end of one or none: their places need not be read.
        return context.provider.tasks(own.task.run, step)
    after = nodes[own.task.step]
    return [one.task for one in _placed(context, own.task, step) if _leads(nodes[step], one.path, after, own.path)]


def _leads(before: Node, before_path: tuple[str, ...], after: Node, after_path: tuple[str, ...]) -> bool:
    """Tell whether the edge between two steps joins tasks with these foreach paths."""
    if before.get("type") in FOREACH_SPLITS:
        return after_path[:-1] == before_path and len(after_path) == len(before_path) + 1
    if before_path == after_path:
        return True
    # The join of a foreach ends the innermost level; that of a static split stays on it.
    return is_join(after) and len(before_path) == len(after_path) + 1 and before_path[:-1] == after_path


def is_join(node: Node) -> bool:
    """Tell whether a step may join."""
    return node.get("type") in ("join", "end")  # an end step that joins is an "end" all the same


def _that_went_on(context: ClientContext, node: Node, tasks: Sequence[TaskRecord], to: str) -> Sequence[TaskRecord]:
    """Leave out the tasks of a switch that took another way, and so all turns of a loop but the last."""
    if node.get("type") != "split-switch":
        return tasks
    return [task for task in tasks if (taken := _taken(context, task)) is None or to in taken]


def _taken(context: ClientContext, task: TaskRecord) -> list[str] | None:
    """Return the steps that a task went on to (``_transition``); None where that is not recorded."""
    found = context.provider.artifacts(task.path, {"_transition"})
    try:
        transition = safe_loads(read_bytes(context, found[0])) if found else None
    except DataException:
        return None
    return way_taken(transition)


def way_taken(transition: Any) -> list[str] | None:
    """Return the steps that a ``_transition`` names; None where it is none."""
    return list(transition[0]) if isinstance(transition, tuple) and transition and transition[0] else None


def _turns(context: ClientContext, one: Placed) -> list[Placed]:
    """Return the turns of a loop step in one place of its foreaches, in their order."""
    same = [other for other in _placed(context, one.task, one.task.step) if other.path == one.path]
    return _by_turn(context, one.task, same)


def _first_turns(context: ClientContext, near: TaskRecord, placed: Iterable[Placed]) -> list[TaskRecord]:
    """Return the tasks by which a loop was entered: the first turn in each place of its foreaches."""
    last_first = _by_turn(context, near, placed)[::-1]
    return list({one.path: one.task for one in last_first}.values())


def _by_turn(context: ClientContext, near: TaskRecord, placed: Iterable[Placed]) -> list[Placed]:
    """Sort turns of loops by the number of the turn (one small read each), where that is recorded yet, else by time.

    Time alone would do, were it not for resumed runs, which take over turns in any order.
    """
    turns = list(placed)
    where = (*near.run.path, turns[0].task.step) if turns else near.path
    numbers = {
        record.task_id: _turn(context, record) for record in context.provider.artifacts(where, {"_iteration_stack"})
    }
    return sorted(turns, key=lambda one: (numbers.get(one.task.task_id, math.inf), one.task.created_ms))


def _turn(context: ClientContext, record: ArtifactRecord) -> float:
    try:
        stack = safe_loads(read_bytes(context, record))
    except DataException:
        return math.inf
    return turn_of(stack)


def turn_of(stack: Any) -> float:
    """Return the number of the turn that an ``_iteration_stack`` tells; infinity where it tells none."""
    return stack[-1] if isinstance(stack, list) and stack and isinstance(stack[-1], int) else math.inf


def _place(context: ClientContext, task: TaskRecord) -> Placed:
    return Placed(task, _items(context, task.path).get(task.key, OUTSIDE).path)


def _placed(context: ClientContext, near: TaskRecord, step: str) -> list[Placed]:
    """Return the tasks of a step of the same run, with their places (two bulk questions)."""
    items = _items(context, (*near.run.path, step))
    return [
        Placed(task, items.get((step, task.task_id), OUTSIDE).path) for task in context.provider.tasks(near.run, step)
    ]


def _items(context: ClientContext, where: PathPrefix) -> dict[TaskKey, Item]:
    return items_of(context, where, context.provider.metadata(where, FOREACH_FIELDS))


def _in_order(tasks: Iterable[TaskRecord]) -> list[TaskRecord]:
    return sorted(tasks, key=attrgetter("created_ms"))
