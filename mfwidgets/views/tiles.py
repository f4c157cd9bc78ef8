"""The tiles of a step: one per task in the order of the items, planned tasks included, coloured by status or number."""

from collections import Counter
from collections.abc import Mapping, Sequence

from mfwidgets.client.answers.grid import DURATION, GridCell
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.records import TaskKey
from mfwidgets.queries.status.rules import step_status
from mfwidgets.render.cell import MARKS, SIGNS
from mfwidgets.render.numbers import number_text
from mfwidgets.render.sparks import blocks
from mfwidgets.render.tile_grid import NO_TILE, PLANNED, Tile, TileGrid
from mfwidgets.render.tiles import BLANK
from mfwidgets.times import duration_text
from mfwidgets.views.cells import Limits
from mfwidgets.views.grid_matrix import Matrix
from mfwidgets.views.tables import shown_of_total

TILES_PER_ROW = 12
"""The maximum number of tiles, for each row of a table that the display may have. Then each tile stands for several."""

_IN_LINE, _WIDE_IN_LINE = 30, 10
"""Tiles in a line of a single foreach. Wide tiles have their number written in them."""

_MAX_WIDE = 120

_MAX_NAMED, _MAX_LABEL = 60, 16
"""The maximum number of tiles with a name, and of its characters. They are in one line, which the page or the terminal wraps."""

_MAX_DRAWN = 100_000
"""More planned tasks are only counted."""

_MAX_TITLE = 90

_NOT_STARTED = "not started"

Slot = GridCell | None
"""A task, or None for one that is planned."""


@fast_dataclass(frozen=True, slots=True)
class Colours:
    """How tiles are coloured.

    Attributes
    ----------
    by
        The name of the number, ``duration``, or ``status``.
    low, high
        The smallest and the largest number. They are equal if there is no scale.
    best
        The best number, which is marked. None if no number is.
    """

    by: str
    low: float = 0.0
    high: float = 0.0
    best: float | None = None
    has_numbers: bool = False

    def share(self, value: float) -> float:
        """Return the position of a number on the scale, from 0 to 1."""
        span = self.high / 2 - self.low / 2  # halves, so that the difference of huge numbers is finite
        return min(max((value / 2 - self.low / 2) / span, 0.0), 1.0) if span else 1.0

    def text(self, value: float) -> str:
        """Return a number, or a duration in words."""
        return duration_text(round(value)) if self.by == DURATION else number_text(value)


def tile_grid(
    lines: Mapping[str, Sequence[GridCell]],
    planned: int,
    colours: Colours,
    labels: Mapping[TaskKey, str],
    limits: Limits,
    *,
    with_numbers: bool = True,
    matrix: Matrix | None = None,
) -> tuple[TileGrid, ...]:
    """Show tiles. Empty if there are no tasks.

    Parameters
    ----------
    lines
        The tasks by the text of their outer items.
    planned
        The number of tasks that the step will have.
    colours
        How tiles are coloured.
    labels
        Short words for the items of tasks.
    limits
        The limits of the display.
    with_numbers
        Whether up to 120 tiles have their numbers or labels written in them.
    matrix
        The places of the tasks, if their items are a product.
    """
    cells = [cell for line in lines.values() for cell in line]
    if not cells:
        return ()
    waiting = max(planned - len(cells), 0)
    slots, hidden = _with_planned(lines, waiting)
    max_tiles = TILES_PER_ROW * limits.rows
    per_tile = -(-sum(map(len, slots.values())) // max_tiles)
    is_wide = with_numbers and colours.has_numbers and per_tile == 1 and len(cells) <= _MAX_WIDE
    heading = f"Tasks at a glance, by {limits.text(colours.by).text}" if colours.has_numbers else "Tasks at a glance"
    ends = (colours.text(colours.low), colours.text(colours.high)) if colours.has_numbers else None
    legend = _legend(cells, waiting, colours)
    if matrix is not None:
        rows = _matrix_rows(cells, matrix, colours, labels, limits)
        note = f"{waiting:,} {_NOT_STARTED}" if waiting else ""
        columns = tuple(limits.text(name).text for name in matrix.columns)
        corner = limits.text(f"{matrix.down} ↓  {matrix.across} →").text
        return (TileGrid(heading, rows, note, legend, ends, columns, corner),)
    is_named = with_numbers and not is_wide and per_tile == 1 and _has_short_labels(cells, labels)
    shown = list(slots.items())[: 10 * limits.rows]
    lines_of_tiles: list[tuple[str, tuple[Tile, ...]]] = []
    for name, line in shown:
        groups = [line[first : first + per_tile] for first in range(0, len(line), per_tile)]
        tiles = [_tile(group, colours, labels, is_wide=is_wide, is_named=is_named) for group in groups]
        in_line = _MAX_NAMED if is_named else _WIDE_IN_LINE if is_wide else _IN_LINE
        for first in range(0, len(tiles), in_line):
            if len(slots) == 1:
                label = f"{first * per_tile:,}" if len(tiles) > in_line else ""
            else:
                label = limits.text(name).text[:40] if not first else ""
            lines_of_tiles.append((label, tuple(tiles[first : first + in_line])))
    notes = [f"each tile stands for {per_tile:,} tasks"] if per_tile > 1 else []
    notes += [f"{shown_of_total(len(shown), len(slots))} lines"] if len(shown) < len(slots) else []
    notes += [f"{hidden:,} {_NOT_STARTED}"] if hidden else []
    left_out = len(shown) < len(slots)
    return (TileGrid(heading, tuple(lines_of_tiles), "; ".join(notes), legend, ends, left_out=left_out),)


def _matrix_rows(
    cells: Sequence[GridCell], matrix: Matrix, colours: Colours, labels: Mapping[TaskKey, str], limits: Limits
) -> tuple[tuple[str, tuple[Tile, ...]], ...]:
    """Return the rows of a matrix. Tiles have their numbers, or the durations of the tasks."""
    rows = []
    for name, places in zip(matrix.rows, matrix.places, strict=True):
        tiles = [NO_TILE if place is None else _tile([cells[place]], colours, labels, is_wide=True) for place in places]
        rows.append((limits.text(name).text, tuple(tiles)))
    return tuple(rows)


def _has_short_labels(cells: Sequence[GridCell], labels: Mapping[TaskKey, str]) -> bool:
    """Return whether labels fit into tiles, and there are few tiles."""
    texts = [labels.get(cell.row.record.key, "") for cell in cells]
    return len(cells) <= _MAX_NAMED and all(0 < len(text) <= _MAX_LABEL for text in texts)


def _with_planned(lines: Mapping[str, Sequence[GridCell]], waiting: int) -> tuple[dict[str, list[Slot]], int]:
    """Return the lines with a slot for each planned task, and the number of planned tasks that are too many to draw.

    In a single foreach each task is at its index.
    """
    slots: dict[str, list[Slot]] = {name: list(line) for name, line in lines.items()}
    if not waiting or waiting > _MAX_DRAWN:
        return slots, waiting
    if len(lines) > 1:
        return slots | {_NOT_STARTED: [None] * waiting}, 0
    ((name, line),) = lines.items()
    by_index = {cell.row.foreach_index: cell for cell in line if cell.row.foreach_index is not None}
    total = len(line) + waiting
    if len(by_index) < len(line) or any(index >= total for index in by_index):
        return {name: [*line, *[None] * waiting]}, 0
    return {name: [by_index.get(index) for index in range(total)]}, 0


def _tile(
    group: Sequence[Slot],
    colours: Colours,
    labels: Mapping[TaskKey, str],
    *,
    is_wide: bool,
    is_named: bool = False,
) -> Tile:
    cells = [cell for cell in group if cell is not None]
    if not cells:
        title = _NOT_STARTED if len(group) == 1 else f"{len(group):,} {_NOT_STARTED}"
        return Tile("·", PLANNED, title=title, text=BLANK if is_wide or is_named else "")
    status = str(step_status([cell.row.status for cell in cells]))
    values = [cell.value for cell in cells if cell.value is not None]
    title = _title(group, colours, labels)
    pathspec = cells[0].row.pathspec if len(group) == 1 else ""
    if not colours.has_numbers or not values or (len(cells) == 1 and _has_failed(cells)):
        text = (
            labels.get(cells[0].row.record.key, status)
            if is_named
            else _status_text(cells[0], colours)
            if is_wide
            else ""
        )
        return Tile(SIGNS.get(status, "?"), status, pathspec, title, text=text)
    value = sum(values) / len(values)
    share = colours.share(value)
    is_best = len(group) == 1 and value == colours.best
    text = f"{MARKS['best']} {colours.text(value)}" if is_wide and is_best else colours.text(value) if is_wide else ""
    sign = MARKS["best"] if is_best and not is_wide else SIGNS["failed"] if _has_failed(cells) else blocks((share,))
    return Tile(sign, status, pathspec, title, share, text)


def _status_text(cell: GridCell, colours: Colours) -> str:
    """Return the text in a tile without a number: how long the task took, if the grid shows statuses."""
    if not colours.has_numbers and cell.row.status == "completed" and cell.row.duration_ms is not None:
        return duration_text(cell.row.duration_ms)
    return str(cell.row.status)


def _has_failed(cells: Sequence[GridCell]) -> bool:
    return any(cell.row.status in ("failed", "killed") for cell in cells)


def _title(group: Sequence[Slot], colours: Colours, labels: Mapping[TaskKey, str]) -> str:
    """Return the tooltip of a tile. All facts are also in the table of the tasks."""
    cells = [cell for cell in group if cell is not None]
    if len(group) > 1:
        counts = Counter(str(cell.row.status) for cell in cells)
        words = [f"{count:,} {status}" for status, count in counts.items()]
        words += [f"{len(group) - len(cells):,} {_NOT_STARTED}"] if len(cells) < len(group) else []
        first, last = cells[0].row.foreach_index, cells[-1].row.foreach_index
        place = f"#{first} to {last}: " if first is not None and last is not None else ""
        return f"{place}{', '.join(words)}"
    row, value = cells[0].row, cells[0].value
    place = "" if row.foreach_index is None else f"#{row.foreach_index} "
    facts = [f"{place}{labels.get(row.record.key) or ', '.join(row.item.values)}".strip(), str(row.status)]
    if value is not None and colours.has_numbers:
        facts.append(f"{'' if colours.by == DURATION else f'{colours.by} '}{colours.text(value)}")
    elif row.duration_ms is not None:
        facts.append(duration_text(row.duration_ms))
    return " · ".join(filter(None, facts))[:_MAX_TITLE]


def _legend(cells: Sequence[GridCell], waiting: int, colours: Colours) -> tuple[tuple[Tile, str], ...]:
    """Return a tile for each status that occurs, with the number of tasks. For numbers, only those without a number."""
    without = [cell for cell in cells if not colours.has_numbers or cell.value is None]
    counts = Counter(str(cell.row.status) for cell in without)
    suffix = ", no number" if colours.has_numbers else ""
    legend = [
        (Tile(sign, status), f"{counts[status]:,} {status}{suffix}") for status, sign in SIGNS.items() if counts[status]
    ]
    return (*legend, *([(Tile("·", PLANNED), f"{waiting:,} {_NOT_STARTED}")] if waiting else []))
