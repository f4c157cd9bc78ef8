"""The results of a run in its display: numbers next to what is usual, and pictures of what else the end task made."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from mfwidgets.queries.artifact_rows import rows_of
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.run_snapshot import RunSnapshot
from mfwidgets.queries.usual_durations import MIN_USUAL
from mfwidgets.queries.values.column_choice import is_numeric
from mfwidgets.queries.values.goals import goal_of
from mfwidgets.queries.values.preview import small_previews
from mfwidgets.queries.values.results import number_of, result_columns, result_records
from mfwidgets.queries.values.value_columns import ARTIFACT_PREFIX, Columns
from mfwidgets.render.cell import Cell
from mfwidgets.render.numbers import number_text
from mfwidgets.render.view import Figure, Figures, Part, Table
from mfwidgets.safe_repr import repr_of
from mfwidgets.views.artifacts import preview_line, value
from mfwidgets.views.cells import Limits
from mfwidgets.views.earlier_runs import EarlierRuns
from mfwidgets.views.in_time import in_time
from mfwidgets.views.measures import difference_text
from mfwidgets.views.tables import shown_of_total

_MAX_FIGURES = 8
"""Numbers that are shown large. Others are in the table."""

_MAX_PREVIEWED = 12
"""Other artifacts of the end task that are shown."""

_MAX_PREVIEW_BYTES = 50_000
"""The largest of them. A preview reads its bytes."""


def results_parts(snapshot: RunSnapshot, earlier: EarlierRuns, limits: Limits) -> tuple[Part, ...]:
    """Show the results of a run that completed. Empty if there are none, or if there is no time to read them.

    Lists the earlier runs if any result is a number.
    """
    context, record = snapshot.context, snapshot.record
    columns = in_time(lambda: result_columns(context, [record]), [])
    if columns is None:
        return ()
    results = {name.removeprefix(ARTIFACT_PREFIX): column[0] for name, column in columns.items()}
    numeric = [name for name, result in results.items() if is_numeric([result])]
    numeric.sort(key=lambda name: not goal_of(name))
    usual = in_time(lambda: _usual(earlier), []) if numeric else None
    figures = tuple(
        _figure(name, results[name], (usual or {}).get(name, ()), limits) for name in numeric[:_MAX_FIGURES]
    )
    others = [(name, result) for name, result in results.items() if name not in numeric[:_MAX_FIGURES]]
    rows = [(limits.code(name), _value(result, limits)) for name, result in others[: limits.rows]]
    previews = in_time(lambda: _previews(context, snapshot, set(results), limits), []) or []
    rows += previews
    parts: list[Part] = [Figures("Results", figures)] if figures else []
    if rows:
        heading = "Other results" if figures else "Results"
        note = shown_of_total(len(rows), len(others) + len(previews))
        parts.append(Table(heading, ("artifact", "value"), tuple(rows), note, left_out=bool(note)))
    return tuple(parts)


def _value(result: Any, limits: Limits) -> Cell:
    if isinstance(result, str):
        return limits.text(result)
    return Cell(number_text(result)) if is_numeric([result]) else value(result, limits)


def _usual(earlier: EarlierRuns) -> dict[str, list[float]]:
    """Return the numbers of each result in the last runs before this one that completed."""
    columns: Columns = result_columns(earlier.context, earlier.records())
    return {
        name.removeprefix(ARTIFACT_PREFIX): [number for value in values if (number := number_of(value)) is not None]
        for name, values in columns.items()
    }


def _figure(name: str, result: Any, usual: Sequence[float], limits: Limits) -> Figure:
    """Show a number large, and how it differs from the median of earlier runs."""
    note, verdict = "", ""
    number = number_of(result)
    if number is not None and len(usual) >= MIN_USUAL:
        middle = median(usual)
        change, goal = difference_text(number, middle), goal_of(name)
        if change == "=":
            note = "as usual"
        elif change:
            is_better = goal and (number < middle) == (goal == "min")
            verdict = "" if not goal else "better" if is_better else "worse"
            words = change.lstrip("+-") if verdict else change
            note = f"{words} {verdict + ' than' if verdict else 'from'} usual ({number_text(middle)})"
    return Figure(
        limits.text(name).text, number_text(result) or repr_of(result, 40), note, verdict, repr_of(result, 60)
    )


def _previews(
    context: ClientContext, snapshot: RunSnapshot, shown: set[str], limits: Limits
) -> list[tuple[Cell, Cell]]:
    """Show what else the end task made: lists as curves, frames and models in words."""
    roots = {name.partition(".")[0] for name in shown}
    (records,) = result_records(context, [snapshot.record])
    others = [record for record in records if record.name not in roots][:_MAX_PREVIEWED]

    def find(names: set[str]) -> list[Any]:
        return [record for record in others if record.name in names]

    sizes = {row.name: row.size for row in rows_of(context, others)}
    small = {name: size for name, size in sizes.items() if size is not None and size <= _MAX_PREVIEW_BYTES}
    previews = small_previews(context, find, small)
    return [
        (limits.object(record.name, "/".join(record.path)), preview_line(previews[record.name], limits))
        for record in others
        if record.name in previews
    ]
