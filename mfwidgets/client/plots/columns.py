"""The columns of charts: values of runs or tasks, with the axis that fits them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from mfwidgets.column_names import short_name
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.queries.values.ordering import order
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.queries.values.value_names import inside
from mfwidgets.render.charts.axes import Axis, axis_of, category_of
from mfwidgets.times import zone_text

_MAX_CATEGORIES = 40


@fast_dataclass(frozen=True, slots=True)
class ChartColumn:
    """The values of a column and their axis.

    Attributes
    ----------
    values
        Numbers, text or None. Times are milliseconds, durations seconds.
    """

    axis: Axis
    values: tuple[object, ...]


def chart_column(name: str, values: Sequence[Any], *, log: bool | None = None, categories: bool = False) -> ChartColumn:
    """Return a column for a chart.

    Parameters
    ----------
    name
        The full name of the column. The axis has the short one.
    values
        The values, as tables have them.
    log
        Whether numbers have a logarithmic axis. None decides by the values.
    categories
        Whether also numbers are categories, such as the columns of a heat map.
    """
    label = short_name(name)
    if any(isinstance(value, datetime) for value in values):
        return ChartColumn(Axis(f"{label} ({zone_text()})", time=True), tuple(map(_milliseconds, values)))
    if any(isinstance(value, timedelta) for value in values):
        seconds = tuple(value.total_seconds() if isinstance(value, timedelta) else None for value in values)
        return ChartColumn(axis_of(label, seconds, "s", log=log), seconds)
    plain = tuple(map(_plain, values))
    if categories:
        in_order = [plain[place] for place in order([plain], [True], complete=True)]
        names = tuple(dict.fromkeys(filter(None, map(_name, in_order))))
        return ChartColumn(Axis(label, categories=names).limited(_MAX_CATEGORIES), tuple(map(_name, plain)))
    return ChartColumn(axis_of(label, plain, log=log), plain)


def _milliseconds(value: Any) -> int | None:
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else None


def _plain(value: Any) -> object:
    """Return a value that a chart can place. Bools are words, numpy numbers are Python's."""
    if value is None or isinstance(value, NotRead):
        return None
    if hasattr(value, "item") and type(value).__module__ == "numpy":
        value = value.item() if getattr(value, "ndim", 1) == 0 else None
    if isinstance(value, bool):
        return str(value)
    return value


def _name(value: object) -> str | None:
    return None if value is None else category_of(value)


def numbers_in_list(value: Any, path: str = "") -> tuple[object, ...]:
    """Return the numbers of a list, a tuple or a one-dimensional array. Empty for other values.

    Parameters
    ----------
    value
        The value, or a dict that contains it.
    path
        The keys of the dicts that lead to it, with dots between them.
    """
    value = inside(value, path)
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 0) == 1:
        value = value.tolist()
    if not isinstance(value, list | tuple):
        return ()
    return tuple(
        item if isinstance(item, int | float) and not isinstance(item, bool) else _plain(item)
        for item in value[:_MAX_POINTS]
    )


_MAX_POINTS = 10_000
"""The most values of a curve."""
