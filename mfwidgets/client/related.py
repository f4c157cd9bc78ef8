"""Tasks that are far relatives: all before, all after, and those that the duration of a run hangs on."""

from collections.abc import Mapping

from mfwidgets.client.attempts import task_states
from mfwidgets.client.scope import Scope
from mfwidgets.client.task_graph import Key, TaskGraph, key_of, task_graph
from mfwidgets.client.tasks import RelatedTasks
from mfwidgets.metadata_provider.records import RunRecord, TaskRecord


def ancestors(scope: Scope, task: TaskRecord) -> RelatedTasks:
    """Return all tasks that led to a task."""
    title = f"ancestors of {'/'.join(task.path)}"
    return RelatedTasks(scope, task.run, title, lambda: task_graph(scope, task.run).before(key_of(task)))


def descendants(scope: Scope, task: TaskRecord) -> RelatedTasks:
    """Return all tasks that a task led to."""
    title = f"descendants of {'/'.join(task.path)}"
    return RelatedTasks(scope, task.run, title, lambda: task_graph(scope, task.run).after(key_of(task)))


def critical_path(scope: Scope, run: RunRecord) -> RelatedTasks:
    """Return the tasks that the duration of a run hangs on."""
    return RelatedTasks(scope, run, f"critical path of {'/'.join(run.path)}", lambda: _critical(scope, run))


def _critical(scope: Scope, run: RunRecord) -> list[TaskRecord]:
    graph = task_graph(scope, run)
    tasks = list(graph.tasks.values())
    states = task_states(scope, run.path, tasks)
    return critical_tasks(graph, {key_of(task): state.finished_ms for task, state in zip(tasks, states, strict=True)})


def critical_tasks(graph: TaskGraph, ended: Mapping[Key, int | None]) -> list[TaskRecord]:
    """Return the path back from the task that ended last, to each the one that it waited for; oldest first."""

    def end(key: Key) -> int:
        return ended.get(key) or 0

    one = max(graph.tasks, key=lambda key: (end(key), graph.tasks[key].created_ms), default=None)
    path: list[TaskRecord] = []
    while one is not None:
        path.append(graph.tasks[one])
        one = max(graph.parents[one], key=end, default=None)
    return path[::-1]
