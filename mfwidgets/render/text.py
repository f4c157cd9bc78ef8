"""Draws a view as plain text, for terminals and for notebooks read without HTML."""

import unicodedata

from mfwidgets.render.view import SIGNS, Block, Cell, Frame, Graph, Mosaic, Part, Picture, Table, View, text_of_line

_GAP = "  "


def text_of(view: View) -> str:
    """Return a view as lines of text."""
    parts = [_head(view)]
    if view.facts:
        width = max(len(label) for label, _ in view.facts)
        parts.append("\n".join(f"{_GAP}{label:<{width}}{_GAP}{cell.plain}" for label, cell in view.facts))
    parts += [f"{_GAP}{note}" for note in view.notes]
    parts += [_part(part) for part in view.parts]
    return "\n".join(filter(None, parts))


def _part(part: Part) -> str:
    """Return a part as text; of a graph nothing, since a table beside it tells the same."""
    match part:
        case Table():
            return _table(part)
        case Block():
            return _block(part)
        case Picture() | Frame():
            return f"{part.heading} ({part.note})"
        case Mosaic():
            heading = f"{part.heading} ({part.note})" if part.note else part.heading
            lines = (f"{_GAP}{''.join(tile.sign for tile in tiles)}{_GAP}{name}".rstrip() for name, tiles in part.rows)
            return "\n".join([heading, *lines])
        case Graph():
            return ""


def _head(view: View) -> str:
    head = f"{view.kind} {view.name}".rstrip()
    if view.status:
        head += f"{_GAP}{view.status.plain}"
    return f"{head}\n{_GAP}{view.reason}" if view.reason else head


def _table(table: Table) -> str:
    heading = f"{table.heading} ({table.note})" if table.note else table.heading
    lines = [table.columns, *([_plain(cell) for cell in row] for row in table.rows)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(table.columns))]
    body = [
        _GAP
        + _GAP.join(
            _pad(text, width, to_right=to_right)
            for text, width, to_right in zip(line, widths, table.numeric, strict=True)
        )
        for line in lines
    ]
    return "\n".join([heading, *(line.rstrip() for line in body)])


_BAR, _SPARK = 24, 8
_MARKS = {"waiting": "·", "completed": "█", "failed": "▓", "killed": "▓", "running": "▒"}


def _plain(cell: Cell) -> str:
    if cell.kind == "history":
        return f"{''.join(SIGNS.get(one.tone, '?') for one in cell.segments)} {cell.text}"
    if cell.kind not in ("bar", "spark"):
        return cell.plain
    length = _BAR if cell.kind == "bar" else _SPARK
    bar = [" "] * length
    for segment in cell.segments:
        first = min(int(segment.start * length), length - 1)
        last = max(min(round(segment.end * length), length), first + 1)
        bar[first:last] = _MARKS.get(segment.tone, "░") * (last - first)
    return "".join(bar)


def _block(block: Block) -> str:
    heading = f"{block.heading} ({block.note})" if block.note else block.heading
    lines = (f"{_GAP}{margin}{_GAP if margin else ''}{text_of_line(line)}".rstrip() for margin, line in block.rows)
    return "\n".join([heading, *lines])


def _pad(text: str, width: int, *, to_right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if to_right else text + space


def _width(text: str) -> int:
    """Return how many columns a terminal gives a text."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
