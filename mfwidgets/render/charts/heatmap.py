"""Lays out heat maps: a cell per pair of categories, its value as a shade and, with few cells, as a number."""

from mfwidgets.render.charts.frame import axis_title
from mfwidgets.render.charts.model import HeatMap
from mfwidgets.render.charts.palette import HEAT
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
from mfwidgets.render.numbers import number_text

MAX_COLUMNS, MAX_ROWS = 40, 30
"""More categories share the last column or row."""

_MAX_CELL_WIDTH, _MAX_CELL_HEIGHT, _MIN_CELL_HEIGHT = 90, 34, 14
_MAX_LEFT = 190
_SHADES = 8


def lay_out_heat_map(chart: HeatMap) -> Picture:
    """Return the picture of a heat map."""
    x, y = chart.x.limited(MAX_COLUMNS), chart.y.limited(MAX_ROWS)
    columns, rows = max(len(x.names), 1), max(len(y.names), 1)
    left = min(max([text_width(name) for name in y.names] + [text_width(y.title)], default=0) + 18, _MAX_LEFT)
    width = min((WIDTH - left - 8) / columns, _MAX_CELL_WIDTH)
    height = max(min(_MAX_CELL_HEIGHT, 460 / rows), _MIN_CELL_HEIGHT)
    places = chart.value.places(cell.value for cell in chart.cells)
    present = [place for place in places if place is not None]
    scale = _scale(chart, present)
    top = 34.0
    shades: dict[float, list[Shape]] = {}
    labels: list[Label] = []
    empty: list[Shape] = []
    seen: dict[tuple[float, float], int] = {}
    at_x, at_y = x.places(cell.x for cell in chart.cells), y.places(cell.y for cell in chart.cells)
    for cell, place, column, row in zip(chart.cells, places, at_x, at_y, strict=True):
        if column is None or row is None:
            continue
        key = (column, row)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 1:
            continue
        cell_left, cell_top = left + column * width, top + row * height
        value = number_text(cell.value)
        title = tooltip(
            cell.title + (f" ({cell.status})" if cell.status else ""),
            f"{x.label} {x.text(cell.x)}, {y.label} {y.text(cell.y)}",
            f"{chart.value.label} {value_text(chart.value, cell.value) or 'missing'}",
        )
        shape = Shape(rectangle(cell_left + 0.5, cell_top + 0.5, width - 1, height - 1), title, cell.pathspec)
        if place is None:
            empty.append(shape)
        else:
            shade = round(0.08 + 0.87 * round(scale.share(place) * _SHADES) / _SHADES, 2)
            shades.setdefault(shade, []).append(shape)
        text = value if place is not None else "—"
        if text_width(text) < width - 4 and height >= 14:  # noqa: PLR2004 - the height of a letter
            labels.append(
                Label(cell_left + width / 2, cell_top + height / 2 + 4, text, "middle", pathspec=cell.pathspec)
            )
    labels += [
        Label(left - 7, top + (number + 0.5) * height + 4, fitting(name, left - 12), "end", dim=True, title=name)
        for number, name in enumerate(y.names)
    ]
    bottom = top + rows * height
    stride = max(1, round(30 / width + 0.49))
    labels += [
        Label(
            left + (number + 0.5) * width,
            bottom + 16,
            fitting(name, width * stride - 4),
            "middle",
            dim=True,
            title=name,
        )
        for number, name in list(enumerate(x.names))[::stride]
    ]
    labels.append(Label(4, top - 12, fitting(axis_title(y), WIDTH / 3)))
    labels.append(Label(left + columns * width / 2, bottom + 35, fitting(axis_title(x), WIDTH - left), "middle"))
    layers = [Layer(tuple(shapes), fill=HEAT, opacity=shade) for shade, shapes in sorted(shades.items())]
    layers.append(Layer(tuple(empty), stroke="currentColor", opacity=0.3, dash="3 3"))
    if not seen:
        labels.append(nothing(WIDTH / 2, top + 20))
    key_layers, key_labels = _key(chart, scale) if present else ([], [])
    return Picture(WIDTH, bottom + 42, tuple(layers + key_layers), tuple(labels + key_labels))


def _scale(chart: HeatMap, present: list[float]) -> Scale:
    if len(set(present)) > 1:
        return Scale(chart.value, min(present), max(present), 0, 1)
    return scale_of(chart.value, present, 0, 1)


def _key(chart: HeatMap, scale: Scale) -> tuple[list[Layer], list[Label]]:
    """Return the legend of the shades, at the right above the cells."""
    low, high = number_text(scale.low), number_text(scale.high)
    x = WIDTH - 8 - text_width(high)
    labels = [Label(WIDTH - 4, 16, high, "end")]
    x -= 12 * (_SHADES + 1) + 2
    layers = [
        Layer(
            (Shape(f"M{px(x + 12 * number)} 7h12v10h-12z"),),
            fill=HEAT,
            opacity=round(0.08 + 0.87 * number / _SHADES, 2),
        )
        for number in range(_SHADES + 1)
    ]
    title = fitting(axis_title(chart.value), WIDTH / 3)
    labels.append(Label(x - 6, 16, f"{title}  {low}", "end", dim=True))
    return layers, labels


def heat_note(chart: HeatMap) -> str:
    """Return the note about categories that share a column or a row."""
    notes = []
    for axis, limit, noun in ((chart.x, MAX_COLUMNS, "columns"), (chart.y, MAX_ROWS, "rows")):
        if len(axis.names) > limit:
            notes.append(f"the first {limit - 1} of {len(axis.names):,} {noun} drawn, the others share one")
    return "; ".join(notes)
