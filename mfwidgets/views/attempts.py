"""The attempts of a task, side by side."""

from mfwidgets.client.answers.logs import Logs
from mfwidgets.concurrency import parallel_map
from mfwidgets.datastore.logs import STREAMS
from mfwidgets.errors import DataException
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.status.recorded_exceptions import recorded_exception
from mfwidgets.queries.status.rules import Attempt, Status, attempt_statuses
from mfwidgets.render.view import EMPTY, Cell, Table
from mfwidgets.times import now_ms
from mfwidgets.views.cells import Limits, duration, size, time, zoned
from mfwidgets.views.tables import shown_of_total

_MOST = 5
"""Columns that can be read side by side."""


def attempts_table(context: ClientContext, row: TaskRow, limits: Limits) -> Table:
    """Show a column for each attempt, oldest first; of many the newest."""
    statuses = attempt_statuses(row.attempts, row.record.created_ms, now_ms())
    shown = list(zip(row.attempts, statuses, strict=True))[-_MOST:]
    columns = parallel_map(
        lambda one: _column(context, row, *one, limits), shown, max_concurrency=context.max_concurrency
    )
    labels = ("status", zoned("began"), zoned("ended"), "took", "why", *STREAMS)
    lines = tuple((Cell(label, "dim"), *cells) for label, *cells in zip(labels, *columns, strict=True))
    names = ("", *(f"attempt {attempt.number}" for attempt, _ in shown))
    return Table("Attempts", names, lines, shown_of_total(len(shown), len(row.attempts)))


def _column(context: ClientContext, row: TaskRow, attempt: Attempt, status: Status, limits: Limits) -> tuple[Cell, ...]:
    exception = None if status == "completed" else recorded_exception(context, row.record, attempt.number)
    took = attempt.ended_ms - attempt.begun_ms if attempt.ended_ms and attempt.begun_ms else None
    return (
        limits.status(status),
        time(attempt.begun_ms),
        time(attempt.ended_ms),
        Cell(duration(took).text),  # a column of an attempt holds facts of all kinds, so numbers stand at the left
        Cell(limits.text(str(exception) if exception else status.reason).text, "dim"),
        *(_log_size(Logs(context, row.record, attempt.number, stream)) for stream in STREAMS),
    )


def _log_size(logs: Logs) -> Cell:
    try:
        return Cell(size(logs.size()).text)
    except DataException:  # the datastore is out of reach
        return EMPTY
