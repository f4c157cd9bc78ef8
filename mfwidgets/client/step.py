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
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.records import RunRecord, StepRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import steps_of
from mfwidgets.queries.status.rules import Status
from mfwidgets.queries.status.states import newest_task
from mfwidgets.queries.step_timings import StepTiming, step_timing
from mfwidgets.queries.tag_rules import has_tags, tag_filter
from mfwidgets.times import as_timedelta, local_datetime

if TYPE_CHECKING:
    import pandas as pd

    from mfwidgets.client.cards import CardContainer
    from mfwidgets.client.run import Run


CONTROL_TASK = "control_task"
"""The metadata value and tag of the control task of a ``@parallel`` step."""


class Step(MetaflowObject, kind="step"):
    """A step: ``Step('HelloFlow/2/start')``. Iterating yields its tasks, newest first.

    Constructing a step costs two requests.

    Parameters
    ----------
    pathspec
        The address of the step, such as ``HelloFlow/2/start``.
    attempt
        Not for steps. Leave it out.

    Examples
    --------
    >>> step = Step("HelloFlow/1795378926761243/start")
    >>> list(step)
    [Task('HelloFlow/1795378926761243/start/1')]
    """

    _record: StepRecord

    def _find(self, run: RunRecord, path: PathComponents) -> StepRecord | None:
        return self._context.provider.step(run, path[2])

    def _run_record(self) -> RunRecord:
        return self._record.run

    def _child(self, name: str) -> Task | None:
        record = self._context.provider.task(self._record.run, self._record.step, name)
        return Task._of(self._context, record) if record else None

    def _child_names(self) -> list[str]:
        return limited(task.id for task in self.tasks())

    def __getitem__(self, name: str) -> Task:
        return cast("Task", super().__getitem__(name))

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks())

    @property
    def parent(self) -> "Run":
        """Its run. Costs one request."""
        return cast("Run", super().parent)

    def tasks(self, *tags: str, limit: int | None = None) -> Tasks:
        """Return the tasks of the step, newest first.

        Reads nothing until the tasks are used. They cost one bulk request.

        Parameters
        ----------
        *tags
            Tags that the run must have. If the run lacks one of them, the collection is empty.
        limit
            The maximum number of tasks.

        Returns
        -------
        Tasks
            A lazy collection.

        Examples
        --------
        >>> fit = Flow("ForecastFlow").latest_run["fit"]
        >>> fit.tasks().count()
        12
        >>> fit.tasks().to_pandas(artifacts=["error"])[["foreach_value", "artifact.error"]].head(3)
          foreach_value  artifact.error
        0         Espoo        4.567228
        1     Amsterdam        3.670034
        2          Łódź        3.907003
        """
        return Tasks(self._context, self._record.run, self._record.step, tags, limit)

    @property
    def task(self) -> Task | None:
        """The newest task. None if the step has no tasks. Costs one bulk request.

        Examples
        --------
        >>> Flow("ForecastFlow").latest_run["compare"].task
        Task('ForecastFlow/1795378919475034/compare/14')
        """
        record = newest_task(self._context.provider.tasks(self._record.run, self._record.step))
        return Task._of(self._context, record) if record else None

    def control_tasks(self, *tags: str) -> Iterator[Task]:
        """Yield the control tasks of a ``@parallel`` step, newest first.

        Costs two bulk requests, and one for each run from which tasks were cloned.

        Parameters
        ----------
        *tags
            Tags that the run must have.

        Yields
        ------
        Task
            A task that led the others of the step.
        """
        leaders = _control_tasks(self._context, self._record.path)
        for task in self.tasks(*tags):
            if task.id in leaders or CONTROL_TASK in task.tags:  # the tag is from old services
                yield task

    @property
    def control_task(self) -> Task | None:
        """The newest control task. None if the step has none. Costs two bulk requests."""
        return next(self.control_tasks(), None)

    @property
    def parent_steps(self) -> Iterator["Step"]:
        """The steps before this one that ran, in the order of the graph. Empty if the graph is unknown.

        A loop makes a step its own parent. Costs one request and one read for the graph, and one request for each step.

        Examples
        --------
        >>> list(Flow("ForecastFlow").latest_run["fit"].parent_steps)
        [Step('ForecastFlow/1795378919475034/start')]
        """
        nodes = steps_of(self._context, self._record.run)
        return self._neighbours(name for name, node in nodes.items() if self.id in node.get("next", ()))

    @property
    def child_steps(self) -> Iterator["Step"]:
        """The steps after this one that ran, in the order of the graph. Costs what :attr:`parent_steps` costs."""
        return self._neighbours(steps_of(self._context, self._record.run).get(self.id, {}).get("next", ()))

    def _neighbours(self, names: Iterable[str]) -> Iterator["Step"]:
        for name in names:
            record = self._context.provider.step(self._record.run, name)
            if record:  # missing if a switch took another branch
                yield Step._of(self._context, record)

    @property
    def environment_info(self) -> Any:
        """The environment of its newest task, as :attr:`Task.environment_info` describes it.

        Costs one bulk request, and what :attr:`Task.environment_info` costs.
        """
        task = self.task
        return task.environment_info if task else None

    @property
    def origin_pathspec(self) -> str | None:
        """The same step of the run that its run resumed. None if its run did not resume a run. Costs two requests."""
        origin = self.parent.origin_pathspec
        return f"{origin}/{self.id}" if origin else None

    def _row(self) -> StepTiming:
        return step_timing(self._record.run, self.id, self.tasks()._rows())

    @property
    def status(self) -> Status | None:
        """The status of all tasks together. None if the step has no tasks. The attribute ``reason`` explains it.

        The status is the first of ``running``, ``failed``, ``killed``, ``unknown``, ``caught`` and ``completed`` that
        any task has. Costs three bulk requests about the tasks, as do the times below.

        Examples
        --------
        >>> step = Run("ForecastFlow/1795378913725406")["fit"]
        >>> step.status
        'failed'
        >>> step.status.reason
        '1 of 12 tasks: attempt 0 failed at 2026-11-22 20:21:57'
        """
        return self._row().status

    @property
    def started_at(self) -> datetime | None:
        """The earliest start of any attempt of any task, in naive local time. None if none has started.

        Costs what :attr:`status` costs.
        """
        started_ms = self._row().started_ms
        return local_datetime(started_ms) if started_ms else None

    @property
    def finished_at(self) -> datetime | None:
        """The latest end of a task, in naive local time. None while the step runs, or if no end was recorded.

        Costs what :attr:`status` costs.
        """
        finished_ms = self._row().finished_ms
        return local_datetime(finished_ms) if finished_ms else None

    @property
    def duration(self) -> timedelta | None:
        """The time from the start of the step to its end. None while it runs: see :attr:`elapsed`.

        A step that failed or was lost ends with its last sign of activity. Costs what :attr:`status` costs.

        Examples
        --------
        >>> Run("ForecastFlow/1795378900338660")["fit"].duration
        datetime.timedelta(microseconds=967000)
        """
        return as_timedelta(self._row().duration_ms)

    @property
    def elapsed(self) -> timedelta | None:
        """The time since the start of the step while it runs, otherwise None. Costs what :attr:`status` costs."""
        return as_timedelta(self._row().elapsed_ms)

    def grid(self, by: str = "status") -> Grid:
        """Return the tasks as a grid, colored by status, duration or a numeric artifact.

        Costs three bulk requests when it is used. Coloring by an artifact costs one more, and one read for each
        distinct value.

        Parameters
        ----------
        by
            ``status``, ``duration`` or the name of an artifact: ``rmse``, or ``metrics.auc`` for a number in a dict. The
            last part is enough if only one dict has it.

        Returns
        -------
        Grid
            The grid. It displays itself, with one row for each item of the outer foreaches.

        Raises
        ------
        MetaflowInvalidArgument
            ``by`` is not a name. Raised when the grid is used: completed tasks have no such artifact.

        Examples
        --------
        >>> grid = Flow("ForecastFlow").latest_run["fit"].grid("error")
        >>> len(grid.lines[""])
        12
        """
        return Grid(self, by)

    def cards(self, id: str | None = None, type: str | None = None) -> "CardContainer":  # noqa: A002 - as in get_cards
        """Return the cards of all tasks of the step.

        Parameters
        ----------
        id
            Return only cards with this id.
        type
            Return only cards of this type.

        Returns
        -------
        CardContainer
            A sequence of cards that displays itself. Empty if there are none. Costs three bulk requests, and what
            :func:`mfwidgets.get_cards` costs for each task of a step with ``@card``, at most 200 tasks.
        """
        from mfwidgets.client.cards import cards_of_tasks

        return cards_of_tasks(self, id, type)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of the tasks, oldest first.

        Returns
        -------
        pandas.DataFrame
            One row per task. The columns and the costs are those of :meth:`Tasks.to_pandas`.
        """
        return self.tasks().to_pandas()

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as dicts.

        Returns
        -------
        list of dict
            One dict per task. Costs what :meth:`to_pandas` costs.
        """
        return self.tasks().to_dicts()


class Steps(Collection[Step]):
    """The steps of a run, newest first, without private steps. Using them costs one bulk request.

    Parameters
    ----------
    context
        The context of the run.
    run
        The record of the run.
    tags
        Tags that the run must have. If the run lacks one of them, the collection is empty.
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


def _control_tasks(context: ClientContext, step: PathPrefix, max_origins: int = 20) -> set[str]:
    """Return the ids of the control tasks of a step. A clone is one if its origin was."""
    events = context.provider.metadata(step, {"internal_task_type", "origin-run-id", "origin-task-id"})
    leaders = {event.task_id for event in events if event.value == CONTROL_TASK}
    runs = {event.task_id: str(event.value) for event in events if event.field == "origin-run-id"}
    origins = {
        event.task_id: (str(event.value), runs[event.task_id])
        for event in events
        if event.field == "origin-task-id" and event.task_id in runs
    }
    for run_id in sorted({run_id for _, run_id in origins.values()}) if max_origins else ():
        there = _control_tasks(context, (step[0], run_id, step[2]), max_origins - 1)
        leaders |= {task for task, (origin, origin_run) in origins.items() if origin_run == run_id and origin in there}
    return leaders
