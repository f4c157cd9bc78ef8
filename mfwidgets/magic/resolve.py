"""From the pathspecs of ``%mflow`` to objects: aliases, and what may be left out where it goes without saying."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from mfwidgets.client.artifact import DataArtifact
from mfwidgets.client.flow import Flow
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.errors import MetaflowNotFound, NoSuchArtifact
from mfwidgets.queries.rows import relevant_tasks

if TYPE_CHECKING:
    from mfwidgets.client.base import MetaflowObject

_MAX_NAMES = 5


def any_object(pathspec: str, attempt: int | None = None) -> Any:
    """Return whatever a pathspec names; of a task or an artifact that attempt, where one is given."""
    return Metaflow().get(pathspec, attempt)


def run_of(pathspec: str) -> Run:
    """Return the run that a pathspec names or leads to; of a flow alone the newest."""
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
    """Return the step that a pathspec names or leads to; of a run its only foreach, where it has one."""
    source = any_object(pathspec)
    if isinstance(source, Flow | Run):
        run = run_of(pathspec)
        tasks = Counter(task.step for task in run._context.provider.tasks(run._record))
        wide = [step for step in run if tasks[step.id] > 1]
        if len(wide) != 1:
            steps = ", ".join(step.pathspec for step in (wide or list(run))[:_MAX_NAMES])
            raise UsageError(f"{run!r} has {len(wide) or 'no'} steps with several tasks; name one: {steps}")
        return wide[0]
    while not isinstance(source, Step):
        source = source.parent
    return source


def task_of(pathspec: str) -> Task:
    """Return the task that a pathspec names or leads to: of a step, a run or a flow's newest run its only one.

    Raises
    ------
    UsageError
        There are several, or none yet.
    """
    task = _task_named(any_object(pathspec))
    if task:
        return task
    holder = _holder(pathspec)
    tasks = holder.tasks(limit=_MAX_NAMES + 1)[:]
    if len(tasks) == 1:
        only: Task = tasks[0]
        return only
    raise _not_one(holder, [task.pathspec for task in tasks])


def relevant_task_of(pathspec: str) -> Task:
    """Return the task whose log is looked for: as :func:`task_of`, and of several the only one that runs or that failed.

    Raises
    ------
    UsageError
        None of several stands out.
    """
    task = _task_named(any_object(pathspec))
    if task:
        return task
    holder = _holder(pathspec)
    rows = relevant_tasks(holder.tasks()._rows())
    if len(rows) == 1:
        return Task._of(holder._context, rows[0].record)
    raise _not_one(holder, [f"{row.pathspec} ({row.status})" for row in rows])


def _task_named(source: "MetaflowObject") -> Task | None:
    if isinstance(source, DataArtifact):
        return source.parent
    return source if isinstance(source, Task) else None


def _holder(pathspec: str) -> Step | Run:
    source = any_object(pathspec)
    return source if isinstance(source, Step) else run_of(pathspec)


def _not_one(holder: Step | Run, names: list[str]) -> UsageError:
    if not names:
        return UsageError(f"{holder!r} has no task yet.")
    more = ", …" if len(names) > _MAX_NAMES else ""
    return UsageError(f"{holder!r} has several tasks; name one: {', '.join(names[:_MAX_NAMES])}{more}")


def artifact_of(pathspec: str) -> DataArtifact:
    """Return the artifact that a pathspec names.

    The task's id may be left out where a step has one task, and the step and the task where the end task is meant.

    Raises
    ------
    MetaflowNotFound
        There is none.
    UsageError
        The pathspec names something else.
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
    raise NoSuchArtifact(
        f"{source!r} is no artifact: %mflow artifacts {pathspec} lists them, %mflow data {pathspec}/NAME has its value.",
        pathspec=pathspec,
    )
