"""Charts as lines of text, for terminals: dots of Braille for points and lines, blocks for bars."""

from collections.abc import Sequence
from functools import singledispatch
from itertools import pairwise

from mfwidgets.render.charts.axes import Axis
from mfwidgets.render.charts.bins import bins_of
from mfwidgets.render.charts.frame import axis_title
from mfwidgets.render.charts.model import (
    AnyChart,
    BarsChart,
    CurvesChart,
    HeatMap,
    HistogramChart,
    ScatterChart,
)
from mfwidgets.render.charts.picture import fitting
from mfwidgets.render.charts.scale import Scale, scale_of
from mfwidgets.render.charts.scatter import value_text
from mfwidgets.render.numbers import as_number, number_text
from mfwidgets.render.text_width import rjust, width

_COLUMNS, _MIN_COLUMNS, _ROWS = 60, 16, 10
"""Characters of a plot, and the fewest. Each has 2 by 4 dots."""

_MAX_BARS = 20
_MAX_LINES = 40
_BAR, _MIN_BAR = 40, 8
_NAME_COLUMNS, _NARROW_NAME_COLUMNS, _NARROW = 24, 12, 80
"""Characters of a name, also in a terminal of less than 80 columns."""

_LETTER_PIXELS = 6.7
_EIGHTHS = " ▏▎▍▌▋▊▉"
_SHADES = " ░▒▓█"
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BLANK = 0x2800

Points = Sequence[tuple[float, float]]


def chart_lines(chart: AnyChart, columns: int | None = None) -> list[str]:
    """Return a chart as lines of text. A parallel chart has none: its table has the same facts.

    Parameters
    ----------
    chart
        The chart.
    columns
        The number of columns of the terminal. None draws the chart at its full size.
    """
    return _lines(chart, columns)


@singledispatch
def _lines(chart: object, columns: int | None) -> list[str]:
    del chart, columns
    return []


def _name_pixels(columns: int | None) -> float:
    """Return the width of the longest name."""
    is_narrow = columns is not None and columns < _NARROW
    return (_NARROW_NAME_COLUMNS if is_narrow else _NAME_COLUMNS) * _LETTER_PIXELS


def _left(columns: int | None, used: int, most: int, least: int) -> int:
    """Return the characters that a plot can have."""
    return most if columns is None else min(max(columns - used, least), most)


@_lines.register
def _scatter(chart: ScatterChart, columns: int | None) -> list[str]:
    x, y = chart.x.limited(_COLUMNS), chart.y.limited(_ROWS * 4)
    xs, ys = x.places(mark.x for mark in chart.marks), y.places(mark.y for mark in chart.marks)
    points = [(x, y) for x, y in zip(xs, ys, strict=True) if x is not None and y is not None]
    return _plot(x, y, [points], columns, joined=False)


@_lines.register
def _curves(chart: CurvesChart, columns: int | None) -> list[str]:
    x, y = chart.x.limited(_COLUMNS), chart.y.limited(_ROWS * 4)
    return _plot(x, y, [curve.points(x, y) for curve in chart.curves[:_MAX_LINES]], columns, joined=True)


@_lines.register
def _histogram(chart: HistogramChart, columns: int | None) -> list[str]:
    bins = bins_of(chart.x.limited(_MAX_BARS), chart.values)
    return _bars([(piece.label, float(piece.size)) for piece in bins], Axis(""), columns)


@_lines.register
def _stacked(chart: BarsChart, columns: int | None) -> list[str]:
    rows = [
        (bar.name, sum(max(as_number(piece.value) or 0.0, 0.0) for piece in bar.pieces))
        for bar in chart.bars[:_MAX_BARS]
    ]
    return _bars(rows, chart.x, columns)


def _plot(x: Axis, y: Axis, lines: Sequence[Points], columns: int | None, *, joined: bool) -> list[str]:
    """Return points or lines as dots, with the limits of the axes."""
    flat = [point for line in lines for point in line]
    if not flat:
        return ["  nothing to draw"]
    names = _name_pixels(columns)
    low, high = (_end(y, at, names) for at in (min(at for _, at in flat), max(at for _, at in flat)))
    labels = [high] + [""] * (_ROWS - 2) + [low]
    margin = max(map(width, labels))
    wide = _left(columns, margin + len("   │"), _COLUMNS, _MIN_COLUMNS)
    x_scale = scale_of(x, [at for at, _ in flat], 0, wide * 2 - 1)
    y_scale = scale_of(y, [at for _, at in flat], _ROWS * 4 - 1, 0)
    cells = [[0] * wide for _ in range(_ROWS)]
    for line in lines:
        dots = [(_pixel(x_scale, at_x), _pixel(y_scale, at_y)) for at_x, at_y in line]
        for column, row in _joined(dots) if joined else dots:
            cells[row // 4][column // 2] |= _DOTS[row % 4][column % 2]
    rows = [
        f"  {rjust(label, margin)} │{''.join(chr(_BLANK + cell) for cell in row).rstrip(chr(_BLANK))}"
        for label, row in zip(labels, cells, strict=True)
    ]
    first, last = (_end(x, at, names) for at in (min(at for at, _ in flat), max(at for at, _ in flat)))
    space = max(wide - width(first) - width(last), 1)
    blank = " " * (margin + 3)
    return [
        f"  {axis_title(y)}",
        *rows,
        f"{blank[:-1]} └{'─' * wide}",
        f"{blank} {first}{' ' * space}{last}",
        f"{blank} {axis_title(x)}",
    ]


def _pixel(scale: Scale, place: float) -> int:
    limit = int(max(scale.start, scale.end))
    return min(max(round(scale.at(place)), 0), limit)


def _end(axis: Axis, place: float, name_pixels: float) -> str:
    if axis.categories:
        return fitting(axis.names[int(place)], name_pixels)
    if axis.time:
        from mfwidgets.times import time_text

        return time_text(int(place))
    return value_text(axis, place) if axis.unit == "s" else number_text(place)


def _joined(dots: Sequence[tuple[int, int]]) -> "list[tuple[int, int]]":
    """Return the dots of a line through dots."""
    path = list(dots[:1])
    for (x0, y0), (x1, y1) in pairwise(dots):
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        path += [(x0 + (x1 - x0) * step // steps, y0 + (y1 - y0) * step // steps) for step in range(1, steps + 1)]
    return path


def _bars(rows: Sequence[tuple[str, float]], axis: Axis, columns: int | None) -> list[str]:
    if not rows:
        return ["  nothing to draw"]
    largest = max(value for _, value in rows) or 1.0
    names = [fitting(name, _name_pixels(columns)) for name, _ in rows]
    texts = [value_text(axis, value) for _, value in rows]
    margin = max(map(width, names))
    length = _left(columns, margin + max(map(width, texts)) + len("    "), _BAR, _MIN_BAR)
    return [
        f"  {rjust(name, margin)} {_bar(value / largest, length)} {text}"
        for name, text, (_, value) in zip(names, texts, rows, strict=True)
    ]


def _bar(share: float, length: int) -> str:
    eighths = round(share * length * 8) if share == share else 0  # noqa: PLR0124 - infinite by infinite is NaN
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip() or ("▏" if share > 0 else "")


@_lines.register
def _heat_map(chart: HeatMap, columns: int | None) -> list[str]:
    """Return a heat map as shades, a row per category of y."""
    x, y = chart.x.limited(_COLUMNS // 2), chart.y.limited(_MAX_BARS)
    places = chart.value.places(cell.value for cell in chart.cells)
    present = [place for place in places if place is not None]
    if not present or not x.names or not y.names:
        return ["  nothing to draw"]
    scale = Scale(chart.value, min(present), max(present), 0, 1)
    cells = [["··"] * len(x.names) for _ in y.names]
    xs, ys = x.places(cell.x for cell in chart.cells), y.places(cell.y for cell in chart.cells)
    for place, column, row in zip(places, xs, ys, strict=True):
        if place is not None and column is not None and row is not None:
            shade = _SHADES[1 + min(int(scale.share(place) * 4), 3)]
            cells[int(row)][int(column)] = shade * 2
    names = [fitting(name, _name_pixels(columns)) for name in y.names]
    margin = max(map(width, names))
    if columns is not None and margin + 3 + 2 * len(x.names) > columns:  # one character per cell
        cells = [[shade[:1] for shade in row] for row in cells]
    key = f"{_SHADES[1]} {number_text(scale.low)}  {_SHADES[-1]} {number_text(scale.high)}"
    rows_text = [f"  {rjust(name, margin)} {''.join(row)}" for name, row in zip(names, cells, strict=True)]
    return [f"  {axis_title(y)} by {axis_title(x)}, {axis_title(chart.value)}: {key}", *rows_text]
