"""Finds out why a run did not succeed: the task that failed first, its attempts, and the ends of their logs."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mfwidgets.client.answers.own_log import own_lines, reported_failure
from mfwidgets.client.answers.why import LOG_LINES, AttemptOutcome, Why, newest_exception, newest_failed
from mfwidgets.datastore.logs import STREAMS, LogLine
from mfwidgets.errors import DataException
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.failures import by_failure, first_failed, most_telling
from mfwidgets.queries.lineage.foreach_items import CUT_ITEM_CHARS, whole_item_text
from mfwidgets.queries.rows import TaskRow, run_row, task_rows
from mfwidgets.queries.run_snapshot import RunSnapshot, load_run_snapshot
from mfwidgets.queries.status.recorded_exceptions import exception_in, recorded_exception

if TYPE_CHECKING:
    from mfwidgets.client.run import Run
    from mfwidgets.client.task import Task

_READ_LINES = 100
"""The maximum number of log lines of a stream that are searched for a traceback."""


def explain_failure(run: "Run", snapshot: RunSnapshot | None = None) -> Why:
    """Return why a run did not succeed.

    Parameters
    ----------
    run
        The run.
    snapshot
        A snapshot of the run, if it is already loaded.
    """
    if snapshot is None:
        snapshot = load_run_snapshot(run._context, run._record, outline=True)
    context = snapshot.context
    tasks = task_rows(snapshot)
    rows = [row for row in tasks if row.status in ("failed", "killed", "unknown", "caught")]
    failed, culprit = most_telling(rows), first_failed(rows)
    attempts = _outcomes(context, culprit) if culprit else []
    lines = _log(context, culprit, attempts) if culprit else {}
    telling = lines.get("stderr") or lines.get("stdout") or []
    printed = exception_in([line.message for line in telling])
    recorded = newest_exception(attempts)
    reported = "" if recorded or printed else reported_failure(telling)
    return Why(
        run,
        run_row(snapshot).status,
        _task_of(run._context, culprit) if culprit else None,
        attempts,
        _item(context, culprit) if culprit else None,
        max(len(failed) - 1, 0),
        sum(row.status == "caught" for row in rows),
        telling[-LOG_LINES:],
        _own(lines, reported),
        reported,
        printed,
        context,
        sorted((row for row in failed if not row.state.was_stopped), key=by_failure),
        dict(Counter(row.record.step for row in tasks)),
    )


def _own(lines: dict[str, list[LogLine]], reported: str) -> list[LogLine]:
    """Return the last lines of both streams that the user's code wrote, in the order of time."""
    own = [line for stream in STREAMS for line in own_lines(lines.get(stream, []), reported)]
    return sorted(own, key=lambda line: line.time)[-LOG_LINES:]


def _log(context: ClientContext, row: TaskRow, attempts: Sequence[AttemptOutcome]) -> dict[str, list[LogLine]]:
    """Return the ends of the logs of the newest attempt that failed, by stream."""
    attempt = newest_failed(attempts)
    if attempt is None:
        return {}
    task = _task_of(context, row, attempt.number)
    try:
        return {stream: task.logs(stream).last(_READ_LINES) for stream in STREAMS}
    except DataException:  # the datastore is out of reach
        return {}


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


def _item(context: ClientContext, row: TaskRow) -> str | None:
    """Return the index and the item of the innermost foreach."""
    if row.foreach_index is None:
        return None
    text = row.foreach_value
    if text is not None and len(text) >= CUT_ITEM_CHARS:
        text = whole_item_text(context, row) or text
    return str(row.foreach_index) if text is None else f"{row.foreach_index}: {text}"
