"""Lays out horizontal bars, such as the durations of steps."""

from collections.abc import Iterable

from mfwidgets.render.charts.axes import Axis
from mfwidgets.render.charts.frame import (
    AXIS_OPACITY,
    GRID_OPACITY,
    Entry,
    axis_title,
    category_entries,
    legend,
    limited_groups,
    shown_ticks,
)
from mfwidgets.render.charts.model import Bar, BarsChart
from mfwidgets.render.charts.picture import (
    WIDTH,
    Label,
    Layer,
    Picture,
    Shape,
    fitting,
    px,
    rectangle,
    text_width,
    tooltip,
)
from mfwidgets.render.charts.scale import Scale, scale_of
from mfwidgets.render.charts.scatter import nothing, value_text
from mfwidgets.render.numbers import as_number, counted

MAX_BARS = 40
"""More bars are not drawn. The table has them."""

_ROW, _BAR = 20, 12
_MAX_LEFT, _RIGHT = 200, 70


def lay_out_bars(chart: BarsChart) -> Picture:
    """Return the picture of stacked bars."""
    groups = limited_groups(Axis("", categories=chart.names))
    entries = category_entries(groups)
    key = legend(entries)
    bars = chart.bars[:MAX_BARS]
    values = [[max(as_number(piece.value) or 0.0, 0.0) for piece in bar.pieces] for bar in bars]
    totals = [min(sum(row), 1.7e308) for row in values]
    left = _left(bar.label or bar.name for bar in bars)
    scale = scale_of(Axis(chart.x.label, chart.x.unit), totals, left, WIDTH - _RIGHT, zero=True)
    by_entry: dict[Entry, list[Shape]] = {entry: [] for entry in entries}
    labels = list(key[1])
    for number, (bar, row) in enumerate(zip(bars, values, strict=True)):
        y = _y(key[2], number)
        labels.append(_name(bar, left, y))
        at = 0.0
        places = groups.places(piece.name for piece in bar.pieces)
        for piece, value, place in zip(bar.pieces, row, places, strict=True):
            start, end = scale.at(min(at, scale.high)), scale.at(min(at + value, scale.high))
            if value > 0 and place is not None:
                title = tooltip(bar.name, f"{piece.name} {value_text(chart.x, piece.value)}", piece.status)
                gap = 1.0 if end - start > 3 else 0.0  # noqa: PLR2004 - pixels
                path = rectangle(start, y, max(end - start - gap, 0.8), _BAR)
                by_entry[entries[int(place)]].append(Shape(path, title, piece.pathspec))
            at += value
        total = value_text(chart.x, sum(row)) if row else ""
        labels.append(Label(scale.at(min(at, scale.high)) + 6, y + 10, fitting(total, _RIGHT), dim=True))
    layers = [Layer(tuple(shapes), fill=entry.colour) for entry, shapes in by_entry.items() if shapes]
    return _picture(scale, len(bars), key[2], layers + key[0], labels)


def _left(names: Iterable[str]) -> float:
    widths = [text_width(name[:80]) for name in names]
    return min(max(widths, default=40) + 16, _MAX_LEFT)


def _y(top: float, number: int) -> float:
    return top + 8 + number * _ROW


def _name(bar: Bar, left: float, y: float) -> Label:
    text = fitting(bar.label or bar.name, left - 12)
    return Label(left - 8, y + 10, text, "end", title=bar.name if text != bar.name else "", pathspec=bar.pathspec)


def _picture(scale: Scale, rows: int, top: float, layers: list[Layer], labels: list[Label]) -> Picture:
    """Return bars with the grid behind them and the axis below."""
    bottom = _y(top, max(rows, 1)) + 2
    ticks = shown_ticks(scale)
    grid = Shape("".join(f"M{px(scale.at(tick))} {px(top + 2)}V{px(bottom)}" for tick, _, _ in ticks))
    base = Shape(f"M{px(scale.start)} {px(bottom)}H{px(scale.end)}")
    labels += [Label(scale.at(tick), bottom + 17, text, "middle", dim=True) for tick, text, _ in ticks]
    labels.append(Label((scale.start + scale.end) / 2, bottom + 36, axis_title(scale.axis), "middle"))
    if not rows:
        labels.append(nothing(WIDTH / 2, top + 20))
    back = [
        Layer((grid,), stroke="currentColor", opacity=GRID_OPACITY),
        Layer((base,), stroke="currentColor", opacity=AXIS_OPACITY),
    ]
    return Picture(WIDTH, bottom + 42, tuple(back + layers), tuple(labels))


def bars_note(chart: BarsChart) -> str:
    """Return the note about bars that are not drawn."""
    count = len(chart.bars)
    return f"the first {MAX_BARS} of {counted(count, chart.noun)} drawn" if count > MAX_BARS else ""
