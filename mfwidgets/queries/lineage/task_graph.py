"""Parents and children of tasks: of one task with a few reads, and of a whole run in bulk.

Both use the graph of the steps, the foreach paths of the tasks, and the recorded transitions of switches and loops.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import Any

from mfwidgets.deadline import stoppable
from mfwidgets.errors import DataException
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.pickles.safe_loads import safe_loads
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.records import ArtifactRecord, RunRecord, TaskKey, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.foreach import FOREACH_FIELDS, OUTSIDE, Item, items_of
from mfwidgets.queries.lineage.graph import steps_of
from mfwidgets.queries.run_snapshot import RunSnapshot, load_tasks, run_tasks
from mfwidgets.queries.status.rules import TaskState
from mfwidgets.queries.status.states import task_states
from mfwidgets.queries.values.reading import MAX_READ_BYTES, read_bytes, values_of

FOREACH_SPLITS = ("split-foreach", "split-parallel")

OUTER = ("",)
"""The outer path of a task outside any foreach. It matches no task."""

Node = dict[str, Any]
"""A step as ``_graph_info`` describes it."""

Places = Mapping[tuple[str, ...], Sequence[TaskKey]]
"""Foreach paths to the tasks with this path."""


# -- around one task ---------------------------------------------------------------------------------------------------


@fast_dataclass(frozen=True, slots=True)
class Placed:
    """A task with its foreach path."""

    task: TaskRecord
    path: tuple[str, ...]


def parent_tasks(context: ClientContext, task: TaskRecord) -> list[TaskRecord]:
    """Return the parents of a task, by creation time.

    Costs two requests for each preceding step, one for the graph, and a small read for each preceding switch.
    """
    nodes = steps_of(context, task.run)
    own = _place(context, task)
    before = [name for name, node in nodes.items() if task.step in node.get("next", ())]
    parents: list[TaskRecord] = []
    if task.step in before:  # a loop: the previous iteration, if there is one
        iterations = _iterations(context, own)
        ids = [iteration.task.task_id for iteration in iterations]
        position = ids.index(task.task_id) if task.task_id in ids else 0
        if position:
            return [iterations[position - 1].task]
    for name in before:
        if name != task.step:
            candidates = _candidate_parents(context, nodes, name, own)
            parents += _that_went_to(context, nodes[name], candidates, task.step)
    return _by_time(parents)


def child_tasks(context: ClientContext, task: TaskRecord) -> list[TaskRecord]:
    """Return the children of a task, by creation time. Costs the same as :func:`parent_tasks`."""
    nodes = steps_of(context, task.run)
    own = _place(context, task)
    node = nodes.get(task.step, {})
    taken = _taken_steps(context, task) if node.get("type") == "split-switch" else None
    children: list[TaskRecord] = []
    for name in node.get("next", ()):
        if taken is not None and name not in taken:
            continue
        if name == task.step:  # a loop: the next iteration
            iterations = _iterations(context, own)
            children += [later.task for earlier, later in pairwise(iterations) if earlier.task == task]
        elif name in nodes:
            followers = [
                placed for placed in _placed(context, task, name) if _leads(node, own.path, nodes[name], placed.path)
            ]
            children += (
                _first_iterations(context, task, followers)
                if name in nodes[name].get("next", ())
                else [placed.task for placed in followers]
            )
    return _by_time(children)


def _candidate_parents(context: ClientContext, nodes: dict[str, Node], step: str, own: Placed) -> list[TaskRecord]:
    """Return the tasks of a preceding step whose foreach paths lead to this task."""
    after = nodes[own.task.step]
    if not own.path and nodes[step].get("type") not in FOREACH_SPLITS:
        # Outside any foreach, all tasks of the step lead here. Their paths need not be read. But a task that was killed
        # before it recorded its path has no path, either: then there are several tasks and none of them leads here.
        tasks = context.provider.tasks(own.task.run, step)
        if len(tasks) == 1 or is_join(after):
            return tasks
    placed = _placed(context, own.task, step)
    return [parent.task for parent in placed if _leads(nodes[step], parent.path, after, own.path)]


def _leads(before: Node, before_path: tuple[str, ...], after: Node, after_path: tuple[str, ...]) -> bool:
    """Return whether an edge between two steps connects tasks with these foreach paths."""
    if before.get("type") in FOREACH_SPLITS:
        return after_path[:-1] == before_path and len(after_path) == len(before_path) + 1
    if before_path == after_path:
        return True
    # The join of a foreach leaves the innermost level. The join of a static split stays in it.
    return is_join(after) and len(before_path) == len(after_path) + 1 and before_path[:-1] == after_path


def is_join(node: Node) -> bool:
    """Return whether a step can be a join."""
    return node.get("type") in ("join", "end")  # an end step that joins has the type "end"


def _that_went_to(context: ClientContext, node: Node, tasks: Sequence[TaskRecord], to: str) -> Sequence[TaskRecord]:
    """Exclude tasks of a switch that took another branch, and so all iterations of a loop except the last."""
    if node.get("type") != "split-switch":
        return tasks
    return [task for task in tasks if (taken := _taken_steps(context, task)) is None or to in taken]


def _taken_steps(context: ClientContext, task: TaskRecord) -> list[str] | None:
    """Return the steps that a task went to (``_transition``). None if not recorded."""
    artifacts = context.provider.artifacts(task.path, {"_transition"})
    try:
        transition = safe_loads(read_bytes(context, artifacts[0], MAX_READ_BYTES)) if artifacts else None
    except DataException:
        return None
    return steps_in_transition(transition)


def steps_in_transition(transition: Any) -> list[str] | None:
    """Return the steps that a ``_transition`` names. None if it is not a valid transition."""
    return list(transition[0]) if isinstance(transition, tuple) and transition and transition[0] else None


def _iterations(context: ClientContext, own: Placed) -> list[Placed]:
    """Return the iterations of a loop step with the same foreach path, in order."""
    same_path = [placed for placed in _placed(context, own.task, own.task.step) if placed.path == own.path]
    return _sort_iterations(context, own.task, same_path)


def _first_iterations(context: ClientContext, near: TaskRecord, tasks: Iterable[Placed]) -> list[TaskRecord]:
    """Return the tasks that entered a loop: the first iteration for each foreach path."""
    last_first = _sort_iterations(context, near, tasks)[::-1]
    return list({placed.path: placed.task for placed in last_first}.values())


def _sort_iterations(context: ClientContext, near: TaskRecord, tasks: Iterable[Placed]) -> list[Placed]:
    """Sort iterations of loops by their recorded number, else by time. Costs a small read each.

    Time alone is not enough, because a resumed run clones iterations in any order.
    """
    iterations = list(tasks)
    where = (*near.run.path, iterations[0].task.step) if iterations else near.path
    records = context.provider.artifacts(where, {"_iteration_stack"})
    numbers = {record.task_id: _read_iteration(context, record) for record in records}
    return sorted(iterations, key=lambda placed: (numbers.get(placed.task.task_id, math.inf), placed.task.created_ms))


def _read_iteration(context: ClientContext, record: ArtifactRecord) -> float:
    try:
        stack = safe_loads(read_bytes(context, record, MAX_READ_BYTES))
    except DataException:
        return math.inf
    return iteration_in_stack(stack)


def iteration_in_stack(stack: Any) -> float:
    """Return the number of the iteration in an ``_iteration_stack``. Infinity if it has none."""
    return stack[-1] if isinstance(stack, list) and stack and isinstance(stack[-1], int) else math.inf


def _place(context: ClientContext, task: TaskRecord) -> Placed:
    return Placed(task, _items(context, task.run, task.path).get(task.key, OUTSIDE).path)


def _placed(context: ClientContext, near: TaskRecord, step: str) -> list[Placed]:
    """Return the tasks of a step of the same run, with their foreach paths. Costs two requests."""
    items = _items(context, near.run, (*near.run.path, step))
    return [
        Placed(task, items.get((step, task.task_id), OUTSIDE).path) for task in context.provider.tasks(near.run, step)
    ]


def _items(context: ClientContext, run: RunRecord, where: PathPrefix) -> dict[TaskKey, Item]:
    return items_of(context, run, where, context.provider.metadata(where, FOREACH_FIELDS))


def _by_time(tasks: Iterable[TaskRecord]) -> list[TaskRecord]:
    return sorted(tasks, key=attrgetter("created_ms"))


# -- a whole run -------------------------------------------------------------------------------------------------------


class TaskGraph:
    """The tasks of a run with their parents and children.

    Attributes
    ----------
    tasks
        The tasks by key, oldest first, without private steps.
    parents, children
        The parents and the children of each task, oldest first.
    """

    def __init__(self, tasks: Mapping[TaskKey, TaskRecord], edges: Iterable[tuple[TaskKey, TaskKey]]) -> None:
        self.tasks = dict(sorted(tasks.items(), key=lambda item: item[1].created_ms))
        self.parents: dict[TaskKey, list[TaskKey]] = {key: [] for key in self.tasks}
        self.children: dict[TaskKey, list[TaskKey]] = {key: [] for key in self.tasks}
        order = {key: number for number, key in enumerate(self.tasks)}
        keys = list(self.tasks)
        for before, after in stoppable(sorted({(order[before], order[after]) for before, after in stoppable(edges)})):
            self.children[keys[before]].append(keys[after])
            self.parents[keys[after]].append(keys[before])

    def before(self, key: TaskKey) -> list[TaskRecord]:
        """Return all ancestors of a task, oldest first."""
        return self._reachable(key, self.parents)

    def after(self, key: TaskKey) -> list[TaskRecord]:
        """Return all descendants of a task, oldest first."""
        return self._reachable(key, self.children)

    def _reachable(self, start: TaskKey, edges: Mapping[TaskKey, Sequence[TaskKey]]) -> list[TaskRecord]:
        reached: set[TaskKey] = set()
        stack = list(edges.get(start, ()))
        while stack:
            key = stack.pop()
            if key not in reached:
                reached.add(key)
                stack += edges[key]
        return [task for key, task in self.tasks.items() if key in reached]


def load_task_graph(context: ClientContext, run: RunRecord) -> TaskGraph:
    """Return the graph of the tasks of a run.

    Costs one request each for the tasks and their foreach paths, and what :func:`task_graph` costs.
    """
    return task_graph(load_tasks(context, run, run.path, run_tasks(context, run), FOREACH_FIELDS))


def task_graph(snapshot: RunSnapshot) -> TaskGraph:
    """Return the graph of the tasks of a snapshot.

    Costs the graph of the steps, and a small read for each distinct transition of a switch or a loop.
    """
    context, run = snapshot.context, snapshot.record
    nodes, items = steps_of(context, run), items_of(context, run, snapshot.where, snapshot.metadata)
    tasks = {task.key: task for task in snapshot.tasks}
    by_step: dict[str, dict[tuple[str, ...], list[TaskKey]]] = defaultdict(lambda: defaultdict(list))
    for key in sorted(tasks, key=lambda key: tasks[key].created_ms):
        by_step[key[0]][items.get(key, OUTSIDE).path].append(key)
    transitions = _read_transitions(context, run, nodes)
    edges: list[tuple[TaskKey, TaskKey]] = []
    for name, node in nodes.items():
        for following in node.get("next", ()):
            sources, targets = by_step.get(name, {}), by_step.get(following, {})
            if name == following:
                for iterations in sources.values():
                    edges += pairwise(_by_iteration(iterations, transitions))
            else:
                parents = _keys_that_went_to(sources, following, transitions)
                edges += stoppable(_edges(node, nodes.get(following, {}), parents, targets, transitions))
    return TaskGraph(tasks, edges)


_Transition = tuple[list[str] | None, float]
"""The steps that a task went to, None if not recorded, and the number of its iteration in a loop."""


def _read_transitions(context: ClientContext, run: RunRecord, nodes: Mapping[str, Node]) -> dict[TaskKey, _Transition]:
    """Return the transitions of the tasks of switches. A loop is a switch, too."""
    switches = {name for name, node in nodes.items() if node.get("type") == "split-switch"}
    if not switches:
        return {}
    names = {"_transition", "_iteration_stack"}
    records = [record for record in context.provider.artifacts(run.path, names) if record.step in switches]
    values_by_task: dict[TaskKey, dict[str, Any]] = defaultdict(dict)
    for record, value in zip(records, values_of(context, records), strict=True):
        values_by_task[record.key][record.name] = value
    return {
        key: (steps_in_transition(values.get("_transition")), iteration_in_stack(values.get("_iteration_stack")))
        for key, values in values_by_task.items()
    }


def _by_iteration(keys: Iterable[TaskKey], transitions: Mapping[TaskKey, _Transition]) -> list[TaskKey]:
    return sorted(keys, key=lambda key: transitions[key][1] if key in transitions else math.inf)


def _keys_that_went_to(sources: Places, to: str, transitions: Mapping[TaskKey, _Transition]) -> Places:
    """Exclude tasks of a switch that took another branch, and so all iterations of a loop except the last."""

    def went_there(key: TaskKey) -> bool:
        steps = transitions[key][0] if key in transitions else None
        return steps is None or to in steps

    return {path: list(filter(went_there, keys)) for path, keys in sources.items()}


def _edges(
    before: Node, after: Node, sources: Places, targets: Places, transitions: Mapping[TaskKey, _Transition]
) -> Iterable[tuple[TaskKey, TaskKey]]:
    """Yield the edges between the tasks of two steps, by their foreach paths."""
    inner: dict[tuple[str, ...], list[TaskKey]] = defaultdict(list)
    if is_join(after):  # the join of a foreach leaves the innermost level
        for path, keys in sources.items():
            if path:
                inner[path[:-1]] += keys
    splits, loops = before.get("type") in FOREACH_SPLITS, after.get("name") in after.get("next", ())
    for path, keys in targets.items():
        parents = sources.get(path[:-1] if path else OUTER, ()) if splits else [*sources.get(path, ()), *inner[path]]
        entries = _by_iteration(keys, transitions)[:1] if loops else keys
        yield from ((parent, child) for child in entries for parent in parents)


def critical_tasks(snapshot: RunSnapshot, states: Sequence[TaskState] = ()) -> list[TaskRecord]:
    """Return the critical path, oldest first. It leads back from the task that ended last, to the latest parent of each.

    ``states`` are those of the tasks of the snapshot, if they are known.
    """
    graph = task_graph(snapshot)
    ended = {
        task.key: state.finished_ms for task, state in zip(snapshot.tasks, states or task_states(snapshot), strict=True)
    }

    def end(key: TaskKey) -> int:
        return ended.get(key) or 0

    last = max(graph.tasks, key=lambda key: (end(key), graph.tasks[key].created_ms), default=None)
    path: list[TaskRecord] = []
    while last is not None:
        path.append(graph.tasks[last])
        last = max(graph.parents[last], key=end, default=None)
    return path[::-1]
