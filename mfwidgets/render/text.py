"""Draws a view as plain text, for terminals and for notebooks read without HTML."""

import unicodedata

from mfwidgets.render.view import Block, Table, View

_GAP = "  "


def text_of(view: View) -> str:
    """Return a view as lines of text."""
    parts = [_head(view)]
    if view.facts:
        width = max(len(label) for label, _ in view.facts)
        parts.append("\n".join(f"{_GAP}{label:<{width}}{_GAP}{cell.plain}" for label, cell in view.facts))
    parts += [f"{_GAP}{note}" for note in view.notes]
    parts += [_table(table) for table in view.tables]
    parts += [_block(block) for block in view.blocks]
    return "\n".join(parts)


def _head(view: View) -> str:
    head = f"{view.kind} {view.name}".rstrip()
    if view.status:
        head += f"{_GAP}{view.status.plain}"
    return f"{head}\n{_GAP}{view.reason}" if view.reason else head


def _table(table: Table) -> str:
    heading = f"{table.heading} ({table.note})" if table.note else table.heading
    lines = [table.columns, *([cell.plain for cell in row] for row in table.rows)]
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


def _block(block: Block) -> str:
    heading = f"{block.heading} ({block.note})" if block.note else block.heading
    return "\n".join([heading, *(f"{_GAP}{line}" for line in block.lines)])


def _pad(text: str, width: int, *, to_right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if to_right else text + space


def _width(text: str) -> int:
    """Return how many columns a terminal gives a text."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
