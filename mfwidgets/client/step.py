"""Steps: one node of the graph in one run, with its tasks."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from mfwidgets.client.answers.grid import Grid
from mfwidgets.client.base import MetaflowObject, limited
from mfwidgets.client.collections.base import Collection
from mfwidgets.client.collections.tasks import Tasks
from mfwidgets.client.task import Task
from mfwidgets.pathspec import PathComponents
from mfwidgets.providers.records import RunRecord, StepRecord
from mfwidgets.queries.context import ClientContext, has_tags, tag_filter
from mfwidgets.queries.lineage.graph import steps_of
from mfwidgets.queries.status.rules import Status
from mfwidgets.queries.status.states import newest_task
from mfwidgets.queries.step_timings import StepTiming, step_timing
from mfwidgets.times import as_timedelta, local_datetime

if TYPE_CHECKING:
    import pandas as pd

    from mfwidgets.client.run import Run


CONTROL_TASK = "control_task"
"""Metaflow's mark of the task that leads the others of a ``@parallel`` step."""


class Step(MetaflowObject, kind="step"):
    """A step: ``Step('HelloFlow/2/start')``. Iterating gives its tasks, newest first."""

    _record: StepRecord

    def _find(self, run: RunRecord, path: PathComponents) -> StepRecord | None:
        return self._context.provider.step(run, path[2])

    def _run_record(self) -> RunRecord:
        return self._record.run

    def _child(self, name: str) -> Task | None:
        found = self._context.provider.task(self._record.run, self._record.step, name)
        return Task._of(self._context, found) if found else None

    def _child_names(self) -> list[str]:
        return limited(task.id for task in self.tasks())

    def __getitem__(self, name: str) -> Task:
        return cast("Task", super().__getitem__(name))

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks())

    @property
    def parent(self) -> "Run":
        """Its run."""
        return cast("Run", super().parent)

    def tasks(self, *tags: str, limit: int | None = None) -> Tasks:
        """Return its tasks, newest first.

        Parameters
        ----------
        *tags
            Tags that the run must have (tasks carry their run's).
        limit
            The most tasks to give.
        """
        return Tasks(self._context, self._record.run, self._record.step, tags, limit)

    @property
    def task(self) -> Task | None:
        """Its newest task; None while it has none."""
        found = newest_task(self._context.provider.tasks(self._record.run, self._record.step))
        return Task._of(self._context, found) if found else None

    def control_tasks(self, *tags: str) -> Iterator[Task]:
        """Yield its control tasks, newest first: those that led the others of a ``@parallel`` step.

        Parameters
        ----------
        *tags
            Tags that the run must have.
        """
        events = self._context.provider.metadata(self._record.path, {"internal_task_type"})
        leaders = {event.task_id for event in events if event.value == CONTROL_TASK}
        for task in self.tasks(*tags):
            if task.id in leaders or CONTROL_TASK in task.tags:  # the tag is from old services
                yield task

    @property
    def control_task(self) -> Task | None:
        """Its newest control task; None for steps without one."""
        return next(self.control_tasks(), None)

    @property
    def parent_steps(self) -> Iterator["Step"]:
        """The steps before it that ran, in the order of the graph; a loop is its own. Nothing while the graph is unknown."""
        nodes = steps_of(self._context, self._record.run)
        return self._neighbours(name for name, node in nodes.items() if self.id in node.get("next", ()))

    @property
    def child_steps(self) -> Iterator["Step"]:
        """The steps after it that ran, in the order of the graph; a loop is its own."""
        return self._neighbours(steps_of(self._context, self._record.run).get(self.id, {}).get("next", ()))

    def _neighbours(self, names: Iterable[str]) -> Iterator["Step"]:
        for name in names:
            record = self._context.provider.step(self._record.run, name)
            if record:  # a way that a switch did not take is no step of the run
                yield Step._of(self._context, record)

    @property
    def environment_info(self) -> Any:
        """What is known of the environment of its newest task."""
        task = self.task
        return task.environment_info if task else None

    @property
    def origin_pathspec(self) -> str | None:
        """The same step of the run that its run resumed; None where that is no resume."""
        origin = self.parent.origin_pathspec
        return f"{origin}/{self.id}" if origin else None

    def _row(self) -> StepTiming:
        return step_timing(self._record.run, self.id, self.tasks()._rows())

    @property
    def status(self) -> Status | None:
        """The status that speaks for all its tasks, with the reason at ``.reason``; None if it has no tasks.

        Three bulk questions about its tasks, as each of the times below.
        """
        return self._row().status

    @property
    def started_at(self) -> datetime | None:
        """The earliest start of any attempt of any of its tasks; None while none began. Naive local time."""
        started_ms = self._row().started_ms
        return local_datetime(started_ms) if started_ms else None

    @property
    def finished_at(self) -> datetime | None:
        """The latest end of its tasks; None while it runs, or if nothing recorded an end. Naive local time."""
        finished_ms = self._row().finished_ms
        return local_datetime(finished_ms) if finished_ms else None

    @property
    def duration(self) -> timedelta | None:
        """How long it took from its start, however it ended: until its end, or its last sign of activity.

        None while it runs: :attr:`elapsed` is the time since its start.
        """
        return as_timedelta(self._row().duration_ms)

    @property
    def elapsed(self) -> timedelta | None:
        """The time since its start, while it runs; None when it is over."""
        return as_timedelta(self._row().elapsed_ms)

    def grid(self, by: str = "status") -> Grid:
        """Return its tasks as a grid, a tile each: by status, by ``duration``, or by an artifact that is a number.

        Parameters
        ----------
        by
            ``status``, ``duration`` or the name of an artifact.

        Returns
        -------
        Grid
            Shows itself, a line for each item of the outer foreaches; ``.lines`` has the tasks and numbers. Costs three
            bulk questions when used, of an artifact one more and one read for each distinct value.

        Raises
        ------
        MetaflowInvalidArgument
            ``by`` is no name.
        """
        return Grid(self, by)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of its tasks, as :meth:`Tasks.to_pandas` gives it."""
        return self.tasks().to_pandas()

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the same as plain data, a dict a task."""
        return self.tasks().to_dicts()


class Steps(Collection[Step]):
    """The steps of a run, newest first, without the private ones.

    Parameters
    ----------
    scope, run
        Where to read, and whose steps.
    tags
        Tags that the run must have.
    """

    def __init__(self, context: ClientContext, run: RunRecord, tags: tuple[str, ...] = ()) -> None:
        self._context, self._run = context, run
        self._tags = tag_filter(tags)
        super().__init__(f"steps of {'/'.join(run.path)}", self._steps)

    def _steps(self) -> Iterator[Step]:
        if not has_tags(self._run, self._tags) or not self._context.includes(self._run):
            return
        for record in self._context.provider.steps(self._run):
            if not record.step.startswith("_"):
                yield Step._of(self._context, record)
