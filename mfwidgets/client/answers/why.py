"""Why a run did not succeed: the task that failed first, and the differences from the last successful run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from mfwidgets.client.answers.advice import Advice, lines_to_try, meanings
from mfwidgets.client.answers.changed_files import ChangedFile, changed_files
from mfwidgets.client.answers.source_lines import PackageSources, SourceLines
from mfwidgets.client.code import code_of_run, code_recorded_by
from mfwidgets.client.collections.runs import Runs
from mfwidgets.concurrency import parallel_map
from mfwidgets.datastore.logs import LogLine
from mfwidgets.display import Displayable
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.hidden_characters import visible
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.error_groups import ErrorGroup, group_errors, signature_of
from mfwidgets.queries.error_history import RUNS_COMPARED, ErrorHistory, error_history
from mfwidgets.queries.rows import TaskRow, runtime_name
from mfwidgets.queries.run_filter import RunFilter
from mfwidgets.queries.status.recorded_exceptions import RecordedException, recorded_exception
from mfwidgets.queries.status.rules import Status
from mfwidgets.queries.task_metadata import newest_values

if TYPE_CHECKING:
    from mfwidgets.client.answers.comparison import Comparison
    from mfwidgets.client.answers.differences import Difference
    from mfwidgets.client.collections.successful_runs import SuccessfulRuns
    from mfwidgets.client.run import Run
    from mfwidgets.client.task import Task

LOG_LINES = 20
"""The maximum number of log lines that an answer contains."""

MAX_RUNS_SEARCHED = 100
"""The maximum number of earlier runs that are searched for a run that succeeded."""

MAX_ERRORS_READ = 20
"""The maximum number of failed tasks whose exceptions are read to group them. The others are counted."""

MAX_TASKS_WITH_HISTORY = 300
"""With a service, errors of earlier runs are not read if this run has more tasks: theirs probably have as many."""

_SECTIONS = ("parameters", "tags", "versions", "code", "metadata")
"""Sections that can be a cause. Artifacts and durations are not listed, because they can also be effects."""


@fast_dataclass(frozen=True, slots=True)
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


def newest_failed(attempts: Sequence[AttemptOutcome]) -> AttemptOutcome | None:
    """Return the newest attempt that failed. None if none did."""
    return next((attempt for attempt in reversed(attempts) if attempt.status != "completed"), None)


def newest_exception(attempts: Sequence[AttemptOutcome]) -> RecordedException | None:
    """Return the newest exception that Metaflow recorded. None if it recorded none."""
    return next((attempt.exception for attempt in reversed(attempts) if attempt.exception), None)


@dataclass(eq=False, repr=False)
class Why(Displayable):
    """Why a run did not succeed: the result of ``run.why()``.

    :attr:`last_good`, :attr:`differences`, :attr:`source`, :attr:`errors` and :attr:`history` are read on first use. All
    other attributes are already read.

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
    own_log
        The last 20 lines that the user's code wrote to either stream, without tracebacks and lines of Metaflow.
    reported
        What Metaflow itself reported instead of an exception, such as ``Cannot pickle artifact: ...``. Else empty.

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
    own_log: list[LogLine]
    reported: str
    _printed: RecordedException | None
    _context: ClientContext
    _failed: list[TaskRow]
    """The tasks that failed, the first that failed first. Without those that the scheduler stopped afterwards."""

    _task_counts: dict[str, int]
    """The number of tasks by step."""

    @property
    def attempt(self) -> AttemptOutcome | None:
        """The newest attempt that failed. None if no task failed."""
        return newest_failed(self.attempts)

    @property
    def exception(self) -> RecordedException | None:
        """The exception of :attr:`attempt`, as recorded or from its log. Otherwise the exception of an earlier attempt.

        None if no attempt has an exception.
        """
        if self.attempt and self.attempt.exception:
            return self.attempt.exception
        return self._printed or newest_exception(self.attempts)

    @cached_property
    def _sources(self) -> PackageSources:
        """The code package of the task. Costs one request and one download on first use."""
        row = self._failed[0].record if self._failed else None
        return PackageSources(lambda: code_recorded_by(self._context, row) if row else None)

    @cached_property
    def source(self) -> SourceLines | None:
        """The lines of code around the line that raised the exception. None if they are unknown.

        They come from the code package of the task: ``source.lines`` has three lines before and after ``source.line``. Without
        a package, they are the line in the traceback. Costs one download of at most 20 MB on first use. No code runs.

        Examples
        --------
        >>> source = Run("ForecastFlow/1795378913725406").why().source
        >>> source.line, source.origin
        (33, 'traceback')
        """
        where = self.exception.where if self.exception else None
        return self._sources.around(where) if where else None

    @cached_property
    def errors(self) -> list[ErrorGroup]:
        """The tasks that failed, in groups of the same error, the largest group first.

        Each group has ``error``, ``step`` and ``tasks``. Costs two small reads for each of the first 20 tasks.

        Examples
        --------
        >>> [(group.step, len(group.tasks)) for group in Flow("SweepFlow").runs()[1].why().errors]
        [('fit', 2)]
        """
        rows = self._failed[:MAX_ERRORS_READ]
        others = parallel_map(
            lambda row: recorded_exception(self._context, row.record),
            rows[1:],
            max_concurrency=self._context.max_concurrency,
        )
        return group_errors(zip(rows, [self.exception, *others] if rows else [], strict=True))

    @cached_property
    def history(self) -> ErrorHistory | None:
        """The runs among the last ten that failed with the same error.

        None if no task failed, if nothing says why, or if the run is very large. The same error is an exception of the same
        class with the same line of code, or with the same message except for its numbers and quoted values. Locally, costs
        the records of at most nine runs. With a service, costs one request, and two for each of at most three failed runs.
        The answers are remembered.

        Examples
        --------
        >>> history = Run("TuningFlow/1795718769596824").why().history
        >>> history.runs, history.failed, [run.run_id for run in history.same]
        (10, 1, [])
        """
        if not self._failed or self.status not in ("failed", "unknown"):
            return None
        if self._context.provider.remote and sum(self._task_counts.values()) > MAX_TASKS_WITH_HISTORY:
            return None
        first = self._failed[0]
        signature = signature_of(newest_exception(self.attempts), first.status.reason)
        if not signature.type:
            return None
        earlier = replace(self._earlier, page_size=RUNS_COMPARED)
        runs = Runs(self._context, self.run._record.flow, earlier)._records(with_status=True)
        return error_history(self._context, signature, list(islice(runs, RUNS_COMPARED - 1)))

    def meanings(self) -> list[str]:
        """Return what is known about this kind of failure, as sentences.

        Returns
        -------
        list of str
            Empty if the exception and the end of the process have no known meaning. Reads nothing.

        Examples
        --------
        >>> Run("TuningFlow/1795718739771872").why().meanings()
        ['The disk on which the task ran was full.']
        """
        if not self._failed or self.status == "completed":
            return []
        reason = self.reported or (self.attempt.status.reason if self.attempt else "")
        return list(meanings(self.exception, reason, runtime_name(self.run._record)))

    def what_to_try(self) -> list[Advice]:
        """Return lines that help after the failure, each with ``line`` and ``meaning``: resume, and the whole log.

        Returns
        -------
        list of Advice
            Empty if the run did not fail. Costs what :attr:`source` costs.

        Examples
        --------
        >>> Run("ImportFlow/1795378924251567").why().what_to_try()[0].line
        'python import_flow.py resume --origin-run-id 1795378924251567'
        """
        if self.status not in ("failed", "unknown"):
            return []
        return lines_to_try(self.run._record, self._script, self.task.pathspec if self.task else "")

    @property
    def _script(self) -> str:
        """The flow's file, as the task or its code package recorded it, else as the traceback enters the user's code."""
        if self._failed:
            events = self._context.provider.metadata(self._failed[0].record.path, {"script-name"})
            recorded = newest_values(events).get("script-name") or self._sources.script
            if recorded:
                return str(recorded)
        frames = self.exception.frames if self.exception else []
        entered = next((frame for frame in frames if frame.is_users and frame.function), None)
        return entered.parts[-1] if entered and frames[0].package == "metaflow" and entered.parts else ""

    @property
    def _earlier(self) -> RunFilter:
        return RunFilter(until_ms=self.run._record.created_ms - 1)

    @cached_property
    def _search(self) -> "SuccessfulRuns":
        record = self.run._record
        return Runs(self._context, record.flow, self._earlier)._search(MAX_RUNS_SEARCHED)

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

    @cached_property
    def changed_files(self) -> list[ChangedFile]:
        """The files of the code package that differ from those of :attr:`last_good`, with ``added`` and ``removed`` lines.

        Empty if the packages are equal, or one of the runs has none. Costs one request and at most two downloads on first use.
        """
        code = self._sources.code
        if code is None or self.last_good is None:
            return []
        before = code_of_run(self._context, self.last_good._record)
        return changed_files(before, code) if before else []

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
