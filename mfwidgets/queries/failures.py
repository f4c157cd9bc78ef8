"""The failures of runs: for each run the task that failed first, its foreach item and its exception."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import PureWindowsPath
from typing import Any

from mfwidgets.concurrency import parallel_map
from mfwidgets.errors import DataException, MetaflowException
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.records import ArtifactRecord, RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.foreach_items import is_cut, whole_texts
from mfwidgets.queries.rows import RunRow, TaskRow, task_rows
from mfwidgets.queries.run_memory import Question, ask, records_from_json, records_to_json
from mfwidgets.queries.run_snapshot import load_run_snapshot
from mfwidgets.queries.status.recorded_exceptions import (
    RecordedException,
    exception_of,
    exception_records,
    recorded_exception,
)

FAILED = ("failed", "killed", "caught", "unknown")
"""The statuses of runs that can have a failure."""


@fast_dataclass(frozen=True, slots=True)
class Failure:
    """Why a run failed.

    Attributes
    ----------
    task
        The task that failed first.
    exception
        Its recorded exception. None if it ended without one, such as a task that was killed.
    place
        The step and the whole foreach item: ``fit, Hamburg``. Without an item: ``fit``.
    """

    task: TaskRow
    exception: RecordedException | None
    place: str


def first_failed(rows: Iterable[TaskRow]) -> TaskRow | None:
    """Return the task that failed first, not one that was killed because of it. None if no task failed.

    If none failed or was killed: the first unknown task, else the first task whose failure ``@catch`` handled.
    """
    return min(most_telling(rows), key=by_failure, default=None)


def most_telling(rows: Iterable[TaskRow]) -> list[TaskRow]:
    """Return the tasks that failed. If there are none, return the unknown tasks, or else the caught tasks."""
    given = list(rows)
    for names in (("failed", "killed"), ("unknown",), ("caught",)):
        matching = [row for row in given if row.status in names]
        if matching:
            return matching
    return []


def by_failure(row: TaskRow) -> tuple[bool, int]:
    """Return a key that sorts tasks by when they failed. Tasks that were stopped because of others come last."""
    # The scheduler kills tasks only after another task has failed.
    return row.state.was_stopped, row.finished_ms or row.state.last_sign_ms


def failures_of(context: ClientContext, rows: Sequence[RunRow]) -> list[Failure | None]:
    """Return the failure of each run that did not complete, and None for others. Many at once.

    Costs for each such run what :func:`load_run_snapshot` costs, one bulk request and one small blob, and what
    :func:`whole_texts` costs if metadata has cut the item of the task.
    """
    failed = [row.record for row in rows if row.status in FAILED]
    found = dict(
        zip(
            (run.path for run in failed),
            parallel_map(
                lambda run: _failure(context, run), failed, title="failures", max_concurrency=context.max_concurrency
            ),
            strict=True,
        )
    )
    return [found.get(row.record.path) for row in rows]


def _failure(context: ClientContext, run: RunRecord) -> Failure | None:
    try:
        snapshot = load_run_snapshot(context, run, outline=True)
        task = first_failed(task_rows(snapshot))
        if task is None:
            return None
        exception = recorded_exception(snapshot.context, task.record)
        return Failure(task, exception, _place(snapshot.context, task))
    except DataException:  # the datastore is out of reach
        return None


def _place(context: ClientContext, row: TaskRow) -> str:
    """Return the step and the whole foreach item of a task. Reads the list of the foreach only if metadata has cut the item."""
    items = " / ".join(filter(None, row.item.values))
    if is_cut(row):
        with suppress(MetaflowException):  # the cut item says something, too
            items = whole_texts(context, [row])[row.record.key]
    return ", ".join(filter(None, (row.record.step, items)))


def failure_columns(context: ClientContext, rows: Sequence[RunRow]) -> dict[str, list[str | None]]:
    """Return the columns ``exception`` and ``failed_task``. None for runs without a failure."""
    failures = failures_of(context, rows)
    return {
        "exception": [str(failure.exception) if failure and failure.exception else None for failure in failures],
        "failed_task": [failure.task.pathspec if failure else None for failure in failures],
    }


@fast_dataclass(frozen=True, slots=True)
class FailureLine:
    """Why a run failed, in the words of a line.

    Attributes
    ----------
    task
        The pathspec of the task that failed first. Empty if no task is to blame.
    place
        Its step and item, as in :class:`Failure`.
    exception
        ``ValueError: negative demand``. Empty if none is recorded.
    code
        The file and the line of the user's code that raised it: ``train.py:33``. Empty if unknown.
    """

    task: str = ""
    place: str = ""
    exception: str = ""
    code: str = ""


def failure_lines(context: ClientContext, runs: Sequence[RunRecord]) -> list[FailureLine]:
    """Return why runs failed.

    Costs what :func:`failures_of` costs for each run. Which task failed is remembered. After that, costs a small blob.
    """
    found = ask(context, runs, _FAILED)
    return parallel_map(lambda failed: _line(context, failed), found, max_concurrency=context.max_concurrency)


@fast_dataclass(frozen=True, slots=True)
class _Failed:
    """The task that failed first, and the artifacts that can hold its exception."""

    task: str
    place: str
    records: list[ArtifactRecord]


def _read_failed(context: ClientContext, run: RunRecord) -> _Failed:
    snapshot = load_run_snapshot(context, run, outline=True)
    row = first_failed(task_rows(snapshot))
    if row is None:
        return _Failed("", "", [])
    return _Failed(row.pathspec, _place(snapshot.context, row), exception_records(snapshot.context, row.record))


def _line(context: ClientContext, failed: _Failed) -> FailureLine:
    try:
        exception = exception_of(context, failed.records)
    except DataException:  # the datastore is out of reach
        exception = None
    return _with_exception(failed.task, failed.place, exception)


def line_of(failure: Failure) -> FailureLine:
    """Return a failure in the words of a line."""
    return _with_exception(failure.task.pathspec, failure.place, failure.exception)


def _with_exception(task: str, place: str, exception: RecordedException | None) -> FailureLine:
    if exception is None:
        return FailureLine(task, place)
    frame = exception.where
    code = f"{PureWindowsPath(frame.file).name}:{frame.line}" if frame else ""
    return FailureLine(task, place, str(exception), code)


def _failed_to_json(failed: _Failed) -> list[Any]:
    return [failed.task, failed.place, records_to_json(failed.records)]


def _failed_from_json(run: RunRecord, content: list[Any]) -> _Failed:
    task, place, records = content
    return _Failed(str(task), str(place), records_from_json(run, records))


_FAILED = Question("failed_task", _read_failed, _failed_to_json, _failed_from_json)
