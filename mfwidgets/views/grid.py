"""What a grid of tasks shows: signs by status, shades by number; the same in text and on a page."""

from collections.abc import Sequence

from mfwidgets.client.answers.grid import DURATION, STATUS, Grid, GridCell
from mfwidgets.queries.status.rules import step_status
from mfwidgets.render.view import SIGNS, Cell, Tile, TileGrid, View
from mfwidgets.times import duration_text
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.tables import shown_of_total

SHADES = "▁▂▃▄▅▆▇█"
_WIDE = 60
"""Tiles of a line; longer lines go on in the next."""

_MOST = 2_000
"""Tiles; above that each stands for several tasks."""


@build_view.register
def build_grid_view(grid: Grid, limits: Limits) -> View:
    """Show one tile a task; above 2,000 tasks one for several, by the worst status or the mean."""
    lines = grid.lines
    cells = [cell for line in lines.values() for cell in line]
    status = step_status([cell.row.status for cell in cells])
    values = [cell.value for cell in cells if cell.value is not None]
    facts = [("tasks", Cell(f"{len(cells):,}")), ("by", limits.code(grid.by))]
    if values:
        facts += [("least", _value(grid, min(values), limits)), ("most", _value(grid, max(values), limits))]
    if grid.by != STATUS and len(values) < len(cells):
        facts.append(("without a number", Cell(f"{len(cells) - len(values):,}")))
    notes = () if cells else ("No task has begun yet.",)
    if cells and not values and grid.by != STATUS:
        notes = (_nothing_to_go_by(grid, limits),)
    return View(
        kind="Grid",
        name=limits.text(grid.step.pathspec).text,
        status=limits.status(status),
        reason=limits.text(status.reason).text if status else "",
        facts=tuple(facts),
        notes=notes,
        parts=tile_grid(grid, limits),
    )


def _nothing_to_go_by(grid: Grid, limits: Limits) -> str:
    """Explain a grid without a number."""
    if grid.by == DURATION:
        return "No task has ended yet, so the tiles are signs of status."
    return (
        f"No task of this step has a number called {limits.text(grid.by).text}, so the tiles are signs of status: "
        f"%mflow artifacts {limits.text(grid.step.pathspec).text} lists what there is."
    )


def tile_grid(grid: Grid, limits: Limits) -> tuple[TileGrid, ...]:
    """Show the tiles alone; nothing where there is no task."""
    lines = grid.lines
    cells = [cell for line in lines.values() for cell in line]
    if not cells:
        return ()
    together = -(-len(cells) // _MOST)
    values = [cell.value for cell in cells if cell.value is not None]
    low, high = min(values, default=0.0), max(values, default=0.0)
    shown = list(lines.items())[: 10 * limits.rows]
    rows = tuple(
        (limits.text(name).text, tiles)
        for name, line in shown
        for tiles in _tiles(line, together, low, high, by_status=grid.by == STATUS)
    )
    notes = [f"each tile stands for {together:,} tasks"] if together > 1 else []
    notes += [f"{shown_of_total(len(shown), len(lines))} lines"] if len(shown) < len(lines) else []
    return (TileGrid("Tasks at a glance", rows, "; ".join(notes)),)


def _value(grid: Grid, value: float, limits: Limits) -> Cell:
    return Cell(duration_text(round(value)) if grid.by == DURATION else limits.code(f"{value:g}").text)


def _tiles(
    line: Sequence[GridCell], together: int, low: float, high: float, *, by_status: bool
) -> list[tuple[Tile, ...]]:
    """Return the tiles of a line, in pieces of a readable length."""
    groups = [line[first : first + together] for first in range(0, len(line), together)]
    tiles = [_tile(group, low, high, by_status=by_status) for group in groups]
    return [tuple(tiles[first : first + _WIDE]) for first in range(0, len(tiles), _WIDE)]


def _tile(group: Sequence[GridCell], low: float, high: float, *, by_status: bool) -> Tile:
    status = str(step_status([cell.row.status for cell in group]))
    pathspec = group[0].row.pathspec if len(group) == 1 else ""
    values = [cell.value for cell in group if cell.value is not None]
    if by_status or not values:
        return Tile(SIGNS.get(status, "?"), status, pathspec)
    place = (sum(values) / len(values) - low) / (high - low) if high > low else 1.0
    return Tile(SHADES[min(int(place * len(SHADES)), len(SHADES) - 1)], status, pathspec)
