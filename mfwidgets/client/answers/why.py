"""Why a run did not succeed: the first task that failed, what it said, and what was different when it last went well."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mfwidgets.client.collections.runs import Runs
from mfwidgets.datastore.logs import LogLine
from mfwidgets.display import Displayable
from mfwidgets.errors import DataException
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.rows import TaskRow, run_row, task_rows
from mfwidgets.queries.run_filter import RunFilter
from mfwidgets.queries.run_snapshot import RunSnapshot, load_run_snapshot
from mfwidgets.queries.status.recorded_exceptions import RecordedException, exception_in, recorded_exception
from mfwidgets.queries.status.rules import Status

if TYPE_CHECKING:
    from mfwidgets.client.answers.comparison import Comparison, Difference
    from mfwidgets.client.run import Run
    from mfwidgets.client.task import Task

LOG_LINES = 20
"""So many last lines of its log are told."""

_READ = 100
"""Lines of it in which a traceback is looked for."""

MAX_RUNS_SEARCHED = 100
"""Among so many earlier runs the last good one is looked for."""

_SECTIONS = ("parameters", "tags", "versions", "code", "metadata")
"""What can be a cause; artifacts and durations are effects as well."""


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """What became of an attempt.

    Attributes
    ----------
    exception
        What Metaflow recorded; None for an attempt that went well or died hard.
    """

    number: int
    status: Status
    exception: RecordedException | None


@dataclass(eq=False, repr=False)
class Why(Displayable):
    """Why a run did not succeed, as ``run.why()`` returns it. Only :attr:`last_good` and :attr:`differences` read more.

    Attributes
    ----------
    run
        Which run.
    status
        Its status, with the reason.
    task
        The task that failed first, not one that was killed because of it; None where no task failed. Where the run went
        well all the same, one whose failure ``@catch`` handled.
    attempts
        Its attempts, oldest first.
    item
        The foreach item that it worked on, as text; None outside a foreach.
    other_failed_tasks
        How many other tasks failed.
    log
        The last 20 lines that the failed attempt wrote to standard error; to standard output where there are none.
    """

    run: "Run"
    status: Status
    task: "Task | None"
    attempts: list[AttemptOutcome]
    item: str | None
    other_failed_tasks: int
    log: list[LogLine]
    _printed: RecordedException | None
    _context: ClientContext

    @property
    def attempt(self) -> AttemptOutcome | None:
        """Its newest attempt that failed, which its status speaks of; None where no task failed."""
        return _newest_failed(self.attempts)

    @property
    def exception(self) -> RecordedException | None:
        """What that attempt raised, as recorded or else as its log tells; of a hard death what an earlier one raised."""
        if self.attempt and self.attempt.exception:
            return self.attempt.exception
        return self._printed or next((one.exception for one in reversed(self.attempts) if one.exception), None)

    @cached_property
    def last_good(self) -> "Run | None":
        """The newest earlier run in the namespace that succeeded; None where there is none among the 100 before."""
        record = self.run._record
        earlier = Runs(self._context, record.flow, RunFilter(until_ms=record.created_ms - 1), MAX_RUNS_SEARCHED)
        found = next(earlier.successful(), None)
        return type(self.run)._of(self.run._context, found._record) if found else None

    @cached_property
    def differences(self) -> "Comparison | None":
        """What differs from the last good run; None where there is none."""
        from mfwidgets.client.answers.comparison import compare_objects

        if self.last_good is None:
            return None
        kind, context = type(self.run), self._context
        return compare_objects([kind._of(context, run._record) for run in (self.last_good, self.run)])

    def causes(self) -> "list[Difference]":
        """Return those :attr:`differences` that can be a cause: parameters, tags, versions, code, metadata."""
        found = self.differences.differences if self.differences else []
        return [one for one in found if one.section in _SECTIONS]

    def __str__(self) -> str:
        text: str = self._repr_mimebundle_()["text/plain"]
        return text

    def __repr__(self) -> str:
        return f"<why {self.run.pathspec} is {self.status}>"


def explain_failure(run: "Run", snapshot: RunSnapshot | None = None) -> Why:
    """Read why a run did not succeed.

    Parameters
    ----------
    run
        The run.
    snapshot
        What is recorded of it, if that is loaded already.
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
        lines[-LOG_LINES:],
        exception_in([line.message for line in lines]),
        context,
    )


def _newest_failed(attempts: Sequence[AttemptOutcome]) -> AttemptOutcome | None:
    return next((one for one in reversed(attempts) if one.status != "completed"), None)


def _log(context: ClientContext, row: TaskRow, attempts: Sequence[AttemptOutcome]) -> list[LogLine]:
    """Return the end of the log of the newest attempt that failed."""
    attempt = _newest_failed(attempts)
    if attempt is None:
        return []
    task = _task_of(context, row, attempt.number)
    try:
        return task.logs("stderr").last(_READ) or task.logs("stdout").last(_READ)
    except DataException:  # a datastore out of reach
        return []


def _most_telling(rows: list[TaskRow]) -> list[TaskRow]:
    """Return those that failed; where none did, those that were lost; else those that were caught."""
    for names in (("failed", "killed"), ("unknown",), ("caught",)):
        found = [row for row in rows if row.status in names]
        if found:
            return found
    return []


def _when(row: TaskRow) -> tuple[bool, int]:
    # What the scheduler killed, it killed because another task had failed.
    return row.state.was_stopped, row.finished_ms or row.state.last_sign_ms


def _task_of(context: ClientContext, row: TaskRow, attempt: int | None = None) -> "Task":
    from mfwidgets.client.task import Task

    return Task._of(context, row.record, attempt)


def _outcomes(context: ClientContext, row: TaskRow) -> list[AttemptOutcome]:
    return [
        AttemptOutcome(
            one.attempt,
            one.status,
            None if one.status == "completed" else recorded_exception(context, row.record, one.attempt),
        )
        for one in row.attempt_rows
    ]


def _item(row: TaskRow) -> str | None:
    if row.foreach_index is None:
        return None
    return str(row.foreach_index) if row.foreach_value is None else f"{row.foreach_index}: {row.foreach_value}"
