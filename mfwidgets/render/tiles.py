"""The looks of tiles: colours of statuses, and one colour that gets stronger with a number.

Styles are inline: JupyterLab removes style sheets from untrusted outputs, but no inline colours. Text on the colours is
readable on light and dark backgrounds.
"""

from mfwidgets.render.cell import MARKS, SIGNS, Cell
from mfwidgets.render.charts.palette import STATUS
from mfwidgets.render.tile_grid import PLANNED, Tile, TileGrid

_SCALE = "25,118,210"
"""Red, green and blue of the colour of numbers."""

_FAINT = 0.1
"""The opacity at the low end of the scale."""

BLANK = "\u2007"
"""In a tile without a sign, so that it has a size without the style sheet."""

_MAX_NAME_WIDTH = 24


_FULL = 0.6
"""The opacity of the largest number. Above it, text is not readable in all themes."""

_TILE = {"completed": "26,127,75"}
"""Red, green and blue of tiles of steps whose strength shows their duration. Others have the full colour of their status."""


def step_style(cell: Cell) -> str:
    """Return the style of a tile in a table: the longer a completed step took, the stronger."""
    if cell.value in _TILE:
        strength = (cell.levels[0] if cell.levels else 0) or 0
        return f"background:rgba({_TILE[cell.value]},{_FAINT + (_FULL - _FAINT) * strength:.2f})"
    return f"background:{status_colour(cell.value)};color:#fff"


def status_colour(status: str) -> str:
    """Return the colour of a status."""
    return STATUS.get(status, STATUS["unknown"])


def tile_style(tile: Tile) -> str:
    """Return the style of a tile: the colour of its number, or of its status. A planned task is an outline."""
    if tile.status == PLANNED:
        return "box-shadow:inset 0 0 0 1px rgba(128,128,128,.7)"
    if tile.share is not None:
        return f"background:{_shade(tile.share)}"
    return f"background:{status_colour(tile.status)};color:#fff"


def _shade(share: float) -> str:
    opacity = _FAINT + (_FULL - _FAINT) * min(max(share, 0.0), 1.0)
    return f"rgba({_SCALE},{opacity:.2f})"


def scale_style() -> str:
    """Return the style of the colour scale in a legend."""
    colours = f"linear-gradient(to right,{_shade(0)},{_shade(1)})"
    return f"display:inline-block;width:120px;height:11px;line-height:11px;margin:0 4px;border-radius:3px;background:{colours}"


def tile_words(tile: Tile) -> str:
    """Return the text in a tile: its number or status, the mark of the best, or the sign of a status."""
    if tile.text and (tile.share is not None or tile.status == PLANNED):
        return tile.text
    if tile.text:
        return f"{tile.sign} {tile.text}"
    is_sign = tile.sign in (*SIGNS.values(), *MARKS.values())
    return tile.sign if is_sign and tile.sign != SIGNS["completed"] else BLANK


def tile_name_width(grid: TileGrid) -> str:
    """Return the width of the names of the rows, so that their tiles begin in one column. Empty without names."""
    widest = max((len(name) for name, _ in grid.rows), default=0)
    return f"{min(widest, _MAX_NAME_WIDTH) + 0.5}ch" if widest else ""


def tile_text_width(grid: TileGrid) -> str:
    """Return a style for tiles with text, so that they are equally wide. Empty if no tile has text."""
    widest = max((len(tile_words(tile)) for _, tiles in grid.rows for tile in tiles if tile.text), default=0)
    return f"min-width:{widest + 2}ch;" if widest else ""
