"""The text of a cell in lines of text, and its style in a terminal."""

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.hidden_characters import visible
from mfwidgets.render.cell import Cell
from mfwidgets.render.sparks import blocks, load_blocks

STATUS_STYLES = {
    "completed": "green",
    "caught": "yellow",
    "failed": "red",
    "killed": "red",
    "running": "blue",
    "unknown": "magenta",
}
"""The colour of each status. The text also has the sign and the word."""

BAR_COLUMNS = 24
_SPARK_COLUMNS = 8

_MARKS = {"waiting": "·", "completed": "█", "failed": "▓", "killed": "▓", "running": "▒"}


@fast_dataclass(frozen=True, slots=True)
class CellStyle:
    """How cells are written.

    Attributes
    ----------
    bar_columns
        The width of a bar.
    compact
        Whether an ``age`` is written as in HTML, ``2 h ago``, and not as a time, a ``strip`` without its counts, and a ``curve`` in few blocks.
    levels
        Whether a number is followed by a block as high as its bar in HTML, and a time by its age.
    """

    bar_columns: int = BAR_COLUMNS
    compact: bool = False
    levels: bool = False


PLAIN = CellStyle()


def cell_text(cell: Cell, style: CellStyle = PLAIN) -> str:
    """Return a cell as plain text without hidden characters."""
    return visible(_text(cell, style))


def _text(cell: Cell, style: CellStyle) -> str:
    if cell.kind == "strip":
        signs = "".join(run.sign for run in cell.runs)
        return signs if style.compact and signs else f"{signs} {cell.text}".strip()
    if cell.kind in ("bins", "curve"):
        most = _SPARK_COLUMNS if style.compact else BAR_COLUMNS
        return f"{blocks(cell.levels, low_is_empty=cell.kind == 'bins', most=most)} {cell.text}".strip()
    if cell.kind == "age" and cell.title and (style.compact or style.levels):
        return cell.title if style.compact else f"{cell.text} ({cell.title})"
    if cell.kind == "measure" and style.levels and len(cell.segments) == 1:
        return f"{cell.plain} {blocks((cell.segments[0].end,))}"
    if cell.kind not in ("bar", "spark"):
        return cell.plain
    return _bar(cell, style.bar_columns if cell.kind == "bar" else _SPARK_COLUMNS)


def _bar(cell: Cell, length: int) -> str:
    if cell.levels:
        return load_blocks(cell.levels, length)
    bar = [" "] * length
    for segment in cell.segments:
        first = min(int(segment.start * length), length - 1)
        last = max(min(round(segment.end * length), length), first + 1)
        bar[first:last] = _MARKS.get(segment.status, "░") * (last - first)
    return "".join(bar)


def cell_styles(cell: Cell) -> tuple[str, ...]:
    """Return the styles of a cell in a terminal."""
    if cell.kind == "status":
        return status_styles(cell.text)
    if cell.kind == "tile":
        return status_styles(cell.value)
    return ("dim",) if cell.kind == "dim" else ()


def status_styles(status: str) -> tuple[str, ...]:
    """Return the styles of a status in a terminal."""
    return (STATUS_STYLES[status],) if status in STATUS_STYLES else ()
