"""The display of a chart: its picture, and its numbers as a folded table.

This module is short because a chart brings its own parts, and no other kind of object is shown like it.
"""

from mfwidgets.client.plots.plot import Plot
from mfwidgets.render.view import View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits


@build_view.register
def build_plot_view(plot: Plot, limits: Limits) -> View:
    """Show the picture, and the first rows of its numbers."""
    from mfwidgets.render.charts.part import chart_part  # other displays need no charts

    empty = not plot._chart.numbers.rows
    return View(
        "Chart of",
        limits.text(plot._title).text,
        notes=("There is nothing to draw.",) if empty else (),
        parts=() if empty else (chart_part(plot._chart, limits.rows, limits.chars),),
    )
