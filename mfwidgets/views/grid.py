"""The display of a grid of tasks: tiles coloured by status or number, with a legend, the same in text and HTML."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mfwidgets.client.answers.grid import DURATION, STATUS, Grid, GridCell
from mfwidgets.code_lines import hint, mflow_line
from mfwidgets.queries.lineage.foreach_items import whole_items
from mfwidgets.queries.rows import TaskRow, task_errors
from mfwidgets.queries.step_timings import planned_of, step_timing
from mfwidgets.queries.values.goals import goal_of
from mfwidgets.render.cell import Cell
from mfwidgets.render.view import Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, duration, items_text
from mfwidgets.views.grid_matrix import matrix_of
from mfwidgets.views.in_time import in_time
from mfwidgets.views.item_labels import item_labels
from mfwidgets.views.tables import shown_of_total, status_counts, why_cell, without_empty_columns
from mfwidgets.views.tiles import TILES_PER_ROW, Colours, tile_grid

_MIN_MARKED = 3
"""Fewer different numbers have no mark: a reader sees the best at once."""

_MAX_TIES = 3
"""More equal numbers are not marked."""


@build_view.register
def build_grid_view(grid: Grid, limits: Limits) -> View:
    """Show one tile per task. If there are too many, a tile shows the worst status or the mean of several tasks."""
    notes: list[str] = []
    rows = grid._in_order
    by_status = Grid(grid.step, STATUS, rows)
    lines = in_time(lambda: grid.lines, notes) or by_status.lines
    cells = [cell for line in lines.values() for cell in line]
    timing = step_timing(grid.step._record.run, grid.step.id, rows)
    colours = colours_of(grid.by, cells)
    items = items_of_grid(grid, rows, limits, notes)
    labels = labels_of(rows, items, limits)
    matrix = matrix_of([row.item.path for row in rows], items, limits.rows) if items else None
    facts = [
        ("tasks", status_counts(timing.task_count, timing.task_statuses, timing.planned_tasks)),
        ("by", limits.code(grid.by)),
        *_extremes(colours, cells, labels, limits),
    ]
    if not cells:
        notes = ["No task has started yet."]
    elif not colours.has_numbers and grid.by != STATUS and not notes:
        notes = [_no_numbers_note(grid, limits)]
    return View(
        kind="Grid",
        name=limits.text(grid.step.pathspec).text,
        status=limits.status(timing.status),
        reason=limits.text(timing.status.reason).text if timing.status else "",
        facts=tuple(facts),
        notes=tuple(notes),
        parts=(
            *tile_grid(
                _in_matrix(rows, cells) if matrix else lines, planned_of(rows), colours, labels, limits, matrix=matrix
            ),
            *_failures(grid, rows, labels, limits),
        ),
    )


def _in_matrix(rows: Sequence[TaskRow], cells: Sequence[GridCell]) -> dict[str, list[GridCell]]:
    """Return the cells in the order of the rows, in which a matrix counts them."""
    by_key = {cell.row.record.key: cell for cell in cells}
    return {"": [by_key[row.record.key] for row in rows]}


def _failures(grid: Grid, rows: Sequence[TaskRow], labels: Mapping[Any, str], limits: Limits) -> tuple[Table, ...]:
    """Show the first tasks that failed, with their items and exceptions."""
    failed = [row for row in rows if row.status not in ("completed", "running")]
    shown = failed[: max(limits.rows // 4, 1)]
    if not shown:
        return ()
    errors = task_errors(grid._context, shown)
    cells = tuple(
        (
            limits.object(row.record.task_id, row.pathspec),
            limits.text(labels.get(row.record.key) or items_text(row)),
            limits.status(row.status),
            duration(row.duration_ms),
            why_cell(row, errors, limits),
        )
        for row in shown
    )
    columns, note = ("task", "item", "status", "duration", "why"), shown_of_total(len(shown), len(failed))
    table = Table("Tasks that did not complete", columns, cells, note, left_out=bool(note))
    return (without_empty_columns(table, keep=1),)


def items_of_grid(grid: Grid, rows: Sequence[TaskRow], limits: Limits, notes: list[str]) -> list[tuple[Any, ...]]:
    """Return the items of each task. Empty if tiles stand for several tasks."""
    if not rows or planned_of(rows) > TILES_PER_ROW * limits.rows:
        return []
    return in_time(lambda: whole_items(grid._context, rows), notes) or []


def labels_of(rows: Sequence[TaskRow], items: Sequence[tuple[Any, ...]], limits: Limits) -> dict[Any, str]:
    """Return short words for the item of each task."""
    labels = item_labels(items) if items else []
    return {row.record.key: limits.text(label).text for row, label in zip(rows, labels, strict=False)}


def colours_of(by: str, cells: Sequence[GridCell]) -> Colours:
    """Return how tiles are coloured: by number if there is one, and the best marked if the name says what is good."""
    values = [cell.value for cell in cells if cell.value is not None]
    if by == STATUS or not values:
        return Colours(STATUS if by == STATUS else by)
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    low, high, goal = min(finite), max(finite), goal_of(by) if by != DURATION else ""
    best = {"min": low, "max": high}.get(goal) if len(set(values)) >= _MIN_MARKED else None
    best = best if best is not None and values.count(best) <= _MAX_TIES else None
    return Colours(by, low, high, best, has_numbers=True)


def _extremes(
    colours: Colours, cells: Sequence[GridCell], labels: dict[Any, str], limits: Limits
) -> list[tuple[str, Cell]]:
    """Show the smallest and the largest number, each with its item."""
    if not colours.has_numbers:
        return []
    facts = []
    for word, extreme in (("minimum", colours.low), ("maximum", colours.high)):
        row = next((cell.row for cell in cells if cell.value == extreme), None)
        if row is None:  # all numbers are infinite
            continue
        label = labels.get(row.record.key) or ", ".join(row.item.values)
        star = " ★" if extreme == colours.best else ""
        facts.append((word, limits.text(f"{colours.text(extreme)}{star}{f' · {label}' if label else ''}")))
    return facts


def _no_numbers_note(grid: Grid, limits: Limits) -> str:
    """Explain why a grid has no numbers."""
    if grid.by == DURATION:
        return "No task has ended yet. The tiles show statuses."
    return (
        f"No task of this step has a number named {limits.text(grid.by).text}. The tiles show statuses."
        f"{hint('Use {} to list the artifacts.', mflow_line('artifacts', grid.step.pathspec))}"
    )
