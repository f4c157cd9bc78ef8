"""The display of a grid of tasks: signs for statuses, shades for numbers, the same in text and HTML."""

from collections.abc import Sequence

from mfwidgets.client.answers.grid import DURATION, STATUS, Grid, GridCell
from mfwidgets.code_lines import hint, mflow_line
from mfwidgets.queries.status.rules import step_status
from mfwidgets.queries.step_timings import planned_of, status_of_step
from mfwidgets.render.view import SIGNS, Cell, Tile, TileGrid, View
from mfwidgets.times import duration_text
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.tables import shown_of_total

SHADES = "▁▂▃▄▅▆▇█"
_LINE_TILES = 60
"""Tiles per line. Longer lines are wrapped."""

_MAX_TILES = 2_000
"""If there are more tasks, each tile stands for several, to bound the size of the display."""


@build_view.register
def build_grid_view(grid: Grid, limits: Limits) -> View:
    """Show one tile per task. Above 2,000 tasks a tile shows the worst status or the mean of several tasks."""
    lines = grid.lines
    cells = [cell for line in lines.values() for cell in line]
    status = status_of_step([cell.row for cell in cells])
    values = [cell.value for cell in cells if cell.value is not None]
    planned = planned_of([cell.row for cell in cells])
    count = f"{len(cells):,} of {planned:,}" if planned > len(cells) else f"{len(cells):,}"
    facts = [("tasks", Cell(count)), ("by", limits.code(grid.by))]
    if values:
        facts += [("minimum", _value(grid, min(values), limits)), ("maximum", _value(grid, max(values), limits))]
    if grid.by != STATUS and len(values) < len(cells):
        facts.append(("without a number", Cell(f"{len(cells) - len(values):,}")))
    notes = () if cells else ("No task has started yet.",)
    if cells and not values and grid.by != STATUS:
        notes = (_no_numbers_note(grid, limits),)
    return View(
        kind="Grid",
        name=limits.text(grid.step.pathspec).text,
        status=limits.status(status),
        reason=limits.text(status.reason).text if status else "",
        facts=tuple(facts),
        notes=notes,
        parts=tile_grid(grid, limits),
    )


def _no_numbers_note(grid: Grid, limits: Limits) -> str:
    """Explain why a grid has no numbers."""
    if grid.by == DURATION:
        return "No task has ended yet. The tiles show statuses."
    return (
        f"No task of this step has a number named {limits.text(grid.by).text}. The tiles show statuses."
        f"{hint('Use {} to list the artifacts.', mflow_line('artifacts', grid.step.pathspec))}"
    )


def tile_grid(grid: Grid, limits: Limits) -> tuple[TileGrid, ...]:
    """Show only the tiles. Empty if there are no tasks."""
    lines = grid.lines
    cells = [cell for line in lines.values() for cell in line]
    if not cells:
        return ()
    tasks_per_tile = -(-len(cells) // _MAX_TILES)
    values = [cell.value for cell in cells if cell.value is not None]
    low, high = min(values, default=0.0), max(values, default=0.0)
    shown = list(lines.items())[: 10 * limits.rows]
    rows = tuple(
        (limits.text(name).text, tiles)
        for name, line in shown
        for tiles in _tiles(line, tasks_per_tile, low, high, by_status=grid.by == STATUS)
    )
    notes = [f"each tile stands for {tasks_per_tile:,} tasks"] if tasks_per_tile > 1 else []
    notes += [f"{shown_of_total(len(shown), len(lines))} lines"] if len(shown) < len(lines) else []
    return (TileGrid("Tasks at a glance", rows, "; ".join(notes)),)


def _value(grid: Grid, value: float, limits: Limits) -> Cell:
    return Cell(duration_text(round(value)) if grid.by == DURATION else limits.code(f"{value:g}").text)


def _tiles(
    line: Sequence[GridCell], tasks_per_tile: int, low: float, high: float, *, by_status: bool
) -> list[tuple[Tile, ...]]:
    """Return the tiles of a line, wrapped."""
    groups = [line[first : first + tasks_per_tile] for first in range(0, len(line), tasks_per_tile)]
    tiles = [_tile(group, low, high, by_status=by_status) for group in groups]
    return [tuple(tiles[first : first + _LINE_TILES]) for first in range(0, len(tiles), _LINE_TILES)]


def _tile(group: Sequence[GridCell], low: float, high: float, *, by_status: bool) -> Tile:
    status = str(step_status([cell.row.status for cell in group]))
    pathspec = group[0].row.pathspec if len(group) == 1 else ""
    values = [cell.value for cell in group if cell.value is not None]
    if by_status or not values:
        return Tile(SIGNS.get(status, "?"), status, pathspec)
    share = (sum(values) / len(values) - low) / (high - low) if high > low else 1.0
    return Tile(SHADES[min(int(share * len(SHADES)), len(SHADES) - 1)], status, pathspec)
