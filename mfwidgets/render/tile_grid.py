"""The part of a display that shows tasks as tiles in rows."""

from typing import ClassVar

from mfwidgets.fast_dataclass import fast_dataclass

PLANNED = "planned"
"""The status of a tile for tasks that have not started."""


@fast_dataclass(frozen=True, slots=True)
class Tile:
    """A tile of a grid, for one task or for several.

    Attributes
    ----------
    sign
        A sign for its status, or a block for its number, for text displays.
    status
        The worst status of its tasks, or ``planned``.
    pathspec
        The pathspec, if it is a single task.
    title
        A tooltip: index, item, status and value.
    share
        The position of its number on the colour scale, from 0 to 1. None shows the status.
    text
        The number or the status that is written in a wide tile. Empty for a small tile.
    """

    sign: str
    status: str
    pathspec: str = ""
    title: str = ""
    share: float | None = None
    text: str = ""


NO_TILE = Tile("", "")
"""A place in a matrix without a task."""


@fast_dataclass(frozen=True, slots=True)
class TileGrid:
    """Rows of tiles.

    Attributes
    ----------
    rows
        The name and the tiles of each row.
    legend
        Tiles and their meanings.
    ends
        The numbers at the ends of the colour scale. None without a scale.
    columns
        The headings of the columns, if the grid is a matrix. Each row then has a tile for each column, and
        ``NO_TILE`` where there is no task.
    corner
        What the rows and the columns of a matrix are.
    """

    heading: str
    rows: tuple[tuple[str, tuple[Tile, ...]], ...]
    note: str = ""
    legend: tuple[tuple[Tile, str], ...] = ()
    ends: tuple[str, str] | None = None
    columns: tuple[str, ...] = ()
    corner: str = ""
    left_out: bool = False
    part: ClassVar[str] = "tile_grid"
