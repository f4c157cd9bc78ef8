"""The picture and the notes of a chart of any kind."""

from functools import singledispatch

from mfwidgets.hidden_characters import visible
from mfwidgets.render.charts.bars import bars_note, lay_out_bars
from mfwidgets.render.charts.curves import curves_note, lay_out_curves
from mfwidgets.render.charts.heatmap import heat_note, lay_out_heat_map
from mfwidgets.render.charts.histogram import lay_out_histogram
from mfwidgets.render.charts.model import (
    AnyChart,
    BarsChart,
    CurvesChart,
    HeatMap,
    HistogramChart,
    ParallelChart,
    ScatterChart,
)
from mfwidgets.render.charts.parallel import lay_out_parallel, sampled_note
from mfwidgets.render.charts.picture import Picture
from mfwidgets.render.charts.scatter import lay_out_scatter, merged_note


def lay_out_chart(chart: AnyChart) -> Picture:
    """Return the picture of a chart."""
    return _lay_out(chart)


@singledispatch
def _lay_out(chart: object) -> Picture:
    raise TypeError(type(chart).__name__)


_lay_out.register(ScatterChart, lay_out_scatter)
_lay_out.register(CurvesChart, lay_out_curves)
_lay_out.register(HistogramChart, lay_out_histogram)
_lay_out.register(ParallelChart, lay_out_parallel)
_lay_out.register(BarsChart, lay_out_bars)
_lay_out.register(HeatMap, lay_out_heat_map)


def note_of(chart: AnyChart) -> str:
    """Return what is left out of the picture of a chart, or merged in it. Empty if it shows everything."""
    return "; ".join(filter(None, (chart.note, _drawing_note(chart))))


def _drawing_note(chart: AnyChart) -> str:
    match chart:
        case ScatterChart():
            return merged_note(chart)
        case ParallelChart():
            return sampled_note(chart)
        case BarsChart():
            return bars_note(chart)
        case HeatMap():
            return heat_note(chart)
        case CurvesChart():
            return curves_note(chart)
        case HistogramChart():
            return ""


def summary_of(chart: AnyChart) -> str:
    """Return a sentence for readers who do not see the picture."""
    columns = ", ".join(column[:_MAX_CHARS] for column in chart.numbers.columns[:_MAX_NAMES])
    return visible(f"{chart.heading[:_MAX_CHARS]}: {_KINDS[type(chart)]} of {columns}; see the table of numbers")


_MAX_CHARS, _MAX_NAMES = 100, 8
"""Characters of a name, and names of columns, in a summary."""


_KINDS = {
    ScatterChart: "scatter chart",
    CurvesChart: "curves",
    HistogramChart: "histogram",
    ParallelChart: "parallel coordinates",
    BarsChart: "bars",
    HeatMap: "heat map",
}
