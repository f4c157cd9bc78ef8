"""The table of a task's attempts, one column per attempt."""

from dataclasses import replace

from mfwidgets.client.answers.logs import Logs
from mfwidgets.concurrency import parallel_map
from mfwidgets.datastore.logs import STREAMS
from mfwidgets.errors import DataException
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.rows import AttemptRow, TaskRow
from mfwidgets.queries.status.recorded_exceptions import recorded_exception
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.view import Table
from mfwidgets.schema import ATTEMPTS
from mfwidgets.views.cells import Limits, duration, moment, size, zoned
from mfwidgets.views.tables import shown_of_total

_MAX_ATTEMPTS = 5
"""More columns than this do not fit side by side."""


def attempts_table(context: ClientContext, row: TaskRow, limits: Limits) -> Table:
    """Show a column for each attempt, oldest first. Shows at most the newest five."""
    shown = row.attempt_rows[-_MAX_ATTEMPTS:]
    columns = parallel_map(
        lambda attempt: _column(context, row, attempt, limits), shown, max_concurrency=context.max_concurrency
    )
    labels = ("status", zoned("started"), zoned("finished"), "duration", "elapsed", "why", *STREAMS)
    lines = tuple(
        (Cell(label, "dim"), *cells)
        for label, *cells in zip(labels, *columns, strict=True)
        if label != "elapsed" or any(cell.text for cell in cells)
    )
    names = ("", *(f"attempt {attempt.attempt}" for attempt in shown))
    note = shown_of_total(len(shown), len(row.attempts))
    return Table("Attempts", names, lines, note, left_out=bool(note))


def _column(context: ClientContext, row: TaskRow, attempt: AttemptRow, limits: Limits) -> tuple[Cell, ...]:
    status, number = attempt.status, attempt.attempt
    exception = None if status == "completed" else recorded_exception(context, row.record, number)
    facts = ATTEMPTS.raw(attempt)
    # Columns mix text and numbers, so numbers are left-aligned like text.
    durations = (replace(duration(facts[name]), kind="text") for name in ("duration", "elapsed"))
    return (
        limits.status(status),
        moment(facts["started_at"]),
        moment(facts["finished_at"]),
        *durations,
        Cell(limits.text(str(exception) if exception else status.reason).text, "dim"),
        *(_log_size(Logs(context, row.record, number, stream)) for stream in STREAMS),
    )


def _log_size(logs: Logs) -> Cell:
    try:
        return Cell(size(logs.size()).text)
    except DataException:  # the datastore is unreachable
        return EMPTY
