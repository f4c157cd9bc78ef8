"""Why a run did not succeed: the task that failed first, and the differences from the last successful run."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mfwidgets.client.collections.runs import Runs
from mfwidgets.datastore.logs import LogLine
from mfwidgets.display import Displayable
from mfwidgets.errors import DataException
from mfwidgets.hidden_characters import visible
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.rows import TaskRow, run_row, task_rows
from mfwidgets.queries.run_filter import RunFilter
from mfwidgets.queries.run_snapshot import RunSnapshot, load_run_snapshot
from mfwidgets.queries.status.recorded_exceptions import RecordedException, exception_in, recorded_exception
from mfwidgets.queries.status.rules import Status

if TYPE_CHECKING:
    from mfwidgets.client.answers.comparison import Comparison, Difference
    from mfwidgets.client.collections.successful_runs import SuccessfulRuns
    from mfwidgets.client.run import Run
    from mfwidgets.client.task import Task

LOG_LINES = 20
"""The maximum number of log lines that an answer contains."""

_READ = 100
"""The maximum number of log lines that are searched for a traceback."""

MAX_RUNS_SEARCHED = 100
"""The maximum number of earlier runs that are searched for a run that succeeded."""

_SECTIONS = ("parameters", "tags", "versions", "code", "metadata")
"""Sections that can be a cause. Artifacts and durations are not listed, because they can also be effects."""


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """The outcome of an attempt.

    Attributes
    ----------
    number
        The number of the attempt, from 0.
    status
        Its status, with the reason.
    exception
        The exception that Metaflow recorded. None if the attempt succeeded, or ended without a record.
    """

    number: int
    status: Status
    exception: RecordedException | None


@dataclass(eq=False, repr=False)
class Why(Displayable):
    """Why a run did not succeed: the result of ``run.why()``.

    :attr:`last_good` and :attr:`differences` are read on first use. All other attributes are already read.

    Attributes
    ----------
    run
        The run.
    status
        Its status, with the reason.
    task
        The task that failed first, not one that was killed because of it. None if no task failed. If the run succeeded:
        a task whose failure ``@catch`` handled.
    attempts
        The attempts of the task, oldest first.
    item
        The foreach item of the task, as str. None outside a foreach.
    other_failed_tasks
        The number of other tasks that failed.
    caught_tasks
        The number of tasks whose failure ``@catch`` handled.
    log
        The last 20 lines that the failed attempt wrote to standard error, or to standard output if there are none.

    Examples
    --------
    >>> why = Run("ForecastFlow/1795378913725406").why()
    >>> why.task, why.item
    (Task('ForecastFlow/1795378913725406/fit/9'), '7: Hamburg')
    >>> why.last_good
    Run('ForecastFlow/1795378900338660')
    >>> [difference.name for difference in why.causes()]
    ['alpha', 'nightly']
    """

    run: "Run"
    status: Status
    task: "Task | None"
    attempts: list[AttemptOutcome]
    item: str | None
    other_failed_tasks: int
    caught_tasks: int
    log: list[LogLine]
    _printed: RecordedException | None
    _context: ClientContext

    @property
    def attempt(self) -> AttemptOutcome | None:
        """The newest attempt that failed. None if no task failed."""
        return _newest_failed(self.attempts)

    @property
    def exception(self) -> RecordedException | None:
        """The exception of :attr:`attempt`, as recorded or from its log. Otherwise the exception of an earlier attempt.

        None if no attempt has an exception.
        """
        if self.attempt and self.attempt.exception:
            return self.attempt.exception
        recorded = (attempt.exception for attempt in reversed(self.attempts) if attempt.exception)
        return self._printed or next(recorded, None)

    @cached_property
    def _search(self) -> "SuccessfulRuns":
        record = self.run._record
        earlier = RunFilter(until_ms=record.created_ms - 1)
        return Runs(self._context, record.flow, earlier)._search(MAX_RUNS_SEARCHED)

    @property
    def _is_compared(self) -> bool:
        """Whether :attr:`last_good` and :attr:`differences` are read already."""
        return "differences" in vars(self)

    @cached_property
    def last_good(self) -> "Run | None":
        """The newest earlier run in the namespace that succeeded.

        None if none of the 100 runs before this one succeeded. Costs on first use what
        :attr:`Flow.latest_successful_run` costs. A search that was given up continues where it stopped.
        """
        newest = next(self._search.find(), None)
        return type(self.run)._of(self.run._context, newest) if newest else None

    @cached_property
    def differences(self) -> "Comparison | None":
        """The differences from the last successful run. None if there is no such run.

        The first use costs as much as :attr:`last_good` and :func:`mfwidgets.compare` together.
        """
        from mfwidgets.client.answers.comparison import compare_objects

        if self.last_good is None:
            return None
        kind, context = type(self.run), self._context
        return compare_objects([kind._of(context, run._record) for run in (self.last_good, self.run)])

    def causes(self) -> "list[Difference]":
        """Return the :attr:`differences` that can be a cause: parameters, tags, versions, code, metadata.

        Returns
        -------
        list of Difference
            Empty if there is no last successful run. Costs what :attr:`differences` costs.

        Examples
        --------
        >>> [(cause.name, cause.values) for cause in Run("ForecastFlow/1795378913725406").why().causes()]
        [('alpha', (0.5, 0.3)), ('nightly', (missing, 'nightly'))]
        """
        differences = self.differences.differences if self.differences else []
        return [difference for difference in differences if difference.section in _SECTIONS]

    def __str__(self) -> str:
        text: str = self._repr_mimebundle_()["text/plain"]
        return text

    def __repr__(self) -> str:
        return visible(f"<why {self.run.pathspec} is {self.status}>")


def explain_failure(run: "Run", snapshot: RunSnapshot | None = None) -> Why:
    """Return why a run did not succeed.

    Parameters
    ----------
    run
        The run.
    snapshot
        A snapshot of the run, if it is already loaded.
    """
    snapshot = load_run_snapshot(run._context, run._record) if snapshot is None else snapshot
    context = snapshot.context
    rows = [row for row in task_rows(snapshot) if row.status in ("failed", "killed", "unknown", "caught")]
    failed = _most_telling(rows)
    culprit = min(failed, key=_when, default=None)
    attempts = _outcomes(context, culprit) if culprit else []
    lines = _log(context, culprit, attempts) if culprit else []
    return Why(
        run,
        run_row(snapshot).status,
        _task_of(run._context, culprit) if culprit else None,
        attempts,
        _item(culprit) if culprit else None,
        max(len(failed) - 1, 0),
        sum(row.status == "caught" for row in rows),
        lines[-LOG_LINES:],
        exception_in([line.message for line in lines]),
        context,
    )


def _newest_failed(attempts: Sequence[AttemptOutcome]) -> AttemptOutcome | None:
    return next((attempt for attempt in reversed(attempts) if attempt.status != "completed"), None)


def _log(context: ClientContext, row: TaskRow, attempts: Sequence[AttemptOutcome]) -> list[LogLine]:
    """Return the end of the log of the newest attempt that failed."""
    attempt = _newest_failed(attempts)
    if attempt is None:
        return []
    task = _task_of(context, row, attempt.number)
    try:
        return task.logs("stderr").last(_READ) or task.logs("stdout").last(_READ)
    except DataException:  # the datastore is out of reach
        return []


def _most_telling(rows: list[TaskRow]) -> list[TaskRow]:
    """Return the tasks that failed. If there are none, return the unknown tasks, or else the caught tasks."""
    for names in (("failed", "killed"), ("unknown",), ("caught",)):
        matching = [row for row in rows if row.status in names]
        if matching:
            return matching
    return []


def _when(row: TaskRow) -> tuple[bool, int]:
    # The scheduler kills tasks only after another task has failed.
    return row.state.was_stopped, row.finished_ms or row.state.last_sign_ms


def _task_of(context: ClientContext, row: TaskRow, attempt: int | None = None) -> "Task":
    from mfwidgets.client.task import Task

    return Task._of(context, row.record, attempt)


def _outcomes(context: ClientContext, row: TaskRow) -> list[AttemptOutcome]:
    return [
        AttemptOutcome(
            attempt.attempt,
            attempt.status,
            None if attempt.status == "completed" else recorded_exception(context, row.record, attempt.attempt),
        )
        for attempt in row.attempt_rows
    ]


def _item(row: TaskRow) -> str | None:
    if row.foreach_index is None:
        return None
    return str(row.foreach_index) if row.foreach_value is None else f"{row.foreach_index}: {row.foreach_value}"
