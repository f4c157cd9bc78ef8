"""Which task led to which, for a whole run at once: a handful of bulk questions, whatever its size.

The same rules as for single tasks (:mod:`mfwidgets.queries.lineage.task_lineage`): the graph of the steps, the places of tasks in their
foreaches, and for switches and loops what really ran.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from mfwidgets.providers.records import RunRecord, TaskKey, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.foreach import FOREACH_FIELDS, OUTSIDE, items_of
from mfwidgets.queries.lineage.graph import steps_of
from mfwidgets.queries.lineage.task_lineage import FOREACH_SPLITS, Node, is_join, turn_of, way_taken
from mfwidgets.queries.run_snapshot import RunSnapshot, load_tasks, run_tasks
from mfwidgets.queries.values.reading import values_of

Places = Mapping[tuple[str, ...], Sequence[TaskKey]]
"""Tasks by their place in their foreaches."""


OUTER = ("",)
"""The place around one that is in no foreach: there is none."""


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
                    edges += pairwise(_by_turn(turns, ways))
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


def _by_turn(turns: Iterable[TaskKey], ways: Mapping[TaskKey, _Way]) -> list[TaskKey]:
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
        entered = _by_turn(keys, ways)[:1] if loops else keys
        yield from ((source, target) for target in entered for source in led)
