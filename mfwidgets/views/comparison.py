"""The display of a comparison: one table with a row for each fact and a column for each object."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from mfwidgets.client.answers.comparison import Comparison
from mfwidgets.client.answers.comparison_facts import PACKAGE, SECTIONS
from mfwidgets.client.answers.differences import MISSING, Difference, Spread
from mfwidgets.pickles.previews.numbers import numbers_of
from mfwidgets.queries.values.column_choice import is_numeric
from mfwidgets.queries.values.goals import goal_of
from mfwidgets.queries.values.ordering import sort_key
from mfwidgets.queries.values.preview import range_text
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.queries.values.results import number_of
from mfwidgets.render.cell import EMPTY, Cell, Segment
from mfwidgets.render.numbers import number_text
from mfwidgets.render.view import Table, View
from mfwidgets.safe_repr import repr_of
from mfwidgets.times import duration_text
from mfwidgets.views.artifacts import value
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, age, duration, zoned
from mfwidgets.views.comparison_curves import MIN_POINTS, curve_parts
from mfwidgets.views.measures import difference_text, measure_cells
from mfwidgets.views.previews import curve_cell
from mfwidgets.views.tables import shown_of_total, without_empty_columns

MAX_OBJECTS = 20
"""A display compares at most this many objects."""

_MIN_SUFFIX = 4
"""The shortest end of an id in a heading, in characters."""

_MAX_NAMED = 2
"""The heading names at most this many objects."""

_ROW_CHARS, _MIN_CHARS = 400, 40
"""Characters of a row, and the fewest of a cell."""

_DOT = 0.03
"""The width of a dot for one task, as a share of its bar."""

Rows = list[tuple[Cell, ...]]

_ORDER = ("parameters", "results", "tags", "code", "versions", "packages", "durations", "artifacts", "metadata")
"""The sections in a display, after the status."""


@build_view.register
def build_comparison_view(comparison: Comparison, limits: Limits) -> View:
    """Show status, parameters and results first, then other differences. Equal facts are folded."""
    names = comparison.names()
    count = min(len(names), MAX_OBJECTS)
    whole, limits = limits, replace(limits, chars=max(min(limits.chars, _ROW_CHARS // count), _MIN_CHARS))
    sections = {section: [row for row in comparison.differences if row.section == section] for section in SECTIONS}
    results = [
        name for name, values in comparison.results.items() if len({sort_key(item) for item in values[:count]}) > 1
    ]
    parameters = {row.name for row in (*comparison.differences, *comparison._equal) if row.section == "parameters"}
    rows = _status_rows(comparison, sections["status"], count, whole)
    note = []
    for section in _ORDER:
        cells = (
            _result_rows(comparison, results, count, limits)
            if section == "results"
            else _difference_rows(comparison, _without(sections[section], results, parameters), count, limits)
        )
        if cells:
            rows.append((Cell(section.capitalize(), "group"), *(EMPTY,) * (count + 1)))
            rows += cells[: limits.rows]
            note += (
                [f"{section}: {left_out}"]
                if (left_out := shown_of_total(min(len(cells), limits.rows), len(cells)))
                else []
            )
    headings = short_names(names[:count])
    if comparison.baseline is not None and comparison.baseline < count:
        headings[comparison.baseline] += " (baseline)"
    note += [shown_of_total(count, len(names))] if count < len(names) else []
    table = Table(
        "Differences",
        ("", *(limits.text(heading).text for heading in headings), "note"),
        tuple(rows),
        "; ".join(note),
        sticky=True,
        left_out=bool(note),
        pathspecs=("", *(limits.text(shown.pathspec).text for shown in comparison.objects[:count]), ""),
    )
    differs = bool(comparison.differences or results)
    return View(
        kind="Comparison",
        name=limits.text(_title(comparison, names)).text,
        notes=() if differs else ("There are no differences.",),
        parts=(
            *((without_empty_columns(table, keep=count + 1),) if differs else ()),
            *curve_parts(comparison, short_names(names[:count]), whole),
            *_equal_part(comparison, results, limits),
        ),
    )


def _title(comparison: Comparison, names: Sequence[str]) -> str:
    """Return the names of few objects, or the number of many."""
    if len(names) <= _MAX_NAMED:
        return " and ".join(names)
    flows = dict.fromkeys(name.partition("/")[0] for name in names)
    kind = type(comparison.objects[0]).__name__.lower()
    return f"{len(names)} {kind}s of {', '.join(flows)}"


def _without(differences: Sequence[Difference], results: Sequence[str], parameters: set[str]) -> list[Difference]:
    """Return differences without the artifacts that are listed as results or parameters, dicts of results included."""
    roots = {name.partition(".")[0] for name in results} | parameters
    return [row for row in differences if row.section != "artifacts" or row.name not in roots]


def short_names(names: Sequence[str]) -> list[str]:
    """Return the shortest ends of pathspecs that tell them apart, at least four characters.

    Examples
    --------
    >>> from mfwidgets.views.comparison import short_names
    >>> short_names(["TuningFlow/1795378919475034", "TuningFlow/1795378900338660"])
    ['…5034', '…8660']
    >>> short_names(["TuningFlow/1", "OtherFlow/1"])
    ['TuningFlow/1', 'OtherFlow/1']
    """
    flows = {name.partition("/")[0] for name in names}
    ids = [name.partition("/")[2] if len(flows) == 1 else name for name in names]
    if len(flows) > 1 or any("/" in name or " " in name for name in ids):
        return ids
    for length in range(_MIN_SUFFIX, max(map(len, ids))):
        ends = [name if len(name) <= length + 1 else f"…{name[-length:]}" for name in ids]
        if len(set(ends)) == len(ends):
            return ends
    return ids


def _status_rows(comparison: Comparison, differences: Sequence[Difference], count: int, limits: Limits) -> Rows:
    """Show the status, the times and the failures of runs. For steps and tasks, only statuses that differ."""
    runs = comparison._runs
    if runs is None:
        return _difference_rows(comparison, differences, count, limits)
    shown = runs.rows[:count]
    rows: Rows = [
        (limits.code("status"), *(limits.status(row.status) for row in shown), EMPTY),
        (limits.code(zoned("started")), *(age(row.started_ms, row.asked_ms) for row in shown), EMPTY),
        (limits.code("duration"), *_durations(comparison, [row.duration_ms for row in shown]), EMPTY),
    ]
    failures = [
        f"{failure.exception or failure.task.status.reason} · {failure.place}" if failure else ""
        for failure in runs.failures[:count]
    ]
    if any(failures):
        rows.append((limits.code("failure"), *(Cell(limits.text(text).text, "dim") for text in failures), EMPTY))
    return rows


def _durations(comparison: Comparison, durations: Sequence[int | None]) -> list[Cell]:
    return _with_differences(comparison, [duration(ms) for ms in durations], durations)


def _with_differences(comparison: Comparison, cells: Sequence[Cell], values: Sequence[Any]) -> list[Cell]:
    """Add the difference from the baseline to cells of numbers."""
    numbers, at = [number_of(value) for value in values], comparison.baseline
    if at is None or at >= len(cells) or (baseline := numbers[at]) is None:
        return list(cells)
    return [
        replace(cell, kind="measure", items=(text,))
        if position != at and number is not None and (text := difference_text(number, baseline))
        else cell
        for position, (cell, number) in enumerate(zip(cells, numbers, strict=True))
    ]


def _result_rows(comparison: Comparison, names: Sequence[str], count: int, limits: Limits) -> Rows:
    """Show results that differ, numbers with four digits, the best marked."""
    rows: Rows = []
    numeric = {name: is_numeric(comparison.results[name][:count]) for name in names}
    for name in sorted(names, key=lambda name: (not numeric[name], not goal_of(name))):  # the first ones are not cut
        values = comparison.results[name][:count]
        cells = measure_cells(values, name, limits, bars=False)
        shown = _with_differences(comparison, cells, values) if numeric[name] else cells
        rows.append((limits.code(name), *shown, EMPTY))
    return rows


def _difference_rows(comparison: Comparison, differences: Sequence[Difference], count: int, limits: Limits) -> Rows:
    rows: Rows = []
    for row in differences:
        spreads = [number for shown in row.values[:count] if isinstance(shown, Spread) for number in shown.numbers]
        cells = [
            _spread_cell(shown, min(spreads), max(spreads))
            if isinstance(shown, Spread)
            else fact_cell(row, place, limits)
            for place, shown in enumerate(row.values[:count])
        ]
        if row.section == "durations" and not row.step:
            continue  # the duration of the whole run is at the top
        name = f"{row.step} · {row.name}" if row.step and row.section != "durations" else row.step or row.name
        if row.section == "durations":
            seconds = [shown.total_seconds() if isinstance(shown, timedelta) else None for shown in row.values[:count]]
            cells = _with_differences(comparison, cells, seconds)
        rows.append((limits.code(name), *cells, Cell(limits.text(row.note).text, "dim") if row.note else EMPTY))
    return rows


def _spread_cell(spread: Spread, low: float, high: float) -> Cell:
    """Show the smallest number, the median and the largest number, and a dot for each task on the scale of all objects."""
    span = high / 2 - low / 2 or 1.0  # halves, so that the difference of huge numbers is finite
    places = sorted({round((number / 2 - low / 2) / span * (1 - _DOT), 2) for number in spread.numbers})
    low_text, middle, high_text = map(number_text, (spread.minimum, spread.median, spread.maximum))
    return Cell(
        f"{low_text} … {middle} … {high_text}",
        "measure",
        str(spread),
        segments=tuple(Segment("value", place, place + _DOT) for place in places),
    )


def _equal_part(comparison: Comparison, results: Sequence[str], limits: Limits) -> Iterator[Table]:
    """Show facts that are the same everywhere, folded."""
    same = [(name, values[0]) for name, values in comparison.results.items() if name not in results]
    rows = [(limits.text("results"), limits.code(name), value(shown, limits)) for name, shown in same]
    rows += [(limits.text(row.section), limits.code(row.name), fact_cell(row, 0, limits)) for row in comparison._equal]
    if rows:
        shown = rows[: 2 * limits.rows]
        yield Table(
            "The same in all",
            ("section", "name", "value"),
            tuple(shown),
            shown_of_total(len(shown), len(rows)),
            folded=True,
            left_out=len(shown) < len(rows),
        )


def fact_cell(difference: Difference, place: int, limits: Limits) -> Cell:
    """Show the value of a fact in one of the objects."""
    shown: Any = difference.values[place]
    if isinstance(shown, timedelta):
        return Cell(duration_text(round(shown.total_seconds() * 1000)), "number", value=str(shown.total_seconds()))
    if difference.section == "code" and difference.name == PACKAGE and isinstance(shown, str):
        return limits.code(shown[:10], shown)
    if isinstance(shown, str) and difference.section != "artifacts":
        return Cell("✓") if difference.section == "tags" else limits.text(shown)
    if shown is not MISSING and not isinstance(shown, NotRead | bool) and number_of(shown) is not None:
        return Cell(number_text(shown) or repr_of(shown, 60), "number", repr_of(shown, 60))
    numbers = None if shown is MISSING or isinstance(shown, NotRead) else numbers_of(shown)
    if numbers and len(numbers.points) >= MIN_POINTS and numbers.low != numbers.high:
        return curve_cell(numbers, range_text(numbers))
    return value(shown, limits)
