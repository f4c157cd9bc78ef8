"""Renders a view as lines of text, for terminals and for notebooks without HTML.

A line consists of spans with styles. A terminal may colour them. The text has all facts without the styles.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING, TextIO

from mfwidgets.hidden_characters import visible
from mfwidgets.render.cell import Cell
from mfwidgets.render.fold import fold, fold_line
from mfwidgets.render.graph import Graph
from mfwidgets.render.sparks import blocks
from mfwidgets.render.stack import ARROW, FoldedLines, Stack
from mfwidgets.render.step_map.model import StepMap
from mfwidgets.render.step_map.text import text_table
from mfwidgets.render.text_cells import cell_styles, cell_text, status_styles
from mfwidgets.render.text_table import GAP, table_lines, without_trailing_blanks
from mfwidgets.render.text_width import ljust, rjust, width
from mfwidgets.render.tile_grid import Tile, TileGrid
from mfwidgets.render.view import (
    Branch,
    Chart,
    Figures,
    Gallery,
    IFrame,
    Image,
    Line,
    Part,
    Preformatted,
    Span,
    Table,
    Tree,
    View,
    plain_line,
    text_of_line,
)
from mfwidgets.render.wrap import MIN_TEXT_COLUMNS, wrapped

if TYPE_CHECKING:
    from rich.text import Text


def text_of(view: View, columns: int | None = None) -> str:
    """Return a view as lines of text. See :func:`lines_of`."""
    return "\n".join(text_of_line(line) for line in lines_of(view, columns))


def lines_of(view: View, columns: int | None = None) -> list[Line]:
    """Return a view as lines of spans. No span has a hidden character, whatever the view contains.

    Parameters
    ----------
    view
        The view.
    columns
        The number of columns of a terminal. No line is wider, if it is 40 or more. None cuts and folds nothing.
    """
    lines = [*_head(view, columns), *_lead(view.lead, columns)]
    label_width = max((width(label) for label, _ in view.facts), default=0)
    indent = label_width + 2 * len(GAP)
    for label, cell in view.facts:
        spans = (Span(f"{GAP}{ljust(label, label_width)}{GAP}", ("dim",)), Span(cell_text(cell), cell_styles(cell)))
        lines += _fact(spans, columns, indent)
    for note in view.notes:
        lines += fold_line(plain_line(f"{GAP}{visible(note)}"), columns, len(GAP))
    for part in view.parts:
        lines += _part(part, columns)
    if view.more:
        lines += fold_line((Span(f"{GAP}{view.more}", ("dim",)),), columns, len(GAP))
    return [tuple(Span(visible(span.text), span.styles) for span in line) for line in lines]


def _fact(spans: tuple[Span, Span], columns: int | None, indent: int) -> list[Line]:
    """Return a label and its value. A value that does not fit next to a wide label begins below it."""
    if columns is None or width(text_of_line(spans)) <= columns:
        return [spans]
    if columns - indent >= MIN_TEXT_COLUMNS:
        return fold_line(spans, columns, indent)
    label, value = spans
    below = fold_line((Span(GAP + GAP), value), columns, 2 * len(GAP))
    return [*fold_line(without_trailing_blanks([label]), columns, len(GAP)), *below]


def _lead(lead: Line, columns: int | None) -> list[Line]:
    return fold_line((Span(GAP), *_visible(lead)), columns, len(GAP)) if lead else []


def _stack(stack: Stack, columns: int | None) -> list[Line]:
    """Return places in code. Folded frames have only their summary."""
    lines: list[Line] = []
    for frame in stack.frames:
        if isinstance(frame, FoldedLines):
            lines += fold_line((Span(GAP), Span(visible(frame.summary), ("dim",))), columns, 2 * len(GAP))
            continue
        if frame.words:
            lines += fold_line(plain_line(f"{GAP}{frame.words} {visible(frame.place)}"), columns, 2 * len(GAP))
        for margin, line in frame.rows:
            rows = wrapped(f"{GAP}{margin or GAP}{GAP if margin else ''}", _visible(line), columns)
            if margin.startswith(ARROW):
                rows[0] = (Span(rows[0][0].text, ("red", "bold")), *rows[0][1:])
            lines += map(without_trailing_blanks, rows)
    return lines


def _part(part: Part, columns: int | None = None) -> list[Line]:  # noqa: C901, PLR0911 - one for each kind
    """Return a part as lines. A graph and a gallery have no lines: a table has the same facts."""
    match part:
        case Table():
            return [*_heading(part, columns), *table_lines(part, columns)]
        case Chart():
            return _chart(part, columns)
        case Figures():
            return [*_heading(part, columns), *_figures(part, columns)]
        case Preformatted():
            rows = (row for margin, line in part.rows for row in wrapped(_margin(margin), _visible(line), columns))
            return [*_heading(part, columns), *map(without_trailing_blanks, rows)]
        case Stack():
            return [*_heading(part, columns), *_stack(part, columns)]
        case Image() | IFrame():
            return _heading(part, columns)
        case TileGrid():
            return [*_heading(part, columns), *tile_lines(part, columns)]
        case Tree():
            return [*_heading(part, columns), *_branches(part.branches, 1, columns)]
        case StepMap():
            return [*_heading(part.table, columns), *table_lines(text_table(part), columns)]
        case Graph() | Gallery():
            return []


def _visible(line: Line) -> Line:
    return tuple(Span(visible(span.text), span.styles) for span in line)


def _figures(part: Figures, columns: int | None) -> list[Line]:
    """Return a line for each number: its name, the number and its note."""
    labels = max(width(figure.label) for figure in part.figures)
    numbers = max(width(figure.text) for figure in part.figures)
    lines: list[Line] = []
    for figure in part.figures:
        spans = [
            Span(f"{GAP}{ljust(figure.label, labels)}{GAP}", ("dim",)),
            Span(rjust(figure.text, numbers), ("bold",)),
            Span(f"{GAP}{figure.note}", ("dim",)),
        ]
        lines += fold_line(without_trailing_blanks(spans), columns, labels + 2 * len(GAP))
    return lines


def _chart(chart: Chart, columns: int | None) -> list[Line]:
    from mfwidgets.render.charts.terminal import chart_lines  # most displays have no chart

    lines = _heading(chart, columns)
    for text in chart_lines(chart.chart, columns):
        lines += fold_line(plain_line(visible(text)), columns, 2 * len(GAP))
    lines += table_lines(chart.numbers, columns)
    if chart.numbers.note:
        lines += fold_line((Span(f"{GAP}({chart.numbers.note})", ("dim",)),), columns, len(GAP))
    return lines


def _head(view: View, columns: int | None) -> list[Line]:
    head = [Span(f"{view.kind} {view.name}".rstrip(), ("bold",))]
    if view.status:
        head += [Span(GAP), Span(cell_text(view.status), cell_styles(view.status))]
    lines = fold_line(_visible(tuple(head)), columns, 2 * len(GAP))
    return [*lines, *(fold_line(plain_line(f"{GAP}{visible(view.reason)}"), columns, len(GAP)) if view.reason else [])]


def _heading(part: Part, columns: int | None) -> list[Line]:
    note = (Span(f" ({part.note})", ("dim",)),) if part.note else ()
    return fold_line(_visible((Span(part.heading, ("bold",)), *note)), columns, len(GAP))


_MAX_NAME_WIDTH = 32
"""The values of a level of a tree begin in one column, unless a name is wider."""

_NAME_SHARE = 3
"""In a terminal, the names of a level take at most this fraction of the columns."""


def _branches(branches: Sequence[Branch], level: int, columns: int | None) -> list[Line]:
    """Return the branches of a tree as indented lines. The values of a level begin in one column."""
    names = min(max((width(branch.name) for branch in branches), default=0), _MAX_NAME_WIDTH)
    if columns is not None:
        names = min(names, columns // _NAME_SHARE)
    lines: list[Line] = []
    for branch in branches:
        indent = GAP * level
        name = ljust(branch.name, names) + GAP if names else ""
        cells = [Span(f"{cell_text(cell)}{GAP}", cell_styles(cell)) for cell in branch.cells]
        line = _visible(without_trailing_blanks([Span(f"{indent}{name}", ("dim",)), *cells]))
        lines += fold_line(line, columns, width(indent) + names + len(GAP))
        lines += _branches(branch.branches, level + 1, columns)
        if branch.note:
            lines += fold_line((Span(f"{indent}{GAP}({branch.note})", ("dim",)),), columns, len(indent) + 2 * len(GAP))
    return lines


def tile_lines(grid: TileGrid, columns: int | None) -> list[Line]:
    """Return the rows of a grid and its legend. Numbers that are written in tiles are written here, too."""
    return [*(_matrix(grid, columns) if grid.columns else _rows_of_tiles(grid, columns)), *_legend(grid, columns)]


def _matrix(grid: TileGrid, columns: int | None) -> list[Line]:
    """Return a matrix as a table. Its tiles have the colours of their statuses."""
    rows = tuple((Cell(name, "dim"), *(_tile_cell(tile) for tile in tiles)) for name, tiles in grid.rows)
    return table_lines(Table("", (grid.corner, *grid.columns), rows, pathspecs=("",) * len(grid.columns)), columns)


def _tile_cell(tile: Tile) -> Cell:
    return Cell(f"{tile.sign} {tile.text}".strip(), "number" if tile.share is not None else "text")


def _rows_of_tiles(grid: TileGrid, columns: int | None) -> list[Line]:
    """Return a line for each row, or several in a narrow terminal."""
    names = max((width(name) for name, _ in grid.rows), default=0)
    if columns is not None:
        names = min(names, columns // _NAME_SHARE)
    numbers = max((width(tile.text) for _, tiles in grid.rows for tile in tiles), default=0)
    tile_columns = (2 + numbers + len(GAP)) if numbers else 1
    margin = len(GAP) + names + (len(GAP) if names else 0)
    in_line = None if columns is None else max((columns - margin) // tile_columns, 1)
    lines: list[Line] = []
    for name, tiles in grid.rows:
        label = [name] if columns is None else fold(name, max(names, 1))
        rows = [tiles[at : at + (in_line or len(tiles))] for at in range(0, len(tiles), in_line or len(tiles))]
        for word, row in zip_longest(label, rows, fillvalue=None):
            spans = [Span(GAP), Span(rjust(word or "", names), ("dim",)), Span(GAP if names else "")]
            lines.append(without_trailing_blanks([*spans, *_tiles(row or (), numbers)]))
    return lines


def _legend(grid: TileGrid, columns: int | None) -> list[Line]:
    legend = [f"{tile.sign} {meaning}" for tile, meaning in grid.legend]
    if grid.ends:
        legend = [f"{blocks((0.0,))} {grid.ends[0]}", f"{blocks((1.0,))} {grid.ends[1]}", *legend]
    return fold_line((Span(f"{GAP}{(GAP + GAP).join(legend)}", ("dim",)),), columns, len(GAP)) if legend else []


def _tiles(tiles: Sequence[Tile], numbers: int) -> Iterator[Span]:
    for status, group in groupby(tiles, key=lambda tile: "" if tile.share is not None else tile.status):
        texts = [f"{tile.sign} {ljust(tile.text, numbers)}{GAP}" if numbers else tile.sign for tile in group]
        yield Span("".join(texts), status_styles(status))


def _margin(margin: str) -> str:
    return f"{GAP}{margin}{GAP if margin else ''}"


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
        console.print(painted(line), soft_wrap=True)


def painted(line: Sequence[Span]) -> "Text":
    """Return a line as rich prints it, with its styles."""
    from rich.text import Text

    text = Text(end="")
    for span in line:
        text.append(span.text, " ".join("reverse" if style == "marked" else style for style in span.styles) or None)
    text.end = "\n"
    return text
