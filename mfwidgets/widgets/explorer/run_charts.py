"""The charts and the comparison of the runs in a table, as HTML."""

from dataclasses import replace
from typing import TYPE_CHECKING

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.render.html import html_of
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.widgets.panes import compared
from mfwidgets.widgets.selection import Selection, code_snippet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mfwidgets.client.collections.runs import Runs
    from mfwidgets.client.plots.plot import Plot
    from mfwidgets.client.run import Run

CHARTS = ("history", "scatter", "histogram", "parallel", "curves", "durations")
"""The kinds of charts."""

MAX_RUNS = 1_000
"""Runs in a chart. More points hide each other."""

MAX_COMPARED = 12
"""More runs have no place next to each other."""


def chart_html(runs: "Runs", count: int, kind: str, x: str, y: str, color: str) -> str:
    """Return a chart of the first runs of a table.

    Parameters
    ----------
    runs
        The runs in the order of the table.
    count
        How many there are.
    kind
        One of :data:`CHARTS`.
    x, y, color
        The names of columns. Empty for none.

    Raises
    ------
    MetaflowException
        A column is missing or unknown, or the runs cannot be read.
    """
    if kind not in CHARTS:
        raise MetaflowInvalidArgument(f"Expected one of {', '.join(CHARTS)}, got {kind!r:.40}.")
    plot = _plot(runs.head(MAX_RUNS) if count > MAX_RUNS else runs, kind, x, y, color or None)
    view = build_view(plot, Limits(rows=50))
    if count > MAX_RUNS:
        note = f"The first {MAX_RUNS:,} of {count:,} runs, in the order of the table. A filter or another order shows others."
        view = replace(view, notes=(*view.notes, note))
    return html_of(view, live=True)


def _plot(runs: "Runs", kind: str, x: str, y: str, color: str | None) -> "Plot":
    if kind == "parallel":
        return runs.plot.parallel(color=color)
    if kind == "durations":
        return runs.plot.durations()
    if not y:
        raise MetaflowInvalidArgument("Choose a column for the chart.")
    if kind == "scatter":
        return runs.plot.scatter(x or "started_at", y, color=color)
    if kind == "histogram":
        return runs.plot.hist(y)
    if kind == "curves":
        return runs.plot.curves(y)
    return runs.plot(y, color=color)


def comparison(runs: "Sequence[Run]") -> dict[str, str]:
    """Return the HTML of the comparison of runs, and the line of code that returns it.

    Raises
    ------
    MetaflowException
        The runs cannot be read.
    """
    shown = runs[:MAX_COMPARED]
    return {"html": html_of(compared(shown), live=True), "code": code_snippet("Compare", Selection(), shown)}
