"""The frame of a chart: margins, grid, ticks, titles of axes and legends."""

from collections.abc import Sequence

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.render.charts.axes import Axis
from mfwidgets.render.charts.palette import (
    CATEGORIES,
    CATEGORY_SHAPES,
    MAX_GROUPS,
    OTHER,
    OTHER_SHAPE,
    RAMP,
    SHAPES,
)
from mfwidgets.render.charts.picture import WIDTH, Label, Layer, Shape, fitting, px, text_width
from mfwidgets.render.charts.scale import Scale, scale_of
from mfwidgets.render.charts.ticks import Tick
from mfwidgets.render.numbers import number_text

HEIGHT = 300
"""The height of the plot with its axes, without the legend."""

_TOP, _BOTTOM, _RIGHT = 26, 42, 18
_LEGEND_ROW = 20
_MAX_LEFT = 190
_TICK_GAP = 7

GRID_OPACITY = 0.13
AXIS_OPACITY = 0.4


@fast_dataclass(frozen=True, slots=True)
class Frame:
    """The area of a plot in pixels, with its scales."""

    x: Scale
    y: Scale
    left: float
    top: float
    right: float
    bottom: float


@fast_dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a legend."""

    name: str
    colour: str
    shape: str = "square"


def frame_of(
    x: Axis,
    y: Axis,
    xs: Sequence[float | None],
    ys: Sequence[float | None],
    *,
    top: float = 0,
    right: float = _RIGHT,
    y_zero: bool = False,
) -> Frame:
    """Return the frame that holds all places, with space for the labels of ticks on y."""
    upper, lower = top + _TOP, top + HEIGHT - _BOTTOM
    y_scale = scale_of(y, ys, lower, upper, zero=y_zero)
    ticks = y_scale.ticks()
    left = min(max((text_width(tick.label) for tick in ticks), default=0) + 16, _MAX_LEFT)
    return Frame(scale_of(x, xs, left, WIDTH - right), y_scale, left, upper, WIDTH - right, lower)


def draw_frame(frame: Frame) -> tuple[list[Layer], list[Label]]:
    """Return grid and axes: lines for ticks on y, the axis of x, labels and titles."""
    y_ticks = [tick for tick in frame.y.ticks() if frame.top - 1 <= frame.y.at(tick.value) <= frame.bottom + 1]
    grid = [Shape(f"M{px(frame.left)} {px(frame.y.at(tick.value))}H{px(frame.right)}") for tick in y_ticks]
    x_ticks = shown_ticks(frame.x)
    axis = [Shape(f"M{px(frame.left)} {px(frame.bottom)}H{px(frame.right)}")]
    axis += [Shape(f"M{px(frame.x.at(tick))} {px(frame.bottom)}v4") for tick, _, _ in x_ticks]
    layers = [
        Layer(tuple(grid), stroke="currentColor", opacity=GRID_OPACITY),
        Layer(tuple(axis), stroke="currentColor", opacity=AXIS_OPACITY),
    ]
    labels = [
        Label(
            frame.left - _TICK_GAP,
            frame.y.at(tick.value) + 4,
            fitting(tick.label, frame.left - 12),
            "end",
            dim=True,
            title=tick.label if frame.y.axis.categories else "",
        )
        for tick in spaced(frame.y, y_ticks)
    ]
    labels += [
        Label(frame.x.at(tick), frame.bottom + 18, text, _anchor(frame, tick, text), dim=True)
        for tick, text, _ in x_ticks
    ]
    room = frame.right - frame.left
    labels.append(Label(4, frame.top - 12, fitting(axis_title(frame.y.axis), room)))
    labels.append(
        Label((frame.left + frame.right) / 2, frame.bottom + 36, fitting(axis_title(frame.x.axis), room), "middle")
    )
    return layers, labels


def axis_title(axis: Axis) -> str:
    """Return the title of an axis, with a word about its scale."""
    return f"{axis.title}, log scale" if axis.log else axis.title


def _anchor(frame: Frame, place: float, text: str) -> str:
    half = text_width(text) / 2
    if frame.x.at(place) + half > WIDTH:
        return "end"
    return "start" if frame.x.at(place) - half < 0 else "middle"


def shown_ticks(scale: Scale) -> "list[tuple[float, str, str]]":
    """Return places, fitting labels and full labels of the ticks on x, without labels that would overlap."""
    ticks = scale.ticks()
    if scale.axis.categories:
        room = (scale.end - scale.start) / max(len(ticks), 1)
        stride = max(1, round(34 / room + 0.49))
        return [(tick.value, fitting(tick.label, room * stride - 6), tick.label) for tick in ticks[::stride]]
    kept: list[tuple[float, str, str]] = []
    end = float("-inf")
    for tick in ticks:
        half = text_width(tick.label) / 2
        if scale.at(tick.value) - half > end + 6:
            kept.append((tick.value, tick.label, tick.label))
            end = scale.at(tick.value) + half
    return kept


def spaced(scale: Scale, ticks: Sequence[Tick]) -> list[Tick]:
    """Return the ticks of y whose labels do not overlap."""
    room = abs(scale.end - scale.start) / max(len(ticks), 1)
    stride = max(1, round(15 / room + 0.49)) if scale.axis.categories else 1
    return list(ticks[::stride])


def category_entries(axis: Axis) -> list[Entry]:
    """Return the colour and shape of each category of an axis with at most eight, and of the others."""
    entries = [
        Entry(name, colour, shape)
        for name, colour, shape in zip(axis.categories, CATEGORIES, CATEGORY_SHAPES, strict=False)
    ]
    if len(axis.names) > len(entries):
        entries.append(Entry(axis.names[-1], OTHER, OTHER_SHAPE))
    return entries


def limited_groups(axis: Axis) -> Axis:
    """Return an axis of groups with at most as many categories as there are colours."""
    return axis.limited(MAX_GROUPS + 1) if len(axis.names) > MAX_GROUPS else axis


def legend(entries: Sequence[Entry], title: str = "") -> tuple[list[Layer], list[Label], float]:
    """Return a legend at the top of a picture, in as many rows as it needs, and its height."""
    layers: list[Layer] = []
    labels: list[Label] = []
    x, y = 8.0, 12.0
    if title:
        text = fitting(title, WIDTH / 3)
        labels.append(Label(x, y + 4, text, dim=True))
        x += text_width(text) + 16
    indent = x
    for entry in entries:
        text = fitting(entry.name, 160)
        length = 18 + text_width(text) + 14
        if x + length > WIDTH and x > indent:
            x, y = indent, y + _LEGEND_ROW
        shape = Shape(f"M{px(x + 5)} {px(y)}{SHAPES[entry.shape]}")
        layers.append(Layer((shape,), fill=entry.colour))
        labels.append(Label(x + 15, y + 4, text, title=entry.name if text != entry.name else ""))
        x += length
    return layers, labels, y + 16 if entries else 0.0


def ramp_legend(scale: Scale) -> tuple[list[Layer], list[Label], float]:
    """Return the legend of a scale of colours, with its limits, and its height."""
    title = fitting(axis_title(scale.axis), WIDTH / 3)
    low, high = number_text(scale.low), number_text(scale.high)
    labels = [Label(8, 16, title, dim=True)]
    x = 8 + text_width(title) + 16
    labels.append(Label(x, 16, low))
    x += text_width(low) + 6
    layers = [
        Layer((Shape(f"M{px(x + 16 * number)} 7h16v10h-16z"),), fill=colour) for number, colour in enumerate(RAMP)
    ]
    labels.append(Label(x + 16 * len(RAMP) + 6, 16, high))
    return layers, labels, 28.0
