"""Lays out parallel coordinates: an axis per column, a line per object."""

from collections.abc import Sequence

from mfwidgets.render.charts.frame import AXIS_OPACITY, axis_title, ramp_legend
from mfwidgets.render.charts.model import ParallelChart, ParallelLine
from mfwidgets.render.charts.palette import CATEGORIES, MAX_GROUPS, OTHER, RAMP, SINGLE, ramp_step
from mfwidgets.render.charts.picture import WIDTH, Label, Layer, Picture, Shape, fitting, px, tooltip
from mfwidgets.render.charts.scale import Scale, scale_of
from mfwidgets.render.charts.scatter import nothing, value_text
from mfwidgets.render.charts.ticks import Tick

MAX_LINES = 300
"""More lines are sampled evenly; the best are always drawn."""

MAX_AXES = 10
_MAX_CATEGORIES = 12
_HEIGHT, _LEFT, _RIGHT = 270, 70, 60

_Drawn = tuple[ParallelLine, Sequence[float | None]]


def lay_out_parallel(chart: ParallelChart) -> Picture:
    """Return the picture of parallel coordinates."""
    axes = [axis.limited(_MAX_CATEGORIES) for axis in chart.axes[:MAX_AXES]]
    columns = [axis.places(line.values[number] for line in chart.lines) for number, axis in enumerate(axes)]
    colour_scale = None
    top = 38.0
    legend_layers: list[Layer] = []
    legend_labels: list[Label] = []
    if chart.colour is not None and chart.colour < len(axes) and not axes[chart.colour].categories:
        present = [place for place in columns[chart.colour] if place is not None]
        if len(set(present)) > 1:
            colour_scale = Scale(axes[chart.colour], min(present), max(present), 0, 1)
            legend_layers, legend_labels, height = ramp_legend(colour_scale)
            top += height
    bottom = top + _HEIGHT - 70
    scales = [scale_of(axis, column, bottom, top) for axis, column in zip(axes, columns, strict=True)]
    positions = [_LEFT + (WIDTH - _LEFT - _RIGHT) * number / max(len(axes) - 1, 1) for number in range(len(axes))]
    layers: list[Layer] = []
    labels: list[Label] = []
    drawn = sampled([(line, [column[number] for column in columns]) for number, line in enumerate(chart.lines)])
    layers += _line_layers(chart, drawn, scales, positions, colour_scale)
    for number, (scale, x) in enumerate(zip(scales, positions, strict=True)):
        axis_layers, axis_labels = _axis(scale, x, positions, number)
        layers += axis_layers
        labels += axis_labels
    if not axes or not any(place is not None for column in columns for place in column):
        labels.append(nothing(WIDTH / 2, (top + bottom) / 2))
    return Picture(WIDTH, bottom + 16, (*layers, *legend_layers), (*labels, *legend_labels))


def sampled(lines: Sequence[_Drawn]) -> list[_Drawn]:
    """Return at most ``MAX_LINES`` lines: the best, and the others evenly."""
    if len(lines) <= MAX_LINES:
        return list(lines)
    best = [line for line in lines if line[0].best][:MAX_LINES]
    others = [line for line in lines if not line[0].best]
    count = MAX_LINES - len(best)
    return [others[int(number * len(others) / count)] for number in range(count)] + best


def _line_layers(
    chart: ParallelChart,
    lines: Sequence[_Drawn],
    scales: Sequence[Scale],
    positions: Sequence[float],
    colour_scale: Scale | None,
) -> list[Layer]:
    """Return a layer per colour, and the best on top."""
    by_colour: dict[str, list[Shape]] = {}
    best: list[tuple[str, Shape]] = []
    for line, places in lines:
        colour = _colour(chart, places, scales, colour_scale)
        path = _path(places, scales, positions)
        if path:
            shape = Shape(path, _title(chart, line), line.pathspec)
            if line.best:
                best.append((colour, shape))
            else:
                by_colour.setdefault(colour, []).append(shape)
    opacity = 0.65 if len(lines) <= 60 else 0.4  # noqa: PLR2004 - many lines cover each other
    layers = [Layer(tuple(shapes), stroke=colour, width=1.3, opacity=opacity) for colour, shapes in by_colour.items()]
    return layers + [Layer((shape,), stroke=colour, width=3.2) for colour, shape in best]


def _colour(
    chart: ParallelChart, places: Sequence[float | None], scales: Sequence[Scale], colour_scale: Scale | None
) -> str:
    if chart.colour is None or chart.colour >= len(scales):
        return SINGLE
    place = places[chart.colour]
    if place is None:
        return OTHER
    if colour_scale is not None:
        return RAMP[ramp_step(colour_scale.share(place))]
    return CATEGORIES[int(place)] if scales[chart.colour].axis.categories and place < MAX_GROUPS else OTHER


def _path(places: Sequence[float | None], scales: Sequence[Scale], positions: Sequence[float]) -> str:
    """Return the path of a line, with a gap at each missing value."""
    path, pen = "", "M"
    for place, scale, x in zip(places, scales, positions, strict=True):
        if place is None:
            pen = "M"
        else:
            path += f"{pen}{px(x)} {px(scale.at(place))}"
            pen = "L"
    return path


def _title(chart: ParallelChart, line: ParallelLine) -> str:
    facts = [
        f"{axis.label} {value_text(axis, value) or 'missing'}"
        for axis, value in zip(chart.axes[:MAX_AXES], line.values, strict=False)
    ]
    return tooltip(line.title + (" (best)" if line.best else ""), *facts)


def _axis(scale: Scale, x: float, positions: Sequence[float], number: int) -> tuple[list[Layer], list[Label]]:
    """Return a vertical axis with its ticks on the left, and its title above."""
    ticks = scale.ticks(4)
    room = (WIDTH - _LEFT - _RIGHT) / max(len(positions) - 1, 1)
    lines = [Shape(f"M{px(x)} {px(scale.end)}V{px(scale.start)}")]
    lines += [Shape(f"M{px(x)} {px(scale.at(tick.value))}h-4") for tick in ticks]
    anchor = "start" if number == 0 else "end" if number == len(positions) - 1 and number else "middle"
    title_x = {"start": 4.0, "end": WIDTH - 4.0, "middle": x}[anchor]
    labels = [
        Label(
            title_x,
            scale.end - 25,
            fitting(scale.axis.title, room - 8),
            anchor,
            bold=True,
            title=axis_title(scale.axis),
        )
    ]
    labels += [Label(title_x, scale.end - 12, "log scale", anchor, dim=True)] if scale.axis.log else []
    labels += [_tick_label(tick, scale, x, room) for tick in ticks]
    return [Layer(tuple(lines), stroke="currentColor", opacity=AXIS_OPACITY)], labels


def _tick_label(tick: Tick, scale: Scale, x: float, room: float) -> Label:
    text = fitting(tick.label, min(room, _LEFT) - 14)
    title = tick.label if text != tick.label else ""
    return Label(x - 7, scale.at(tick.value) + 4, text, "end", title=title, halo=True)


def sampled_note(chart: ParallelChart) -> str:
    """Return the note about lines and axes that are not drawn."""
    notes = []
    if len(chart.lines) > MAX_LINES:
        notes.append(f"{MAX_LINES} of {len(chart.lines):,} lines drawn, evenly chosen, the best included")
    if len(chart.axes) > MAX_AXES:
        notes.append(f"the first {MAX_AXES} of {len(chart.axes)} axes drawn")
    return "; ".join(notes)
