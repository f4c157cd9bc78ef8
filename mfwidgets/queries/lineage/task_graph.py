"""Which tasks led to which: around one task with a few reads, and for a whole run with a few bulk reads.

Both follow the same rules: the graph of the steps, the foreach paths of the tasks, and for switches and loops what
really ran.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import Any

from mfwidgets.errors import DataException
from mfwidgets.pickles.safe_loads import safe_loads
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.records import ArtifactRecord, RunRecord, TaskKey, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import FOREACH_FIELDS, OUTSIDE, Item, items_of, steps_of
from mfwidgets.queries.run_snapshot import RunSnapshot, load_tasks, run_tasks
from mfwidgets.queries.status.states import task_states
from mfwidgets.queries.values.reading import read_bytes, values_of

FOREACH_SPLITS = ("split-foreach", "split-parallel")

OUTER = ("",)
"""The place around one that is in no foreach: there is none."""

Node = dict[str, Any]
"""A step as ``_graph_info`` describes it."""

Places = Mapping[tuple[str, ...], Sequence[TaskKey]]
"""Tasks by their place in their foreaches."""


# -- around one task ---------------------------------------------------------------------------------------------------


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


# -- a whole run -------------------------------------------------------------------------------------------------------


class TaskGraph:
    """The tasks of a run, and what led to what.

    Attributes
    ----------
    tasks
        Oldest first, private steps left out.
    parents
        The tasks that led to each, oldest first.
    """

    def __init__(self, tasks: Mapping[TaskKey, TaskRecord], edges: Iterable[tuple[TaskKey, TaskKey]]) -> None:
        self.tasks = dict(sorted(tasks.items(), key=lambda item: item[1].created_ms))
        self.parents: dict[TaskKey, list[TaskKey]] = {key: [] for key in self.tasks}
        self.children: dict[TaskKey, list[TaskKey]] = {key: [] for key in self.tasks}
        order = {key: number for number, key in enumerate(self.tasks)}
        for before, after in sorted(set(edges), key=lambda edge: (order[edge[0]], order[edge[1]])):
            self.children[before].append(after)
            self.parents[after].append(before)

    def before(self, key: TaskKey) -> list[TaskRecord]:
        """Return all tasks that led to a task, near or far, oldest first."""
        return self._reached(key, self.parents)

    def after(self, key: TaskKey) -> list[TaskRecord]:
        """Return all tasks that a task led to, near or far, oldest first."""
        return self._reached(key, self.children)

    def _reached(self, key: TaskKey, ways: Mapping[TaskKey, Sequence[TaskKey]]) -> list[TaskRecord]:
        found: set[TaskKey] = set()
        waiting = list(ways.get(key, ()))
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += ways[one]
        return [task for name, task in self.tasks.items() if name in found]


def load_task_graph(context: ClientContext, run: RunRecord) -> TaskGraph:
    """Return what led to what in a run.

    Costs the tasks of the run, their places in foreaches and the graph of the steps, once each, and what
    :func:`task_graph` costs.
    """
    return task_graph(load_tasks(context, run, run.path, run_tasks(context, run), FOREACH_FIELDS))


def task_graph(snapshot: RunSnapshot) -> TaskGraph:
    """Return what led to what in a run that was loaded as a whole.

    Costs the graph of the steps, and one small read for each distinct way that a switch or a loop took.
    """
    context, run = snapshot.context, snapshot.record
    nodes, items = steps_of(context, run), items_of(context, snapshot.where, snapshot.metadata)
    tasks = {task.key: task for task in snapshot.tasks}
    by_step: dict[str, dict[tuple[str, ...], list[TaskKey]]] = defaultdict(lambda: defaultdict(list))
    for key in sorted(tasks, key=lambda key: tasks[key].created_ms):
        by_step[key[0]][items.get(key, OUTSIDE).path].append(key)
    ways = _ways(context, run, nodes)
    edges: list[tuple[TaskKey, TaskKey]] = []
    for name, node in nodes.items():
        for following in node.get("next", ()):
            sources, targets = by_step.get(name, {}), by_step.get(following, {})
            if name == following:
                for turns in sources.values():
                    edges += pairwise(_keys_by_turn(turns, ways))
            else:
                edges += _edges(node, nodes.get(following, {}), _gone_on(sources, following, ways), targets, ways)
    return TaskGraph(tasks, edges)


_Way = tuple[list[str] | None, float]
"""The steps that a task went on to, None where that is not recorded; and the number of its turn in a loop."""


def _ways(context: ClientContext, run: RunRecord, nodes: Mapping[str, Node]) -> dict[TaskKey, _Way]:
    """Return which way the tasks of switches took, a loop being a switch as well."""
    switches = {name for name, node in nodes.items() if node.get("type") == "split-switch"}
    if not switches:
        return {}
    wanted = {"_transition", "_iteration_stack"}
    records = [record for record in context.provider.artifacts(run.path, wanted) if record.step in switches]
    found: dict[TaskKey, dict[str, Any]] = defaultdict(dict)
    for record, value in zip(records, values_of(context, records), strict=True):
        found[record.key][record.name] = value
    return {
        key: (way_taken(values.get("_transition")), turn_of(values.get("_iteration_stack")))
        for key, values in found.items()
    }


def _keys_by_turn(turns: Iterable[TaskKey], ways: Mapping[TaskKey, _Way]) -> list[TaskKey]:
    return sorted(turns, key=lambda key: ways[key][1] if key in ways else float("inf"))


def _gone_on(sources: Places, to: str, ways: Mapping[TaskKey, _Way]) -> Places:
    """Leave out the tasks of a switch that took another way, and so all turns of a loop but the last."""
    return {
        place: [key for key in keys if key not in ways or ways[key][0] is None or to in (ways[key][0] or ())]
        for place, keys in sources.items()
    }


def _edges(
    before: Node, after: Node, sources: Places, targets: Places, ways: Mapping[TaskKey, _Way]
) -> Iterable[tuple[TaskKey, TaskKey]]:
    """Yield the edges between the tasks of two steps, by their places."""
    inner: dict[tuple[str, ...], list[TaskKey]] = defaultdict(list)
    if is_join(after):  # the join of a foreach ends the innermost level
        for place, keys in sources.items():
            if place:
                inner[place[:-1]] += keys
    splits, loops = before.get("type") in FOREACH_SPLITS, after.get("name") in after.get("next", ())
    for place, keys in targets.items():
        led = sources.get(place[:-1] if place else OUTER, ()) if splits else [*sources.get(place, ()), *inner[place]]
        entered = _keys_by_turn(keys, ways)[:1] if loops else keys
        yield from ((source, target) for target in entered for source in led)


def critical_tasks(snapshot: RunSnapshot) -> list[TaskRecord]:
    """Return the path back from the task that ended last, to each the one that it waited for; oldest first."""
    graph = task_graph(snapshot)
    states = zip(snapshot.tasks, task_states(snapshot), strict=True)
    ended = {task.key: state.finished_ms for task, state in states}

    def end(key: TaskKey) -> int:
        return ended.get(key) or 0

    one = max(graph.tasks, key=lambda key: (end(key), graph.tasks[key].created_ms), default=None)
    path: list[TaskRecord] = []
    while one is not None:
        path.append(graph.tasks[one])
        one = max(graph.parents[one], key=end, default=None)
    return path[::-1]
