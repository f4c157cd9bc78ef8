"""The models of charts: plain data. Layouts turn them into pictures, and ``numbers`` into the table next to a picture.

Values can be anything that a run stored. Those that have no place on an axis (None, NaN, infinite, words between numbers)
are left out of the picture and counted in its note.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.render.charts.axes import Axis
from mfwidgets.render.numbers import as_number, counted, finite


class Numbers(NamedTuple):
    """The numbers of a chart as a table.

    Attributes
    ----------
    columns
        The names of the columns.
    rows
        The values of each row.
    pathspecs
        For each row the pathspec of its object, which its first value names. Empty if there is none.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    pathspecs: tuple[str, ...]


@fast_dataclass(frozen=True, slots=True)
class Mark:
    """A point of a scatter chart.

    Attributes
    ----------
    x, y
        The values on the axes.
    pathspec
        The pathspec of the object, such as a run.
    status
        Its status. Empty if the chart shows none.
    title
        The name of the object, for the tooltip and the table.
    group
        The value that chooses the colour, on the axis ``colour`` of the chart.
    """

    x: object
    y: object
    pathspec: str = ""
    status: str = ""
    title: str = ""
    group: object = None


@fast_dataclass(frozen=True, slots=True)
class ScatterChart:
    """Points by two values. With times on x it is a history.

    Attributes
    ----------
    colour
        The axis of the groups. An axis with categories gives each a colour and a shape, an axis of numbers a scale. Without
        one, the status of each mark decides.
    noun
        The kind of object of a mark, in the singular.
    """

    heading: str
    x: Axis
    y: Axis
    marks: tuple[Mark, ...]
    colour: Axis | None = None
    noun: str = "run"

    @property
    def note(self) -> str:
        """The marks that are left out."""
        return left_out(len(self.marks), _both(self.x, self.y, self.marks), self.noun)

    @property
    def numbers(self) -> Numbers:
        """A row per mark."""
        columns = [self.noun, self.x.title, self.y.title]
        has_status = any(mark.status for mark in self.marks)
        columns += [self.colour.title] if self.colour else []
        columns += ["status"] if has_status else []
        rows = tuple(
            (
                mark.title,
                mark.x,
                mark.y,
                *([mark.group] if self.colour else []),
                *([mark.status] if has_status else []),
            )
            for mark in self.marks
        )
        return Numbers(tuple(columns), rows, tuple(mark.pathspec for mark in self.marks))


@fast_dataclass(frozen=True, slots=True)
class Curve:
    """A list of values of one object.

    Attributes
    ----------
    name
        The name of the object.
    values
        The values in order.
    xs
        Where each value is on x. Empty for their numbers, from 0.
    best
        Whether to highlight it.
    label
        A short form of the name, to show in the picture.
    """

    name: str
    values: tuple[object, ...]
    xs: tuple[object, ...] = ()
    pathspec: str = ""
    status: str = ""
    best: bool = False
    label: str = ""

    def points(self, x: Axis, y: Axis) -> list[tuple[float, float]]:
        """Return the values that have a place."""
        xs = x.places(self.xs) if self.xs else [float(number) for number in range(len(self.values))]
        pairs = zip(xs, y.places(self.values), strict=False)
        return [(x, y) for x, y in pairs if x is not None and y is not None]


@fast_dataclass(frozen=True, slots=True)
class CurvesChart:
    """Curves of several objects. Above 20 curves it shows their median and the range of the middle 80 %.

    Attributes
    ----------
    noun
        The kind of object of a curve, in the singular.
    """

    heading: str
    x: Axis
    y: Axis
    curves: tuple[Curve, ...]
    noun: str = "run"

    @property
    def note(self) -> str:
        """The values that are left out, and the curves that are not drawn one by one."""
        total = sum(len(curve.values) for curve in self.curves)
        placed = sum(len(curve.points(self.x, self.y)) for curve in self.curves)
        return left_out(total, placed, "value")

    @property
    def numbers(self) -> Numbers:
        """A row per curve: its count of values, first, last, minimum and maximum."""
        rows = []
        for curve in self.curves:
            numbers = finite(curve.values)
            ends = (numbers[0], numbers[-1], min(numbers), max(numbers)) if numbers else (None,) * 4
            rows.append((curve.name, len(curve.values), *ends))
        columns = (self.noun, "values", "first", "last", "minimum", "maximum")
        return Numbers(columns, tuple(rows), tuple(curve.pathspec for curve in self.curves))


@fast_dataclass(frozen=True, slots=True)
class HistogramChart:
    """How often values occur: in bins, or per category.

    Attributes
    ----------
    values
        The values, one per object.
    noun
        The kind of object of a value, in the singular.
    """

    heading: str
    x: Axis
    values: tuple[object, ...]
    noun: str = "run"

    @property
    def note(self) -> str:
        """The values that are left out."""
        return left_out(len(self.values), _count(self.x.places(self.values)), self.noun)

    @property
    def numbers(self) -> Numbers:
        """A row per bin or category."""
        from mfwidgets.render.charts.bins import bins_of

        bins = bins_of(self.x, self.values)
        if self.x.categories:
            rows: list[tuple[object, ...]] = [(piece.label, piece.size) for piece in bins]
            columns: tuple[str, ...] = (self.x.title, f"{self.noun}s")
        else:
            rows = [(piece.low, piece.high, piece.size) for piece in bins]
            columns = (f"{self.x.title} from", "to", f"{self.noun}s")
        return Numbers(columns, tuple(rows), ("",) * len(rows))


@fast_dataclass(frozen=True, slots=True)
class ParallelLine:
    """A line of a parallel chart: one value per axis."""

    values: tuple[object, ...]
    pathspec: str = ""
    status: str = ""
    title: str = ""
    best: bool = False


@fast_dataclass(frozen=True, slots=True)
class ParallelChart:
    """Objects as lines across parallel axes.

    Attributes
    ----------
    axes
        The axes from left to right. Each has numbers or categories.
    colour
        The number of the axis that chooses the colour. None for one colour.
    noun
        The kind of object of a line, in the singular.
    """

    heading: str
    axes: tuple[Axis, ...]
    lines: tuple[ParallelLine, ...]
    colour: int | None = None
    noun: str = "run"

    @property
    def note(self) -> str:
        """The lines that are left out because they have no value on most axes, and gaps of others."""
        places = [axis.places(line.values[number] for line in self.lines) for number, axis in enumerate(self.axes)]
        missing = sum(place is None for column in places for place in column)
        return f"{counted(missing, 'value')} without a place: the line has a gap there" if missing else ""

    @property
    def numbers(self) -> Numbers:
        """A row per line."""
        columns = (self.noun, *(axis.title for axis in self.axes))
        rows = tuple((line.title, *line.values) for line in self.lines)
        return Numbers(columns, rows, tuple(line.pathspec for line in self.lines))


@fast_dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a stacked bar."""

    name: str
    value: object
    pathspec: str = ""
    status: str = ""


@fast_dataclass(frozen=True, slots=True)
class Bar:
    """A horizontal bar of pieces, such as the durations of a run's steps.

    Attributes
    ----------
    name
        The name of the object.
    label
        A short form of the name, to show in the picture.
    """

    name: str
    pieces: tuple[Piece, ...]
    pathspec: str = ""
    status: str = ""
    label: str = ""


@fast_dataclass(frozen=True, slots=True)
class BarsChart:
    """Stacked horizontal bars, such as durations by step, one bar per run.

    Attributes
    ----------
    noun
        The kind of object of a bar, in the singular.
    """

    heading: str
    x: Axis
    bars: tuple[Bar, ...]
    noun: str = "run"

    @property
    def note(self) -> str:
        """The pieces that are left out."""
        values = [piece.value for bar in self.bars for piece in bar.pieces]
        numbers = [number for number in map(as_number, values) if number is not None]
        return left_out(len(values), sum(number >= 0 for number in numbers), "value")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the pieces of all bars."""
        return tuple(dict.fromkeys(piece.name for bar in self.bars for piece in bar.pieces))

    @property
    def numbers(self) -> Numbers:
        """A row per bar, a column per name of a piece."""
        rows = []
        for bar in self.bars:
            values: dict[str, object] = {piece.name: piece.value for piece in bar.pieces}
            rows.append((bar.name, *(values.get(name) for name in self.names)))
        unit = f" ({self.x.unit})" if self.x.unit else ""
        columns = (self.noun, *(f"{name}{unit}" for name in self.names))
        return Numbers(columns, tuple(rows), tuple(bar.pathspec for bar in self.bars))


@fast_dataclass(frozen=True, slots=True)
class HeatCell:
    """A cell of a heat map, by the values on its axes."""

    x: object
    y: object
    value: object
    pathspec: str = ""
    status: str = ""
    title: str = ""


@fast_dataclass(frozen=True, slots=True)
class HeatMap:
    """Values by two categories, such as a metric by two parameters, or a confusion matrix.

    Attributes
    ----------
    x, y
        The categories, in the order of the picture.
    value
        The axis of the values.
    noun
        The kind of object of a cell, in the singular.
    """

    heading: str
    x: Axis
    y: Axis
    cells: tuple[HeatCell, ...]
    value: Axis
    noun: str = "task"

    @property
    def note(self) -> str:
        """The cells that have no number."""
        return left_out(len(self.cells), _count(self.value.places(cell.value for cell in self.cells)), "cell")

    @property
    def numbers(self) -> Numbers:
        """A row per cell."""
        columns = (self.noun, self.x.title, self.y.title, self.value.title)
        rows = tuple((cell.title, cell.x, cell.y, cell.value) for cell in self.cells)
        return Numbers(columns, rows, tuple(cell.pathspec for cell in self.cells))


AnyChart = ScatterChart | CurvesChart | HistogramChart | ParallelChart | BarsChart | HeatMap
"""A chart of any kind."""


def left_out(total: int, placed: int, noun: str) -> str:
    """Return the note about what has no place in a picture."""
    missing = total - placed
    return f"{missing:,} of {counted(total, noun)} left out: no number to draw" if missing else ""


def quantile(ordered: Sequence[float], fraction: float) -> float:
    """Return a quantile of sorted numbers, interpolated as in numpy and pandas."""
    position = fraction * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    share = position - low
    return ordered[low] * (1 - share) + ordered[high] * share


def _both(x: Axis, y: Axis, marks: Sequence[Mark]) -> int:
    pairs = zip(x.places(mark.x for mark in marks), y.places(mark.y for mark in marks), strict=True)
    return sum(place_x is not None and place_y is not None for place_x, place_y in pairs)


def _count(places: Iterable[float | None]) -> int:
    return sum(place is not None for place in places)
