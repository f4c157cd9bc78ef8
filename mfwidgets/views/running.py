"""The table of the runs that run now: the steps that run, how many of their tasks are done, and the usual duration."""

from collections.abc import Mapping, Sequence
from statistics import median

from mfwidgets.queries.progress import Progress
from mfwidgets.queries.rows import RunRow
from mfwidgets.render.cell import EMPTY, Cell, Segment
from mfwidgets.render.view import Table
from mfwidgets.times import duration_text
from mfwidgets.views.cells import Limits, age
from mfwidgets.views.short_ids import short_ids
from mfwidgets.views.strips import completed_durations
from mfwidgets.views.tables import shown_of_total, without_empty_columns

MAX_RUNNING = 10
"""Runs whose progress is read. Each costs what a display of it costs."""


def running_tables(
    rows: Sequence[RunRow],
    progress: Mapping[str, Sequence[Progress]],
    others: Mapping[str, Sequence[RunRow]],
    limits: Limits,
) -> tuple[Table, ...]:
    """Show the runs that run now. Empty if there are none.

    Parameters
    ----------
    rows
        The runs.
    progress
        The steps that run now, by the pathspec of the run. Others were not read.
    others
        The newest runs of each flow, by its name. Those that completed say how long a run usually takes.
    """
    shown = rows[: min(MAX_RUNNING, limits.rows)]
    if not shown:
        return ()
    cells = tuple(
        (
            limits.code(row.record.flow),
            run,
            _progress(row, progress.get(row.pathspec, ()), limits),
            age(row.started_ms, row.asked_ms),
            _usual(others.get(row.record.flow, ())),
            limits.text(row.record.user),
        )
        for row, run in zip(shown, short_ids(shown, limits), strict=True)
    )
    columns = ("flow", "run", "running now", "started", "usually takes", "user")
    note = shown_of_total(len(shown), len(rows))
    spare = ("user", "usually takes", "run", "started")
    table = Table("Running", columns, cells, note, spare=spare, left_out=bool(note))
    return (without_empty_columns(table, keep=4),)


def _progress(row: RunRow, steps: Sequence[Progress], limits: Limits) -> Cell:
    """Show the steps that run now, and how many of their tasks are done. The bar shows the first of them."""
    if not steps:
        return limits.status(row.status)
    words = limits.text(", ".join(step.text for step in steps)).text
    wide = next((step for step in steps if step.planned > 1), None)
    bar = (Segment("running", 0.0, wide.done / wide.planned),) if wide and wide.done else ()
    return Cell(words, "progress", limits.text(row.status.reason).text, segments=bar)


def _usual(rows: Sequence[RunRow]) -> Cell:
    completed = completed_durations(rows)
    return Cell(duration_text(round(median(completed)))) if completed else EMPTY
