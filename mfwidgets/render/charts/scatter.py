"""Lays out scatter charts and histories. Marks that would cover each other are merged if there are many."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.render.charts.axes import Axis
from mfwidgets.render.charts.frame import (
    Entry,
    category_entries,
    draw_frame,
    frame_of,
    legend,
    limited_groups,
    ramp_legend,
)
from mfwidgets.render.charts.model import Mark, ScatterChart
from mfwidgets.render.charts.palette import SHAPES, SINGLE, STATUS, STATUS_SHAPES, ramp_colour
from mfwidgets.render.charts.picture import WIDTH, Label, Layer, Picture, Shape, px, tooltip
from mfwidgets.render.charts.scale import Scale, scale_of
from mfwidgets.render.numbers import counted, number_text
from mfwidgets.times import duration_text, time_text

MAX_MARKS = 400
"""More marks are merged, so that the picture stays small."""

_FIRST_CELL = 5.0
"""Pixels. Marks of one colour in a square of this size are merged, or of a larger one until they are few enough."""

_OPACITY = 0.85

_MAX_SECONDS = 1e9
"""Longer durations are written as numbers."""


@fast_dataclass(frozen=True, slots=True)
class _Dot:
    x: float
    y: float
    entry: Entry
    title: str
    pathspec: str


def lay_out_scatter(chart: ScatterChart) -> Picture:
    """Return the picture of a scatter chart."""
    x, y = chart.x.limited(24), chart.y.limited(14)
    xs, ys = x.places(mark.x for mark in chart.marks), y.places(mark.y for mark in chart.marks)
    entries, (layers, labels, top) = _groups(chart)
    both = [(at_x, at_y) for at_x, at_y in zip(xs, ys, strict=True) if at_x is not None and at_y is not None]
    frame = frame_of(x, y, [at_x for at_x, _ in both], [at_y for _, at_y in both], top=top)
    frame_layers, frame_labels = draw_frame(frame)
    dots = [
        _Dot(frame.x.at(at_x), frame.y.at(at_y), entry, _title(chart, mark), mark.pathspec)
        for mark, entry, at_x, at_y in zip(chart.marks, entries, xs, ys, strict=True)
        if at_x is not None and at_y is not None
    ]
    if not dots:
        frame_labels.append(nothing((frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2))
    layers = [*frame_layers, *_layers(merged(dots, chart.noun)), *layers]
    return Picture(WIDTH, frame.bottom + 42, tuple(layers), (*frame_labels, *labels))


def nothing(x: float, y: float) -> Label:
    """Return the label of an empty picture."""
    return Label(x, y, "nothing to draw", "middle", dim=True)


def _groups(chart: ScatterChart) -> tuple[list[Entry], tuple[list[Layer], list[Label], float]]:
    """Return the colour and shape of each mark, and the legend."""
    axis = chart.colour
    if axis is None:
        entries = [status_entry(mark.status) for mark in chart.marks]
        used = sorted({entry.name for entry in entries}, key=list(STATUS).index) if any(e.name for e in entries) else []
        return entries, legend([status_entry(name) for name in used] if len(used) > 1 else [])
    places: list[float | None]
    if axis.categories:
        axis = limited_groups(axis)
        known = category_entries(axis)
        places = axis.places(mark.group for mark in chart.marks)
        none = Entry("no value", "currentColor", "ring")
        entries = [none if place is None else known[int(place)] for place in places]
        return entries, legend([*known, none] if none in entries else known, axis.title)
    places = axis.places(mark.group for mark in chart.marks)
    scale = _exact_scale(axis, places)
    entries = [
        Entry("", "currentColor", "ring") if place is None else Entry("", ramp_colour(scale.share(place)), "circle")
        for place in places
    ]
    return entries, ramp_legend(scale)


def _exact_scale(axis: Axis, places: Sequence[float | None]) -> Scale:
    """Return a scale without space at its ends."""
    present = [place for place in places if place is not None]
    padded = scale_of(axis, present, 0, 1)
    return Scale(axis, min(present), max(present), 0, 1) if len(set(present)) > 1 else padded


def status_entry(status: str) -> Entry:
    """Return the colour and shape of a status. Without a status, marks have one colour."""
    if not status:
        return Entry("", SINGLE, "circle")
    known = status if status in STATUS else "unknown"
    return Entry(known, STATUS[known], STATUS_SHAPES[known])


def value_text(axis: Axis, value: object) -> str:
    """Return the value of a mark for its tooltip."""
    place = axis.places([value])[0]
    if axis.time and place is not None:
        return time_text(int(place))
    if axis.unit == "s" and place is not None and 0 <= place < _MAX_SECONDS:
        return duration_text(round(place * 1000))
    text = axis.text(value)
    return f"{text} {axis.unit}" if axis.unit and text and not axis.categories else text


def _title(chart: ScatterChart, mark: Mark) -> str:
    axes = [(chart.x, mark.x), (chart.y, mark.y)] + ([(chart.colour, mark.group)] if chart.colour else [])
    facts = [f"{axis.label} {value_text(axis, value) or 'missing'}" for axis, value in axes]
    return tooltip(mark.title + (f" ({mark.status})" if mark.status else ""), *facts)


def merged(dots: Sequence[_Dot], noun: str) -> list[_Dot]:
    """Merge dots of one colour and shape that are close to each other, until there are at most ``MAX_MARKS``."""
    if len(dots) <= MAX_MARKS:
        return list(dots)
    cell, groups = _FIRST_CELL, defaultdict[object, list[_Dot]](list)
    while cell == _FIRST_CELL or len(groups) > MAX_MARKS:
        groups.clear()
        for dot in dots:
            groups[int(dot.x / cell), int(dot.y / cell), dot.entry].append(dot)
        cell *= 1.4
    return [_merge(members, noun) for members in groups.values()]


def _merge(members: Sequence[_Dot], noun: str) -> _Dot:
    first = members[0]
    if len(members) == 1:
        return first
    x, y = (sum(values) / len(members) for values in ([dot.x for dot in members], [dot.y for dot in members]))
    title = f"{counted(len(members), noun)}, one of them:\n{first.title}"
    return _Dot(x, y, first.entry, title, first.pathspec)


def _layers(dots: Iterable[_Dot]) -> list[Layer]:
    """Return one layer per colour and shape. Marks other than of completed runs come last, so that they are visible."""
    shapes = defaultdict[Entry, list[Shape]](list)
    for dot in dots:
        shapes[dot.entry].append(Shape(f"M{px(dot.x)} {px(dot.y)}{SHAPES[dot.entry.shape]}", dot.title, dot.pathspec))
    ordered = sorted(shapes, key=lambda entry: (entry.name != "completed", entry.name, entry.colour))
    return [Layer(tuple(shapes[entry]), fill=entry.colour, opacity=_OPACITY) for entry in ordered]


def merged_note(chart: ScatterChart) -> str:
    """Return the note about merged marks. Empty if all are drawn one by one."""
    if len(chart.marks) <= MAX_MARKS:
        return ""
    return f"above {number_text(MAX_MARKS)} marks, those close to each other are merged"
