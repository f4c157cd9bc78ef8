"""Tables as lines of text that fit into a terminal.

A table that is too wide is fitted step by step: times become ages, long sentences move below their rows, and other text is
folded inside of its column. If that is not enough, columns that the table calls spare are left out and named. All other
tables continue in blocks, with the first column in each block.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.render.cell import Cell, visible_cells
from mfwidgets.render.fold import fold, fold_line
from mfwidgets.render.text_cells import BAR_COLUMNS, PLAIN, CellStyle, cell_styles, cell_text
from mfwidgets.render.text_width import ljust, rjust, width
from mfwidgets.render.view import Line, Span, Table

GAP = "  "

_MIN_BAR, _MAX_BAR = 8, 60
"""The narrowest and the widest bar, in columns."""

_SENTENCE = 32
"""The last column moves below its rows if it is wider than this, and has less room."""

_MIN_FOLDED, _MAX_WORD = 10, 20
"""A column is not narrower than its longest word, within these limits."""

_OBJECT_COLUMNS = 20
"""A column of a comparison is not narrower than this, unless its texts are."""

_RIGID = frozenset(("status", "number", "measure", "time", "age", "spark", "bar", "icon", "strip"))
"""Kinds of cells that are not folded."""


def table_lines(table: Table, columns: int | None) -> list[Line]:
    """Return the names of the columns and the rows of a table. No line is wider than ``columns``, if that is 40 or more.

    Parameters
    ----------
    table
        The table.
    columns
        The number of columns of the terminal. None fits nothing: a column is as wide as its widest text.
    """
    if columns is None:
        return _lines(table, PLAIN, _Block(range(len(table.columns)), _widths(table, PLAIN)))
    style = _style(table, columns)
    widths = _widths(table, style)
    if _total(widths) <= columns:
        return _lines(table, style, _Block(range(len(widths)), widths, columns))
    places = list(range(len(widths)))
    below = [places.pop()] if len(places) > 1 and _is_sentence(table, widths, columns) else []
    smallest = _smallest_widths(table, widths, style)
    names = _names(table, style)
    dropped: list[int] = []
    for name in table.spare:
        place = table.columns.index(name) if name in table.columns else -1
        if place in places and _total([smallest[place] for place in places]) > columns:
            places.remove(place)
            dropped.append(place)
    lines: list[Line] = []
    for number, shown_places in enumerate(_blocks(places, smallest, columns)):
        shown = _widened({place: smallest[place] for place in shown_places}, widths, columns)
        widths_shown = [shown.get(place, 0) for place in range(len(widths))]
        block = _Block(shown_places, widths_shown, columns, is_first=not number)
        lines += _lines(table, style, block if number else replace(block, below=below, dropped=dropped))
    return [*lines, *_left_out([names[place] for place in sorted(dropped)], table.more, columns)]


def _style(table: Table, columns: int) -> CellStyle:
    """Return the richest style with which the table fits. If none fits, return the most compact one."""
    bars = [place for place in range(len(table.columns)) if any(row[place].kind == "bar" for row in table.rows)]
    style = PLAIN
    for levels, compact in ((True, False), (False, False), (False, True)):
        style = CellStyle(BAR_COLUMNS, compact, levels)
        if bars:
            style = replace(style, bar_columns=0)
            room = columns - _total(_widths(table, style)) + sum(width(table.columns[place]) for place in bars)
            style = replace(style, bar_columns=min(max(room // len(bars), _MIN_BAR), _MAX_BAR))
        if _total(_widths(table, style)) <= columns:
            break
    return style


def _names(table: Table, style: CellStyle) -> list[str]:
    """Return the names of the columns. An age has no time zone."""
    return [
        name.partition(" (")[0] if style.compact and any(row[place].kind == "age" for row in table.rows) else name
        for place, name in enumerate(table.columns)
    ]


def _widths(table: Table, style: CellStyle) -> list[int]:
    return [
        max((width(cell_text(row[place], style)) for row in table.rows if row[place].span == 1), default=0)
        if not name
        else max(width(name), *(width(cell_text(row[place], style)) for row in table.rows if row[place].span == 1), 0)
        for place, name in enumerate(_names(table, style))
    ]


def _total(widths: Sequence[int]) -> int:
    return sum(columns + len(GAP) for columns in widths)


def _is_sentence(table: Table, widths: Sequence[int], columns: int) -> bool:
    """Return whether the last column has sentences that are read better below their rows: there is no room next to them."""
    kinds = {row[-1].kind for row in table.rows if row[-1].text and row[-1].span == 1}
    return widths[-1] > _SENTENCE and kinds <= {"text", "dim"} and columns - _total(widths[:-1]) < _SENTENCE


def _smallest_widths(table: Table, widths: Sequence[int], style: CellStyle) -> list[int]:
    """Return how narrow each column can become."""
    smallest = []
    for place, (name, widest) in enumerate(zip(_names(table, style), widths, strict=True)):
        cells = [row[place] for row in table.rows if row[place].span == 1 and row[place].kind != "group"]
        rigid = max((width(cell_text(cell, style)) for cell in cells if cell.kind in _RIGID), default=0)
        words = [word for cell in cells if cell.kind not in _RIGID for word in cell_text(cell, style).split(" ")]
        longest = min(max(map(width, [*words, *name.split(" ")]), default=0), _MAX_WORD)
        least = max(rigid, longest, _OBJECT_COLUMNS if table.pathspecs and place else _MIN_FOLDED)
        smallest.append(min(widest, least))
    return smallest


def _blocks(places: Sequence[int], smallest: Sequence[int], columns: int) -> list[list[int]]:
    """Return the columns of each block. Each has the first column."""
    blocks: list[list[int]] = []
    for place in places[1:]:
        if not blocks or _total([smallest[at] for at in (*blocks[-1], place)]) > columns:
            if blocks and len(blocks[-1]) == 1:  # not even one fits: the rows will be folded
                blocks[-1].append(place)
                continue
            blocks.append([places[0]])
        blocks[-1].append(place)
    return blocks or [list(places)]


def _widened(chosen: Mapping[int, int], widths: Sequence[int], columns: int) -> dict[int, int]:
    """Return widths between the smallest and the natural ones that use all columns: narrow columns first."""
    shown = dict(chosen)
    over = _total(list(shown.values())) - columns
    while over > 0:  # a terminal of less than 40 columns, or rigid cells
        place = max(shown, key=lambda place: shown[place])
        shown[place] -= 1
        over -= 1
        if shown[place] < 1:
            return dict(chosen)
    room = -over
    for count, place in zip(
        range(len(shown), 0, -1), sorted(shown, key=lambda place: widths[place] - shown[place]), strict=True
    ):
        share = min(widths[place] - shown[place], room // count)
        shown[place] += max(share, 0)
        room -= max(share, 0)
    return shown


@fast_dataclass(frozen=True, slots=True)
class _Piece:
    """The lines of a cell, and where they are."""

    texts: list[str]
    columns: int
    numeric: bool
    styles: tuple[str, ...]


@fast_dataclass(frozen=True, slots=True)
class _Block:
    """Columns that are shown side by side.

    Attributes
    ----------
    places
        The places of the columns.
    widths
        The widths of all columns of the table.
    columns
        The number of columns of the terminal. None cuts nothing.
    below
        The places of columns that follow their rows.
    dropped
        The places of columns that are left out. Cells that span several columns follow their rows.
    is_first
        Whether it has all rows. Other blocks have only rows with values.
    """

    places: Sequence[int]
    widths: Sequence[int]
    columns: int | None = None
    below: Sequence[int] = ()
    dropped: Sequence[int] = ()
    is_first: bool = True


def _lines(table: Table, style: CellStyle, block: _Block) -> list[Line]:
    """Return the names and the rows of some columns."""
    places, widths, columns = block.places, block.widths, block.columns
    numeric, names = table.numeric, _names(table, style)
    header = [
        _Piece(_cut(names[place], widths[place], columns), widths[place], numeric[place], ("dim",)) for place in places
    ]
    lines = list(_rows(header))
    lines += [(Span(GAP + GAP), Span(names[place], ("dim",))) for place in block.below if names[place]]
    group: list[Line] = []
    for row in table.rows:
        if row and row[0].kind == "group":
            group = fold_line((Span(GAP), Span(cell_text(row[0]), ("bold",))), columns, len(GAP))
            continue
        pieces: list[_Piece] = []
        shown = dict(visible_cells(row))
        after = [
            cell for place, cell in shown.items() if place in block.below or (cell.span > 1 and place in block.dropped)
        ]
        if not block.is_first and not any(cell_text(row[place]) for place in places[1:]):
            continue  # the row has values in other blocks only
        lines += group
        group = []
        for place in places:
            cell = shown.get(place)
            if cell is None:
                if not any(at < place < at + cell.span for at, cell in shown.items() if at in places):
                    pieces.append(_Piece([""], widths[place], numeric=False, styles=()))
                continue
            covered = [at for at in places if place <= at < place + cell.span]
            room = sum(widths[at] for at in covered) + len(GAP) * (len(covered) - 1)
            text = cell_text(cell, style)
            if cell.span > 1 and columns is not None and width(text) > room:
                after.append(cell)
                text = ""
            is_number = numeric[place] and cell.span == 1
            pieces.append(_Piece(_cut(text, room, columns), room, is_number, cell_styles(cell)))
        lines += _rows(pieces)
        if columns is not None:
            lines += _below(after, style, columns)
    return lines


def _below(cells: Sequence[Cell], style: CellStyle, columns: int) -> Iterator[Line]:
    """Yield sentences below their row."""
    for cell in cells:
        if text := cell_text(cell, style):
            yield from fold_line((Span(GAP + GAP), Span(text, cell_styles(cell))), columns, 2 * len(GAP))


def _cut(text: str, room: int, columns: int | None) -> list[str]:
    return [text] if columns is None else fold(text, max(room, 1))


def _rows(pieces: Sequence[_Piece]) -> Iterator[Line]:
    for texts in zip_longest(*(piece.texts for piece in pieces), fillvalue=""):
        spans = []
        for piece, text in zip(pieces, texts, strict=True):
            align = rjust if piece.numeric else ljust
            spans += [Span(GAP), Span(align(text, piece.columns), piece.styles)]
        yield without_trailing_blanks(spans)


def _left_out(names: Sequence[str], more: str, columns: int) -> list[Line]:
    if not names:
        return []
    word = "column" if len(names) == 1 else "columns"
    text = f"+ {len(names)} {word}: {', '.join(names)}{': ' if more else ''}{more}"
    return fold_line((Span(GAP), Span(text, ("dim",))), columns, 2 * len(GAP))


def without_trailing_blanks(spans: Sequence[Span]) -> Line:
    """Return a line without trailing blanks."""
    line = list(spans)
    while line:
        last = line.pop()
        text = last.text.rstrip()
        if text:
            return (*line, Span(text, last.styles))
    return ()
