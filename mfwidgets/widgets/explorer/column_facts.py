"""The small pictures in the headers of a table: a histogram of numbers and times, or how often each value occurs."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from mfwidgets.client.plots.columns import chart_column
from mfwidgets.queries.values.goals import goal_of
from mfwidgets.queries.values.ordering import sort_key
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.queries.values.results import is_number, number_of
from mfwidgets.render.cell import SIGNS
from mfwidgets.render.charts.axes import Axis
from mfwidgets.render.charts.bins import bins_of
from mfwidgets.render.numbers import number_text
from mfwidgets.schema import DURATION, STATUS, TIME
from mfwidgets.times import duration_text, time_text
from mfwidgets.views.cells import Limits
from mfwidgets.widgets.explorer.known_runs import FACT_COLUMNS

_MAX_COUNTED = 6
"""A header names at most this many values."""

_MIN_DISTINCT = 2
"""Fewer different values need no picture."""

_LIMITS = Limits(chars=40)

_COUNTED_FACTS = frozenset(["status", "user", "user_tags", "system_tags"])

ColumnFacts = dict[str, Any]
"""Either ``bins``, with ``low`` and ``high`` as numbers and as text, or ``counts``: the text, the number and the place of
a value among those that can be filtered. Empty if there is nothing to show."""


def column_facts(name: str, values: Sequence[Any]) -> ColumnFacts:
    """Return what the header of a column shows.

    Parameters
    ----------
    name
        The full name of the column.
    values
        The values that have been read. None for missing ones.
    """
    present = [value for value in values if value is not None and not isinstance(value, NotRead)]
    if not present or (name in FACT_COLUMNS and not _has_picture(name)):
        return {}
    if name in _COUNTED_FACTS:
        return _counted(present, name)
    shown = chart_column(name, present)
    is_numeric = not shown.axis.categories and not any(_is_bool(value) for value in present)
    return _bins(name, shown.axis, shown.values, present) if is_numeric else _counted(present, name)


def _has_picture(name: str) -> bool:
    return name in _COUNTED_FACTS or FACT_COLUMNS[name].dtype in (TIME, DURATION, STATUS)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool) or type(value).__name__.startswith("bool")


def _bins(name: str, axis: Axis, places: Sequence[object], values: Sequence[Any]) -> ColumnFacts:
    bins = bins_of(axis, places)
    if not bins or len(set(places)) < _MIN_DISTINCT:
        return {}
    most = max(one.size for one in bins)
    low, high = _text(name, bins[0].low), _text(name, bins[-1].high)
    if axis.time:
        low, high = _ends(low, high)
    return {
        "bins": [
            [one.low, one.high, one.size / most, f"{_text(name, one.low)} to {_text(name, one.high)}: {one.size:,}"]
            for one in bins
        ],
        "low": low,
        "high": high,
        "best": _best(name, values),
    }


def _ends(low: str, high: str) -> tuple[str, str]:
    """Return the ends of a range of times without what they share: the clock on one day, else the days.

    Seconds are left out if the minutes differ, so that both ends fit into a narrow column.
    """
    (day, _, clock), (other, _, later) = low.partition(" "), high.partition(" ")
    if day != other:
        return day, other
    minute, other = clock[: len("18:46")], later[: len("18:46")]
    return (minute, other) if minute != other else (clock, later)


def _text(name: str, number: float) -> str:
    dtype = FACT_COLUMNS[name].dtype if name in FACT_COLUMNS else ""
    if dtype == TIME:
        return time_text(int(number))
    return duration_text(max(round(number * 1000), 0)) if dtype == DURATION else number_text(number)


def _best(name: str, values: Sequence[Any]) -> float | None:
    """Return the best number. None if the name does not say what is good."""
    goal = goal_of(name) if name not in FACT_COLUMNS else ""
    numbers = [number for value in values if (number := number_of(value)) is not None]
    if not goal or len(set(numbers)) < _MIN_DISTINCT:
        return None
    return min(numbers) if goal == "min" else max(numbers)


def _counted(values: Sequence[Any], name: str) -> ColumnFacts:
    """Return the most frequent values. Values in lists, such as tags, count one by one."""
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    examples = {sort_key(value): value for value in flat}
    counts = Counter(map(sort_key, flat))
    ranked = sorted(counts, key=lambda key: (-counts[key], str(key)))
    if name == "status":
        ranked.sort(key=lambda key: [*SIGNS].index(str(examples[key])) if str(examples[key]) in SIGNS else len(SIGNS))
    shown = [
        [_LIMITS.text(plain_text(examples[key])).text, counts[key], plain_text(examples[key])]
        for key in ranked[:_MAX_COUNTED]
        if can_be_filtered(examples[key])
    ]
    return {"counts": shown, "others": len(ranked) - len(shown), "all": len(flat)} if shown else {}


def can_be_filtered(value: Any) -> bool:
    """Return whether a value can be written in a filter: a short text, a number or a bool."""
    return is_number(value) or (isinstance(value, str) and len(value) <= 200)  # noqa: PLR2004 - a line has a limit


def plain_text(value: Any) -> str:
    """Return a value as a filter writes it, before it is quoted."""
    if hasattr(value, "item") and type(value).__module__ == "numpy":
        value = value.item()
    return str(value).lower() if isinstance(value, bool) else str(value)
