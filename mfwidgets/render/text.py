"""Renders a view as lines of text, for terminals and for notebooks without HTML.

A line consists of spans with styles. A terminal may colour them. The text has all facts without the styles.
"""

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from wcwidth import ljust, rjust, width

from mfwidgets.hidden_characters import visible
from mfwidgets.render.view import (
    SIGNS,
    Cell,
    Graph,
    IFrame,
    Image,
    Line,
    Part,
    Preformatted,
    Span,
    Table,
    TileGrid,
    View,
    plain_line,
    text_of_line,
)

if TYPE_CHECKING:
    from rich.text import Text

_GAP = "  "

STATUS_STYLES = {
    "completed": "green",
    "caught": "yellow",
    "failed": "red",
    "killed": "red",
    "running": "blue",
    "unknown": "magenta",
}
"""The colour of each status. The text also has the sign and the word."""


def text_of(view: View) -> str:
    """Return a view as lines of text."""
    return "\n".join(text_of_line(line) for line in lines_of(view))


def lines_of(view: View) -> list[Line]:
    """Return a view as lines of spans. No span has a hidden character, whatever the view contains."""
    lines = _head(view)
    label_width = max((width(label) for label, _ in view.facts), default=0)
    lines += [(Span(f"{_GAP}{ljust(label, label_width)}{_GAP}", ("dim",)), *_cell(cell)) for label, cell in view.facts]
    lines += [plain_line(f"{_GAP}{note}") for note in view.notes]
    for part in view.parts:
        lines += _part(part)
    return [tuple(Span(visible(span.text), span.styles) for span in line) for line in lines]


def _part(part: Part) -> list[Line]:
    """Return a part as lines. A graph has no lines, because a table has the same facts."""
    match part:
        case Table():
            return _table(part)
        case Preformatted():
            lines = (_stripped((Span(_margin(margin), ("dim",)), *line)) for margin, line in part.rows)
            return [_heading(part), *lines]
        case Image() | IFrame():
            return [(Span(part.heading, ("bold",)), Span(f" ({part.note})", ("dim",)))]
        case TileGrid():
            return [_heading(part), *_tile_grid(part)]
        case Graph():
            return []


def _head(view: View) -> list[Line]:
    head = [Span(f"{view.kind} {view.name}".rstrip(), ("bold",))]
    if view.status:
        head += [Span(_GAP), *_cell(view.status)]
    return [tuple(head), *([plain_line(f"{_GAP}{view.reason}")] if view.reason else [])]


def _heading(part: Table | Preformatted | TileGrid) -> Line:
    note = (Span(f" ({part.note})", ("dim",)),) if part.note else ()
    return (Span(part.heading, ("bold",)), *note)


def _table(table: Table) -> list[Line]:
    """Return a table as lines: heading, column names, rows. A column is as wide as its widest text."""
    texts = [table.columns, *(tuple(_plain(cell) for cell in row) for row in table.rows)]
    styles = [(("dim",),) * len(table.columns), *(tuple(_styles(cell) for cell in row) for row in table.rows)]
    widths = [max(map(width, column)) for column in zip(*texts, strict=True)]
    lines = [_heading(table)]
    for row, row_styles in zip(texts, styles, strict=True):
        spans: list[Span] = []
        for text, span_styles, columns, is_number in zip(row, row_styles, widths, table.numeric, strict=True):
            spans += [Span(_GAP), Span((rjust if is_number else ljust)(text, columns), span_styles)]
        lines.append(_stripped(spans))
    return lines


_BAR, _SPARK = 24, 8
_MARKS = {"waiting": "·", "completed": "█", "failed": "▓", "killed": "▓", "running": "▒"}


def _cell(cell: Cell) -> Line:
    return (Span(cell.plain, _styles(cell)),)


def _styles(cell: Cell) -> tuple[str, ...]:
    if cell.kind == "status":
        return _style(cell.text)
    return ("dim",) if cell.kind == "dim" else ()


def _style(status: str) -> tuple[str, ...]:
    return (STATUS_STYLES[status],) if status in STATUS_STYLES else ()


def _plain(cell: Cell) -> str:
    if cell.kind == "history":
        return f"{''.join(SIGNS.get(segment.status, '?') for segment in cell.segments)} {cell.text}"
    if cell.kind not in ("bar", "spark"):
        return cell.plain
    length = _BAR if cell.kind == "bar" else _SPARK
    bar = [" "] * length
    for segment in cell.segments:
        first = min(int(segment.start * length), length - 1)
        last = max(min(round(segment.end * length), length), first + 1)
        bar[first:last] = _MARKS.get(segment.status, "░") * (last - first)
    return "".join(bar)


def _tile_grid(grid: TileGrid) -> list[Line]:
    lines = []
    for name, tiles in grid.rows:
        pieces = [Span(text, _style(status)) for status, text in grid.runs(tiles)]
        lines.append(_stripped([Span(_GAP), *pieces, Span(f"{_GAP}{name}")]))
    return lines


def _margin(margin: str) -> str:
    return f"{_GAP}{margin}{_GAP if margin else ''}"


def _stripped(spans: Iterable[Span]) -> Line:
    """Return a line without trailing blanks."""
    line = list(spans)
    while line:
        last = line.pop()
        text = last.text.rstrip()
        if text:
            return (*line, Span(text, last.styles))
    return ()


def shows_colours(stream: TextIO) -> bool:
    """Return whether a stream shows colours: terminals do. ``NO_COLOR`` and ``FORCE_COLOR`` override this."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def print_lines(lines: Iterable[Sequence[Span]], stream: TextIO) -> None:
    """Print lines to a stream, with colours if it shows colours. Lines are not wrapped."""
    if not shows_colours(stream):
        stream.write("".join(f"{text_of_line(line)}\n" for line in lines))
        return
    from rich.console import Console

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    for line in lines:
        console.print(_painted(line), soft_wrap=True)


def _painted(line: Sequence[Span]) -> "Text":
    from rich.text import Text

    text = Text(end="")
    for span in line:
        text.append(span.text, " ".join("reverse" if style == "marked" else style for style in span.styles) or None)
    text.end = "\n"
    return text
