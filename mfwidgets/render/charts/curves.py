"""Lays out curves: the best highlighted, the others thin. Above 20, their median and the range of the middle 80 %."""

from collections.abc import Sequence

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.render.charts.frame import Entry, draw_frame, frame_of, legend
from mfwidgets.render.charts.model import Curve, CurvesChart, quantile
from mfwidgets.render.charts.palette import CATEGORIES, SINGLE
from mfwidgets.render.charts.picture import (
    WIDTH,
    Label,
    Layer,
    Picture,
    Shape,
    fitting,
    polyline,
    text_width,
    tooltip,
)
from mfwidgets.render.charts.scatter import nothing
from mfwidgets.render.numbers import number_text

BAND_ABOVE = 20
"""More curves than this have a median and a band."""

_MAX_LINES = 40
"""With a band, this many single curves are drawn, evenly chosen."""

_MAX_POINTS, _MAX_SAMPLED_POINTS = 240, 60
"""Points of a curve, alone and with a band. A longer curve keeps the lowest and the highest point of each stretch."""

_LINE_HEIGHT = 14
"""Pixels between two names."""

_BOLD = 1.12
"""Bold text is wider by this factor."""

_GRID = 80
"""The number of places where the band is computed."""

_COLOURED = 4
"""Up to this many curves have colours and names at their ends. More are grey, except for the best."""

Points = list[tuple[float, float]]


@fast_dataclass(frozen=True, slots=True)
class _Drawn:
    curve: Curve
    points: Points


def lay_out_curves(chart: CurvesChart) -> Picture:
    """Return the picture of curves."""
    y = chart.y.limited(14)
    drawn = [_Drawn(curve, curve.points(chart.x, y)) for curve in chart.curves]
    drawn = [line for line in drawn if line.points]
    named = drawn if len(drawn) <= _COLOURED else [line for line in drawn if line.curve.best][:1]
    right = min(max((_BOLD * text_width(line.curve.name) for line in named), default=0) + 14, 160) if named else 18
    xs = [x for line in drawn for x, _ in line.points]
    ys = [at for line in drawn for _, at in line.points]
    banded = len(drawn) > BAND_ABOVE
    key = _band_legend() if banded else ([], [], 0.0)
    frame = frame_of(chart.x, y, xs, ys, top=key[2], right=right)
    layers, labels = draw_frame(frame)
    pixels = [
        _Drawn(
            line.curve, thinned([(frame.x.at(x), frame.y.at(y)) for x, y in line.points], _limit(line, banded=banded))
        )
        for line in drawn
    ]
    if banded:
        layers += _band(pixels, frame.left, frame.right)
    shown = [line for line in pixels if not line.curve.best]
    layers.append(
        Layer(
            tuple(_shape(chart, line) for line in evenly(shown, _MAX_LINES if banded else len(shown)))
            if len(drawn) > _COLOURED
            else (),
            stroke="currentColor",
            width=1.0,
            opacity=0.16 if banded else 0.38,
        )
    )
    if len(drawn) <= _COLOURED:
        layers += [
            Layer((_shape(chart, line),), stroke=colour, width=2.6 if line.curve.best else 1.5)
            for line, colour in zip(pixels, CATEGORIES, strict=False)
        ]
    else:
        layers += [Layer((_shape(chart, line),), stroke=SINGLE, width=2.6) for line in pixels if line.curve.best]
    ends = [line for line in pixels if any(line.curve is other.curve for other in named)]
    labels += _end_labels(ends, frame.right, right, frame.top, frame.bottom)
    if not drawn:
        labels.append(nothing((frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2))
    return Picture(WIDTH, frame.bottom + 42, (*layers, *key[0]), (*labels, *key[1]))


def _limit(line: _Drawn, *, banded: bool) -> int:
    return _MAX_SAMPLED_POINTS if banded and not line.curve.best else _MAX_POINTS


def _band_legend() -> tuple[list[Layer], list[Label], float]:
    return legend([Entry("median", CATEGORIES[1], "plus"), Entry("middle 80 %", CATEGORIES[1], "square")])


def _shape(chart: CurvesChart, line: _Drawn) -> Shape:
    numbers = [value for value in line.curve.values if number_text(value)]
    last = f"last {chart.y.label} {number_text(numbers[-1])}" if numbers else ""
    name = line.curve.name + (f" ({line.curve.status})" if line.curve.status else "")
    points = line.points if len(line.points) > 1 else [line.points[0], (line.points[0][0] + 3, line.points[0][1])]
    return Shape(polyline(points), tooltip(name, "best" if line.curve.best else "", last), line.curve.pathspec)


def _band(lines: Sequence[_Drawn], left: float, right: float) -> list[Layer]:
    """Return the median and the range of the middle 80 % of curves in pixels."""
    low: Points = []
    middle: Points = []
    high: Points = []
    for number in range(_GRID + 1):
        x = left + (right - left) * number / _GRID
        column = sorted(y for y in (value_at(line.points, x) for line in lines) if y is not None)
        if len(column) >= 3:  # noqa: PLR2004 - fewer curves have no middle
            low.append((x, quantile(column, 0.1)))
            middle.append((x, quantile(column, 0.5)))
            high.append((x, quantile(column, 0.9)))
    if len(middle) < 2:  # noqa: PLR2004 - a line has two ends
        return []
    area = Shape(f"{polyline(low + high[::-1])}z", "the middle 80 % of curves")
    return [
        Layer((area,), fill=CATEGORIES[1], opacity=0.2),
        Layer((Shape(polyline(middle), "median of all curves"),), stroke=CATEGORIES[1], width=2.2),
    ]


def value_at(points: Points, x: float) -> float | None:
    """Return y of a line at x, interpolated. None outside of the line."""
    if not points[0][0] <= x <= points[-1][0]:
        return None
    low, high = 0, len(points) - 1
    while high - low > 1:
        between = (low + high) // 2
        low, high = (between, high) if points[between][0] <= x else (low, between)
    (x0, y0), (x1, y1) = points[low], points[high]
    return y0 if x1 <= x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def thinned(points: Points, count: int) -> Points:
    """Return at most about ``count`` points: of each stretch the lowest and the highest, in order."""
    if len(points) <= count:
        return points
    size = len(points) / (count // 2)
    kept = [points[0]]
    for number in range(count // 2):
        stretch = points[int(number * size) : int((number + 1) * size)]
        ends = {min(stretch, key=lambda point: point[1]), max(stretch, key=lambda point: point[1])}
        kept += sorted(ends)
    return [*kept, points[-1]]


def evenly(items: Sequence[_Drawn], count: int) -> list[_Drawn]:
    """Return at most ``count`` items, evenly chosen."""
    if len(items) <= count:
        return list(items)
    return [items[int(number * len(items) / count)] for number in range(count)]


def _end_labels(lines: Sequence[_Drawn], x: float, room: float, top: float, bottom: float) -> list[Label]:
    """Return the names at the ends of lines, moved apart so that they do not overlap."""
    ordered = sorted(lines, key=lambda line: line.points[-1][1])
    heights: list[float] = []
    for line in ordered:
        heights.append(max(line.points[-1][1] + 4, (heights[-1] if heights else top) + _LINE_HEIGHT))
    limit = bottom
    for number in reversed(range(len(heights))):
        heights[number] = min(heights[number], limit)
        limit = heights[number] - _LINE_HEIGHT
    return [
        Label(
            x + 6,
            height,
            fitting(line.curve.label or line.curve.name, (room - 10) / _BOLD),
            bold=line.curve.best,
            title=line.curve.name,
            pathspec=line.curve.pathspec,
        )
        for line, height in zip(ordered, heights, strict=True)
    ]


def curves_note(chart: CurvesChart) -> str:
    """Return the note about curves that are not drawn one by one."""
    count = sum(not curve.best for curve in chart.curves)
    if len(chart.curves) <= BAND_ABOVE or count <= _MAX_LINES:
        return ""
    return f"{_MAX_LINES} of {len(chart.curves):,} curves drawn one by one, evenly chosen, and the best"
