"""Charts that runs and tasks share: a point for each object, or how often values occur."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mfwidgets.client.plots.columns import chart_column
from mfwidgets.queries.rows import RunRow, TaskRow

if TYPE_CHECKING:
    from mfwidgets.render.charts.model import HistogramChart, ScatterChart

NamedColumn = tuple[str, Sequence[Any]]
"""The full name of a column, and its values."""

Logs = tuple[bool | None, bool | None]
"""Whether the axes x and y are logarithmic. None decides by the values."""


def scatter_chart(
    heading: str, rows: Sequence[RunRow | TaskRow], columns: Sequence[NamedColumn], log: Logs, noun: str
) -> "ScatterChart":
    """Return a chart with a point for each row.

    Parameters
    ----------
    heading
        The heading. Empty for the labels of the axes.
    rows
        The rows of runs or tasks.
    columns
        The columns for x, y and, if there is a third one, the colour.
    log, noun
        The kinds of axes, and the kind of object.
    """
    from mfwidgets.render.charts.model import Mark, ScatterChart

    (x_name, xs), (y_name, ys), *colour = columns
    across, up = chart_column(x_name, xs, log=log[0]), chart_column(y_name, ys, log=log[1])
    groups = chart_column(*colour[0]) if colour else None
    marks = tuple(
        Mark(
            across.values[number],
            up.values[number],
            row.pathspec,
            str(row.status),
            row.record.run_id if isinstance(row, RunRow) else row.record.task_id,
            groups.values[number] if groups else None,
        )
        for number, row in enumerate(rows)
    )
    heading = heading or f"{up.axis.label} by {across.axis.label}"
    return ScatterChart(heading, across.axis, up.axis, marks, groups.axis if groups else None, noun)


def histogram_chart(column: NamedColumn, *, log: bool | None, noun: str) -> "HistogramChart":
    """Return a histogram of a column. Text and bools have a bar for each value."""
    from mfwidgets.render.charts.model import HistogramChart

    shown = chart_column(*column, log=log)
    return HistogramChart(f"Distribution of {shown.axis.label}", shown.axis, shown.values, noun)
