"""Groups of runs in the explorer's table: runs with the same value of a column, and a row that sums each group up."""

import statistics
from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mfwidgets.queries.values.goals import goal_of
from mfwidgets.queries.values.ordering import SortKey, sort_key
from mfwidgets.queries.values.results import number_of
from mfwidgets.render.cell import SIGNS
from mfwidgets.render.numbers import counted, number_text
from mfwidgets.times import duration_text, time_text
from mfwidgets.views.cells import Limits

NO_VALUE = "no value"

_LIMITS = Limits(chars=60)


@dataclass(frozen=True, slots=True)
class Group:
    """Runs with the same value.

    Attributes
    ----------
    key
        Distinguishes the groups of a column.
    value
        The value. None if the runs have none.
    places
        The places of the runs, in the order of the table.
    """

    key: str
    value: Any
    places: list[int]


Line = int | Group
"""A row of a grouped table: the place of a run, or a group above its runs."""


def grouped_lines(
    places: Sequence[int], value_of: Callable[[int], Any], folded: Container[str], *, by_value: bool
) -> list[Line]:
    """Return the rows of a table that is grouped by a column.

    Parameters
    ----------
    places
        The places of all runs, in the order of the table.
    value_of
        Returns the value of the column for a place.
    folded
        The keys of the groups whose runs are hidden.
    by_value
        Whether groups are sorted by their value. Else they are in the order of their first runs.

    Examples
    --------
    >>> from mfwidgets.widgets.explorer.run_groups import grouped_lines
    >>> lines = grouped_lines([0, 1, 2], ["b", "a", "b"].__getitem__, (), by_value=True)
    >>> [line if isinstance(line, int) else line.value for line in lines]
    ['a', 1, 'b', 0, 2]
    """
    groups: dict[SortKey | None, Group] = {}
    for place in places:
        value = _whole(value_of(place))
        key = sort_key(value)
        if key not in groups:
            groups[key] = Group("" if key is None else repr(key), None if key is None else value, [])
        groups[key].places.append(place)
    keys = list(groups)
    if by_value:
        keys = [*sorted(key for key in keys if key is not None), *(key for key in keys if key is None)]
    shown = [groups[key] for key in keys]
    return [line for group in shown for line in (group, *(() if group.key in folded else group.places))]


def _whole(value: Any) -> Any:
    """Return the part of a value that groups share: the day of a time, and tags as one string."""
    if isinstance(value, datetime):
        return value.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    return ", ".join(map(str, value)) or None if isinstance(value, list) else value


def group_label(group: Group, text_of: Callable[[Any], str]) -> str:
    """Return the value of a group, and how many runs it has."""
    if group.value is None:
        text = NO_VALUE
    elif isinstance(group.value, datetime):
        text = f"{group.value:%Y-%m-%d}"
    else:
        text = text_of(group.value) or NO_VALUE
    return _LIMITS.text(f"{text} ({len(group.places):,})").text


def group_cell(name: str, values: Sequence[Any]) -> list[str]:
    """Return the text and the title that sum up a column over a group: the best and the median of numbers.

    Parameters
    ----------
    name
        The full name of the column.
    values
        The values that have been read. None for missing ones.
    """
    present = [value for value in values if value is not None]
    if name == "status":
        return _statuses(present)
    if present and all(isinstance(value, timedelta) for value in present):
        return _numbers(
            [value.total_seconds() for value in present], "", lambda seconds: duration_text(round(seconds * 1000))
        )
    if present and all(isinstance(value, datetime) for value in present):
        newest = time_text(round(max(present).timestamp() * 1000))
        return [newest, "the newest"]
    numbers = [number for value in present if not isinstance(value, str) and (number := number_of(value)) is not None]
    if numbers and len(numbers) == len(present) and not any(isinstance(value, bool) for value in present):
        return _numbers(numbers, goal_of(name), lambda number: number_text(float(f"{number:.3g}")))
    return _texts(present)


def _numbers(numbers: Sequence[float], goal: str, text_of: Callable[[float], str]) -> list[str]:
    middle, low, high = statistics.median(numbers), min(numbers), max(numbers)
    if low == high:
        return [text_of(low), f"the same in {counted(len(numbers), 'run')}"]
    best = {"min": low, "max": high}.get(goal)
    ends = f"{text_of(low)} to {text_of(high)} in {counted(len(numbers), 'run')}"
    if best is None:
        return [f"~{text_of(middle)}", f"median {text_of(middle)}, {ends}"]
    return [f"\u2605{text_of(best)} ~{text_of(middle)}", f"best {text_of(best)}, median {text_of(middle)}, {ends}"]


def _statuses(values: Sequence[Any]) -> list[str]:
    counts = Counter(map(str, values))
    ranked = sorted(counts, key=lambda name: [*SIGNS].index(name) if name in SIGNS else len(SIGNS))
    signs = [f"{counts[name]:,}{SIGNS.get(name, '?')}" for name in ranked]
    return [" ".join(signs), ", ".join(f"{counts[name]:,} {name}" for name in ranked)]


def _texts(values: Sequence[Any]) -> list[str]:
    """Return the text that all values share. Else how many there are."""
    texts = {", ".join(map(str, value)) if isinstance(value, list) else str(value) for value in values}
    if len(texts) == 1:
        return [_LIMITS.text(texts.pop()).text, ""]
    return ["", f"{len(texts)} different values"] if texts else ["", ""]
