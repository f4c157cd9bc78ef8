"""Cells for a column of values over many objects: numbers with a small bar, the best and the worst marked."""

import math
from collections.abc import Sequence
from typing import Any

from mfwidgets.pickles.described import is_array
from mfwidgets.queries.rows import RunRow, TaskRow
from mfwidgets.queries.values.column_choice import is_numeric
from mfwidgets.queries.values.goals import Goal, goal_of
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.queries.values.results import number_of
from mfwidgets.render.cell import EMPTY, Cell, Segment
from mfwidgets.render.numbers import number_text
from mfwidgets.safe_repr import repr_of
from mfwidgets.times import duration_text
from mfwidgets.views.artifacts import value
from mfwidgets.views.cells import Limits

_MIN_MARKED = 3
"""Fewer different numbers have no best and no worst: a reader sees them at once."""

_MAX_TIES = 3
"""More equal extremes are not marked."""

_FROM_ZERO = 2
"""If the largest number is at least this many times the smallest, bars begin at zero. Else a mark shows the position."""

_HALF_WIDTH = 0.06
"""Half the width of such a mark, as a share of the cell's bar."""

_MANY_TIMES = 10
"""From this ratio on, a difference is a factor and no percentage."""

WORDS = {"best": "the best", "worst": "the worst", "largest": "the largest", "smallest": "the smallest"}


def measure_cells(
    values: Sequence[Any], name: str, limits: Limits, *, is_result: bool = True, bars: bool = True
) -> list[Cell]:
    """Return a cell for each value of a column. Missing values are empty.

    Parameters
    ----------
    values
        The values. Numbers get four significant digits. The title has all digits.
    name
        The name of the column. It says whether small or large numbers are good.
    limits
        The limits of the display.
    is_result
        Whether numbers are results, which have bars and marks. Parameters are what someone chose.
    bars
        Whether results have bars.
    """
    if not is_numeric(values):
        return [_other(item, limits) for item in values]
    numbers = [number_of(item) for item in values]
    finite = [number for number in numbers if number is not None and math.isfinite(number)]
    marks = _marks(finite, goal_of(name)) if is_result else {}
    return [
        _measure(item, number, finite if is_result and bars else [], marks, limits)
        for item, number in zip(values, numbers, strict=True)
    ]


def difference_text(number: float, baseline: float) -> str:
    """Return the difference from a baseline: ``-12%``, ``+0.3%``, ``x14``. Empty if it cannot be said.

    Examples
    --------
    >>> from mfwidgets.views.measures import difference_text
    >>> difference_text(0.88, 1.0), difference_text(28.0, 2.0), difference_text(0.5, 0.0), difference_text(2.0, 2.0)
    ('-12%', 'x14', '+0.5', '=')
    """
    if number == baseline:
        return "=" if math.isfinite(number) else ""
    if baseline == 0 or (number < 0) != (baseline < 0):
        change = number - baseline
        return f"{'+' if change > 0 else ''}{number_text(change)}" if math.isfinite(change) else ""
    return _ratio_text(number / baseline, rises=number > baseline)


def _ratio_text(ratio: float, *, rises: bool) -> str:
    """Return a ratio of two numbers of one sign as a percentage, or as a factor."""
    if not math.isfinite(ratio):
        return ""
    if ratio >= _MANY_TIMES:
        return f"x{number_text(round(ratio))}"
    sign, percent = "+" if rises else "-", round(abs(ratio - 1) * 100, 1)
    if percent == 0:
        return f"{sign}<0.1%"
    return f"{sign}{percent:.{0 if percent >= 10 else 1}f}%"  # noqa: PLR2004 - two digits


def duration_measure(row: RunRow | TaskRow, longest: int) -> Cell:
    """Show a duration with a bar in the colour of the status."""
    if row.duration_ms is None:
        return EMPTY
    share = max(row.duration_ms / longest, 0.0) if longest else 0.0
    return Cell(
        duration_text(row.duration_ms),
        "measure",
        value=str(row.duration_ms / 1000),
        segments=(Segment(str(row.status), 0.0, share),),
    )


def _measure(item: Any, number: float | None, finite: Sequence[float], marks: dict[float, str], limits: Limits) -> Cell:
    if item is None:
        return EMPTY
    if isinstance(item, NotRead) or is_array(item):
        return value(item, limits)
    mark = marks.get(number, "") if number is not None else ""
    exact = repr_of(item.item() if hasattr(item, "item") else item, 60)
    words = f", {WORDS[mark]} of {len(finite):,}" if mark and finite else f", {WORDS[mark]}" if mark else ""
    return Cell(
        number_text(item) or exact, "measure", f"{exact}{words}", value=exact, mark=mark, segments=_bar(number, finite)
    )


def _bar(number: float | None, finite: Sequence[float]) -> tuple[Segment, ...]:
    """Return a bar from zero, or a mark between the smallest and the largest number."""
    if number is None or not math.isfinite(number) or len(set(finite)) <= 1:
        return ()
    low, high = min(finite), max(finite)
    if low >= 0 and high >= _FROM_ZERO * low:
        return (Segment("value", 0.0, number / high),)
    span = high / 2 - low / 2  # halves, so that the difference of huge numbers is finite
    place = _HALF_WIDTH + (number / 2 - low / 2) / span * (1 - 2 * _HALF_WIDTH) if span else 0.5
    return (Segment("value", place - _HALF_WIDTH, place + _HALF_WIDTH),)


def _marks(finite: Sequence[float], goal: Goal) -> dict[float, str]:
    """Return the marks of the smallest and the largest number."""
    if len(set(finite)) < _MIN_MARKED:
        return {}
    low, high = min(finite), max(finite)
    words = {"min": ("best", "worst"), "max": ("worst", "best"), "": ("smallest", "largest")}[goal]
    marks = {low: words[0], high: words[1]}
    return {number: mark for number, mark in marks.items() if finite.count(number) <= _MAX_TIES}


def _other(item: Any, limits: Limits) -> Cell:
    """Show a bool, a str or a value of mixed types."""
    if item is None:
        return EMPTY
    if isinstance(item, str):
        return limits.text(item)
    if number_of(item) is not None and not (isinstance(item, bool) or type(item).__name__.startswith("bool")):
        return Cell(number_text(item), "text", repr_of(item, 60))
    return value(item, limits)
