"""Finds the objects of the pathspecs of ``%mflow``, including aliases and pathspecs with omitted parts."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from mfwidgets.client.artifact import DataArtifact
from mfwidgets.client.flow import Flow
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.code_lines import hint, listed, mflow_line
from mfwidgets.errors import MetaflowNotFound, NoSuchArtifact
from mfwidgets.queries.relevant_task import relevant_task

if TYPE_CHECKING:
    from mfwidgets.client.base import MetaflowObject

_MAX_NAMES = 5


def any_object(pathspec: str, attempt: int | None = None) -> Any:
    """Return the object of a pathspec. ``attempt`` selects an attempt of a task or an artifact."""
    return Metaflow().get(pathspec, attempt)


def run_of(pathspec: str) -> Run:
    """Return the run of a pathspec. For a flow, that is the newest run.

    Raises
    ------
    MetaflowNotFound
        The flow has no run in this namespace.
    """
    source = any_object(pathspec)
    if isinstance(source, Flow):
        newest = source.latest_run
        if newest is None:
            raise MetaflowNotFound(f"{source!r} has no run in this namespace.", pathspec=pathspec)
        return newest
    while not isinstance(source, Run):
        source = source.parent
    return source


def step_of(pathspec: str) -> Step:
    """Return the step of a pathspec. For a run, that is its only step with several tasks.

    Raises
    ------
    UsageError
        The run has no step with several tasks, or more than one.
    """
    source = any_object(pathspec)
    if isinstance(source, Flow | Run):
        run = run_of(pathspec)
        tasks = Counter(task.step for task in run._context.provider.tasks(run._record))
        wide = [step for step in run if tasks[step.id] > 1]
        if len(wide) != 1:
            steps = listed(step.pathspec for step in (wide or list(run))[:_MAX_NAMES])
            raise UsageError(
                f"Expected one step with several tasks in {run!r}, got {len(wide) or 'none'}. Try one of {steps}."
            )
        return wide[0]
    while not isinstance(source, Step):
        source = source.parent
    return source


def task_of(pathspec: str) -> Task:
    """Return the task of a pathspec. For a step, a run or a flow's newest run, that is its only task.

    Raises
    ------
    UsageError
        There are several tasks, or none yet.
    """
    task = _task_named(any_object(pathspec))
    if task:
        return task
    holder = holder_of(pathspec)
    tasks = holder.tasks(limit=_MAX_NAMES + 1)[:]
    if len(tasks) == 1:
        only: Task = tasks[0]
        return only
    raise _not_one(holder, [task.pathspec for task in tasks])


def relevant_task_of(pathspec: str) -> tuple[Task | None, str]:
    """Return the task whose log the user probably means, and a sentence that says why. The sentence can be empty.

    It is the task of the pathspec. In a step, a run or a flow's newest run, it is the task that failed first, else one that
    runs, else the last. Without any task, returns None and a sentence about that.
    """
    task = _task_named(any_object(pathspec))
    if task:
        return task, ""
    holder = holder_of(pathspec)
    relevant = relevant_task(holder.tasks()._rows())
    if relevant is None:
        return None, f"{holder.pathspec} has no task yet."
    others = hint("All: {}", mflow_line("tasks", holder.pathspec))
    note = f"{relevant.reason}.{others}" if relevant.reason else ""
    return Task._of(holder._context, relevant.row.record), note


def _task_named(source: "MetaflowObject") -> Task | None:
    if isinstance(source, DataArtifact):
        return source.parent
    return source if isinstance(source, Task) else None


def holder_of(pathspec: str) -> Step | Run:
    """Return the step of a pathspec, else its run. For a flow, that is the newest run."""
    source = any_object(pathspec)
    return source if isinstance(source, Step) else run_of(pathspec)


def _not_one(holder: Step | Run, names: list[str]) -> UsageError:
    """Return the error for several tasks or none."""
    if not names:
        return UsageError(f"{holder!r} has no task yet.")
    more = ", …" if len(names) > _MAX_NAMES else ""
    return UsageError(
        f"Expected one task, got several tasks in {holder!r}. Try one of {listed(names[:_MAX_NAMES])}{more}"
    )


def artifact_of(pathspec: str) -> DataArtifact:
    """Return the artifact of a pathspec.

    The pathspec may omit the task id if the step has only one task. It may omit step and task id for the end task.

    Raises
    ------
    NoSuchArtifact
        The pathspec names another kind of object.
    MetaflowNotFound
        The artifact does not exist.
    """
    parent, _, name = pathspec.rpartition("/")
    try:
        source = any_object(pathspec)
    except MetaflowNotFound:
        if parent.count("/") not in (1, 2):
            raise
        holder = any_object(parent)
        task = holder.end_task if isinstance(holder, Run) else task_of(parent)
        if task is None or name not in task:
            raise
        artifact: DataArtifact = task[name]
        return artifact
    if isinstance(source, DataArtifact):
        return source
    lines = mflow_line("artifacts", pathspec), mflow_line("data", f"{pathspec}/NAME")
    raise NoSuchArtifact(f"Expected an artifact, got {source!r}.{hint('Try {} or {}.', *lines)}", pathspec=pathspec)
