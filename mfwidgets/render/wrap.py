"""Cuts lines of spans into rows that fit into a terminal, with the text of a line below its first row."""

from collections.abc import Iterator
from typing import TextIO

from mfwidgets.render.text_width import width as text_width
from mfwidgets.render.view import Line, Span, text_of_line

MIN_TEXT_COLUMNS = 24
"""In a narrower terminal, lines have no margin."""


def terminal_columns(stream: TextIO) -> int | None:
    """Return the number of columns of a terminal. None if the stream is not a terminal, so that its lines are not cut."""
    if not stream.isatty():
        return None
    from shutil import get_terminal_size

    return get_terminal_size().columns


def wrapped(margin: str, line: Line, columns: int | None) -> list[Line]:
    """Return the rows of a line with its margin. Rows after the first have blanks instead of the margin.

    Parameters
    ----------
    margin
        The text before the line, with its gaps.
    line
        The spans of the line.
    columns
        The number of columns of the terminal. None cuts nothing.
    """
    if columns is not None and columns - text_width(margin) < MIN_TEXT_COLUMNS:
        margin = "  "
    first = Span(margin, ("dim",))
    if columns is None or text_width(margin) + max(text_width(text_of_line(line)), 0) <= columns:
        return [(first, *line)]
    left = Span(" " * text_width(margin))
    rows = _rows(line, max(columns - text_width(margin), 1))
    return [(left if number else first, *row) for number, row in enumerate(rows)]


def _rows(line: Line, columns: int) -> Iterator[Line]:
    """Yield pieces of a line that are at most this wide."""
    row: list[Span] = []
    left = columns
    for span in line:
        start = 0
        for at, char in enumerate(span.text):
            wide = max(text_width(char), 0)
            if wide > left:
                yield (*row, Span(span.text[start:at], span.styles))
                row, start, left = [], at, columns
            left -= wide
        row.append(Span(span.text[start:], span.styles))
    yield tuple(row)
