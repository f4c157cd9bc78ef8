"""Makes a chart a part of a view, with its numbers as a folded table."""

from mfwidgets.render.cell import EMPTY, SIGNS, Cell
from mfwidgets.render.charts.axes import is_missing
from mfwidgets.render.charts.draw import note_of
from mfwidgets.render.charts.model import AnyChart, HeatMap, ScatterChart
from mfwidgets.render.numbers import as_float, number_text
from mfwidgets.render.sanitize import single_line
from mfwidgets.render.view import Chart, Table
from mfwidgets.safe_repr import repr_of
from mfwidgets.times import YEAR_3000, iso_text, time_text

_MAX_COLUMNS = 12


def chart_part(chart: AnyChart, rows: int = 20, chars: int = 80) -> Chart:
    """Return a chart as a part of a view.

    Parameters
    ----------
    chart
        The model.
    rows, chars
        The maximum number of rows of the table of numbers, and of characters of its cells.
    """
    numbers = chart.numbers
    times = _time_columns(chart)
    body = tuple(
        (
            _name(row[0], pathspec, chars),
            *(_cell(value, chars, is_time=at in times) for at, value in enumerate(row[1:_MAX_COLUMNS], start=1)),
        )
        for row, pathspec in zip(numbers.rows[:rows], numbers.pathspecs, strict=False)
    )
    columns = tuple(single_line(column, chars) for column in numbers.columns[:_MAX_COLUMNS])
    left_out = len(numbers.rows) - len(body)
    note = f"{len(body):,} of {len(numbers.rows):,}" if left_out else ""
    table = Table(single_line(chart.heading, chars), columns, body, note, folded=True)
    return Chart(chart, table, note_of(chart))


def _time_columns(chart: AnyChart) -> set[int]:
    """Return the numbers of the columns whose values are times."""
    if isinstance(chart, (ScatterChart, HeatMap)):
        return {number for number, axis in enumerate((chart.x, chart.y), start=1) if axis.time}
    return set()


def _name(value: object, pathspec: str, chars: int) -> Cell:
    if not isinstance(value, str):
        return _cell(value, chars, is_time=False)
    return Cell(single_line(value, chars), "code" if pathspec else "text", pathspec=pathspec)


def _cell(value: object, chars: int, *, is_time: bool) -> Cell:
    number = as_float(value)
    if is_time and number is not None and 0 <= number < YEAR_3000:
        return Cell(time_text(int(number)), "time", title=iso_text(int(number)), value=iso_text(int(number)))
    if number is not None:
        return Cell(number_text(value), "number", title=repr_of(value, chars), value=repr_of(value, chars))
    if is_missing(value):
        return EMPTY
    if isinstance(value, str):
        return Cell(value, "status") if value in SIGNS else Cell(single_line(value, chars))
    return Cell(single_line(repr_of(value, chars), chars))
