"""The attempts of a task, side by side."""

from dataclasses import replace

from mfwidgets.client.answers.logs import Logs
from mfwidgets.concurrency import parallel_map
from mfwidgets.datastore.logs import STREAMS
from mfwidgets.errors import DataException
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.rows import AttemptRow, TaskRow
from mfwidgets.queries.status.recorded_exceptions import recorded_exception
from mfwidgets.render.view import EMPTY, Cell, Table
from mfwidgets.schema import ATTEMPTS
from mfwidgets.views.cells import Limits, duration, size, time, zoned
from mfwidgets.views.tables import shown_of_total

_MOST = 5
"""Columns that can be read side by side."""


def attempts_table(context: ClientContext, row: TaskRow, limits: Limits) -> Table:
    """Show a column for each attempt, oldest first; of many the newest."""
    shown = row.attempt_rows[-_MOST:]
    columns = parallel_map(
        lambda one: _column(context, row, one, limits), shown, max_concurrency=context.max_concurrency
    )
    labels = ("status", zoned("started"), zoned("finished"), "duration", "elapsed", "why", *STREAMS)
    lines = tuple(
        (Cell(label, "dim"), *cells)
        for label, *cells in zip(labels, *columns, strict=True)
        if label != "elapsed" or any(cell.text for cell in cells)
    )
    names = ("", *(f"attempt {one.attempt}" for one in shown))
    return Table("Attempts", names, lines, shown_of_total(len(shown), len(row.attempts)))


def _column(context: ClientContext, row: TaskRow, attempt: AttemptRow, limits: Limits) -> tuple[Cell, ...]:
    status, number = attempt.status, attempt.attempt
    exception = None if status == "completed" else recorded_exception(context, row.record, number)
    facts = ATTEMPTS.raw(attempt)
    # A column of an attempt holds facts of all kinds, so numbers stand at the left.
    durations = (replace(duration(facts[name]), kind="text") for name in ("duration", "elapsed"))
    return (
        limits.status(status),
        time(facts["started_at"]),
        time(facts["finished_at"]),
        *durations,
        Cell(limits.text(str(exception) if exception else status.reason).text, "dim"),
        *(_log_size(Logs(context, row.record, number, stream)) for stream in STREAMS),
    )


def _log_size(logs: Logs) -> Cell:
    try:
        return Cell(size(logs.size()).text)
    except DataException:  # the datastore is out of reach
        return EMPTY
