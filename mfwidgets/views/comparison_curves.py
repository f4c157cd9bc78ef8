"""Lists of numbers in a comparison, as overlaid curves: one chart for each artifact that is a list in several objects."""

from collections.abc import Iterator

from mfwidgets.client.answers.comparison import Comparison
from mfwidgets.pickles.previews.numbers import numbers_of
from mfwidgets.queries.values.goals import goal_of
from mfwidgets.queries.values.results import number_of
from mfwidgets.render.view import Part
from mfwidgets.views.cells import Limits

_MAX_CHARTS, _MIN_ROWS = 3, 10
"""More lists, and displays that must be small, have only small curves in the table."""


MIN_POINTS = 3
"""Fewer numbers have no curve."""


def curve_parts(comparison: Comparison, names: list[str], limits: Limits) -> Iterator[Part]:
    """Yield a chart for each of the first lists of numbers that differ. Its curves have the names of the objects.

    Parameters
    ----------
    comparison, limits
        The comparison, and the limits of the display.
    names
        The short names of the objects that are shown.
    """
    lists = [row for row in comparison.differences if row.section == "artifacts"]
    shown = 0
    for row in lists:
        numbers = [numbers_of(item) if isinstance(item, list | tuple) else None for item in row.values[: len(names)]]
        curves = [
            (name, found, row.values[place], comparison.objects[place].pathspec)
            for place, (name, found) in enumerate(zip(names, numbers, strict=True))
            if found and len(found.points) >= MIN_POINTS
        ]
        if len(curves) > 1 and shown < _MAX_CHARTS and limits.rows >= _MIN_ROWS:
            shown += 1
            yield _chart(row.name, [(name, tuple(values), path) for name, _, values, path in curves], limits)


def _chart(heading: str, curves: list[tuple[str, tuple[object, ...], str]], limits: Limits) -> Part:
    from mfwidgets.render.charts.axes import Axis, axis_of
    from mfwidgets.render.charts.model import Curve, CurvesChart
    from mfwidgets.render.charts.part import chart_part

    last = {
        place: number for place, (_, values, _) in enumerate(curves) if (number := number_of(values[-1])) is not None
    }
    goal = goal_of(heading)
    best = (min if goal == "min" else max)(last, key=lambda place: last[place]) if goal and last else None
    axis = axis_of(heading, [value for _, values, _ in curves for value in values])
    shown = tuple(
        Curve(name, values, (), path, best=place == best) for place, (name, values, path) in enumerate(curves)
    )
    return chart_part(CurvesChart(limits.text(heading).text, Axis("position"), axis, shown), limits.rows, limits.chars)
