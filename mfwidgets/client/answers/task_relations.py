"""Tasks that are far relatives: all before, all after, and those that the duration of a run hangs on."""

from mfwidgets.client.collections.tasks import RelatedTasks
from mfwidgets.providers.records import RunRecord, TaskKey, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.task_graph import load_task_graph, task_graph
from mfwidgets.queries.run_snapshot import RunSnapshot, load_run_snapshot
from mfwidgets.queries.status.task_status import task_states


def ancestors(context: ClientContext, task: TaskRecord) -> RelatedTasks:
    """Return all tasks that led to a task."""
    title = f"ancestors of {'/'.join(task.path)}"
    return RelatedTasks(context, task.run, title, lambda asked: load_task_graph(asked, task.run).before(task.key))


def descendants(context: ClientContext, task: TaskRecord) -> RelatedTasks:
    """Return all tasks that a task led to."""
    title = f"descendants of {'/'.join(task.path)}"
    return RelatedTasks(context, task.run, title, lambda asked: load_task_graph(asked, task.run).after(task.key))


def critical_path(context: ClientContext, run: RunRecord) -> RelatedTasks:
    """Return the tasks that the duration of a run hangs on."""
    return RelatedTasks(context, run, f"critical path of {'/'.join(run.path)}", lambda asked: _critical(asked, run))


def _critical(context: ClientContext, run: RunRecord) -> list[TaskRecord]:
    return critical_tasks(load_run_snapshot(context, run))


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
