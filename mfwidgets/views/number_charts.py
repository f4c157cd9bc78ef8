"""Charts of the numbers that an artifact holds: their order as a curve, their distribution as a histogram."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from mfwidgets.pickles.described import ArrayBeginning, is_array
from mfwidgets.pickles.previews.numbers import Numbers
from mfwidgets.pickles.previews.outlines import Node
from mfwidgets.render.cell import Cell
from mfwidgets.render.charts.axes import Axis, axis_of
from mfwidgets.render.charts.model import Curve, CurvesChart, HistogramChart
from mfwidgets.render.charts.part import chart_part
from mfwidgets.render.numbers import number_text
from mfwidgets.render.view import Chart, Part, Table
from mfwidgets.views.cells import Limits

_MIN_CURVE, _MIN_HISTOGRAM = 6, 30
"""Fewer numbers have no curve and no histogram."""

_MAX_COUNTED = 20_000
"""The numbers of a histogram. If there are more, every second or third one is counted."""

_MAX_CURVES = 12

_ALIKE = 0.6
"""The correlation of neighbours below which numbers are a sample and not a course: they have a histogram."""


def number_parts(shown: Any, numbers: Numbers, limits: Limits) -> list[Part]:
    """Return the charts of an array or a list of numbers. Empty for few or equal numbers."""
    if numbers.low is None or numbers.low == numbers.high:
        return []
    parts: list[Part] = []
    if not numbers.points or _is_sample(numbers.points):
        parts += _histogram(shown, numbers, limits)
    if len(numbers.points) >= _MIN_CURVE:
        parts.append(_curves("Curve", [("", numbers)], limits))
    return parts


def curves_part(nodes: Sequence[Node], limits: Limits) -> list[Part]:
    """Return one chart of the lists of numbers in a dict. Empty if it has none, or many."""
    curves = [
        (node.name, node.numbers)
        for node in nodes
        if node.numbers and len(node.numbers.points) >= _MIN_CURVE and node.numbers.low is not None
    ]
    if not 0 < len(curves) <= _MAX_CURVES or 2 * len(curves) < len(nodes):
        return []
    return [_curves("Curves", [(limits.text(name).text, numbers) for name, numbers in curves], limits)]


def _curves(heading: str, curves: Sequence[tuple[str, Numbers]], limits: Limits) -> Chart:
    """Return a chart of curves. Its table has the facts about all values, not about the points that are drawn."""
    shown = tuple(Curve(name, numbers.points, numbers.places) for name, numbers in curves)
    axis = axis_of("value", [point for _, numbers in curves for point in numbers.points])
    part = chart_part(CurvesChart(heading, Axis("index"), axis, shown, "curve"), limits.rows, limits.chars)
    names = ("curve",) if len(curves) > 1 else ()
    rows = tuple(
        (
            *(Cell(name) for _ in names),
            *(
                Cell(number_text(number), "number")
                for number in (numbers.count, numbers.low, numbers.mean, numbers.high)
            ),
        )
        for name, numbers in curves
    )
    return replace(part, numbers=Table(heading, (*names, "values", "minimum", "mean", "maximum"), rows, folded=True))


def _histogram(shown: Any, numbers: Numbers, limits: Limits) -> list[Part]:
    if numbers.count < _MIN_HISTOGRAM:
        return []
    step = -(-numbers.count // _MAX_COUNTED)
    counted = _values(shown, step)
    heading = "Distribution" if step == 1 else f"Distribution of {len(counted):,} of the {numbers.count:,} values"
    chart = HistogramChart(heading, axis_of("value", counted, log=False), counted, "value")
    return [chart_part(chart, limits.rows, limits.chars)]


def _values(shown: Any, step: int) -> tuple[Any, ...]:
    """Return every value of an array or a list, or of a long one every second, third and so on."""
    array = shown.sample if isinstance(shown, ArrayBeginning) else shown
    return tuple(array.ravel()[::step].tolist() if is_array(array) else islice(array, None, None, step))


def _is_sample(points: Sequence[float | None]) -> bool:
    """Return whether neighbours are hardly more alike than others, so that the order of the numbers says little."""
    import numpy as np

    present = np.array([point for point in points if point is not None])
    if len(present) < _MIN_HISTOGRAM:
        return False
    ranks = present.argsort(kind="stable").argsort(kind="stable")  # unlike the numbers, not dominated by a few of them
    deviations = ranks - ranks.mean()
    return bool((deviations[1:] * deviations[:-1]).sum() < _ALIKE * (deviations**2).sum())
