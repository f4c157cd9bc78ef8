"""Tasks that are far relatives: all before, all after, and those that the duration of a run hangs on."""

from mfwidgets.client.attempts import task_states
from mfwidgets.client.scope import Scope
from mfwidgets.client.task_graph import Key, key_of, task_graph
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
    ended: dict[Key, int] = {
        key_of(task): state.finished_ms or 0
        for task, state in zip(tasks, task_states(scope, run.path, tasks), strict=True)
    }
    one = max(graph.tasks, key=lambda key: (ended[key], graph.tasks[key].created_ms), default=None)
    path: list[TaskRecord] = []
    while one is not None:
        path.append(graph.tasks[one])
        one = max(graph.parents[one], key=lambda key: ended[key], default=None)
    return path[::-1]
