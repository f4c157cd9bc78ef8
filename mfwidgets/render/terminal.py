"""Lines of a log as they remain on a terminal: progress bars in their last state, without what was overwritten or erased.

A terminal obeys carriage returns, backspaces, tabs and escape sequences that move its cursor. Colours stay in the lines as
escape sequences, for :func:`mfwidgets.render.sanitize.parse_ansi`.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

_MAX_CHARS = 20_000
"""The end of a longer line with carriage returns, or the beginning of another longer line, is read."""

_MAX_COLUMN = 20_000
"""The last column to which a cursor moves."""

_MAX_ROWS_BACK = 50
"""The highest terminal. A cursor does not move up further, and rows above are finished."""

_MAX_PEN_CHARS = 200
"""Escape sequences of colours that are remembered together."""

_TOKENS = re.compile(
    r"\x1b\[([0-9;]*)([A-HJKm])|([\r\x08\t])|\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
)
"""The sequences that are obeyed, then those that are dropped."""

_UP_OR_DOWN = re.compile(r"\x1b\[[0-9;]*[ABEFHJ]")


has_moves = re.compile(r"[\r\x08\t\x1b]").search
"""Return a match if a line can contain what moves a cursor. For most lines it is the only look."""


class TerminalRow(NamedTuple):
    """A row of a terminal.

    Attributes
    ----------
    first, last
        The numbers of the first and of the last line that wrote into it.
    text
        Its text, with escape sequences for colours only.
    """

    first: int
    last: int
    text: str


def terminal_rows(lines: Sequence[str]) -> list[TerminalRow]:
    """Return the rows of a terminal after lines were printed, in order. Lines without such characters stay as they are."""
    if any("\x1b" in line and _UP_OR_DOWN.search(line) for line in lines):
        return _Screen().printed(lines)
    return [TerminalRow(number, number, terminal_line(line)) for number, line in enumerate(lines)]


def terminal_line(line: str) -> str:
    """Return one line as it remains on a terminal. Movements up and down are dropped."""
    if not ("\r" in line or "\x08" in line or "\t" in line):
        if "\x1b[" not in line or not re.search(r"\x1b\[[0-9;]*[CDGKH]", line[:_MAX_CHARS]):
            return line
    elif "\x1b" not in line and "\x08" not in line and "\t" not in line:
        return _overwritten(line)
    screen = _Screen()
    screen.print(0, _part(line))
    return screen.row_text(0, end=True)


def _part(line: str) -> str:
    """Return the part of a long line that decides what remains of it."""
    line = line.removesuffix("\r")
    if len(line) <= _MAX_CHARS:
        return line
    end = line[-_MAX_CHARS:]
    return end[end.index("\r") + 1 :] if "\r" in end else line[:_MAX_CHARS]


def _overwritten(line: str) -> str:
    """Return what remains of a line with carriage returns and no other movements."""
    row = ""
    for part in _part(line).split("\r"):
        row = part + row[len(part) :]
    return row


_Cell = tuple[str, str]
"""A character, and the escape sequences of its colours."""


class _Screen:
    """Rows of cells, a cursor and a pen."""

    def __init__(self) -> None:
        self._rows: list[list[_Cell]] = []
        self._first: list[int] = []
        self._last: list[int] = []
        self._at = 0  # the row of the cursor
        self._column = 0
        self._pen = ""

    def printed(self, lines: Sequence[str]) -> list[TerminalRow]:
        """Return the rows after lines were printed."""
        for number, line in enumerate(lines):
            self.print(number, _part(line))
            self._at, self._column = self._at + 1, 0
        return [
            TerminalRow(first, last, self.row_text(row))
            for row, (first, last) in enumerate(zip(self._first, self._last, strict=True))
        ]

    def row_text(self, row: int, *, end: bool = False) -> str:
        """Return a row as text. Each row begins without colours, and ends with those of the pen if ``end``."""
        pieces, pen = [], ""
        for char, colours in self._rows[row]:
            if colours != pen:
                pieces.append(f"\x1b[0m{colours}" if pen else colours)
                pen = colours
            pieces.append(char)
        last = self._pen if end else ""
        if last != pen:
            pieces.append(f"\x1b[0m{last}")
        return "".join(pieces)

    def print(self, number: int, line: str) -> None:
        """Print the line with a number at the cursor."""
        self._touch(number)
        at = 0
        for match in _TOKENS.finditer(line):
            self._write(line[at : match.start()])
            at = match.end()
            if match[2] == "m":
                self._paint(match[0], match[1])
            elif match[2]:
                self._move(match[2], match[1], number)
            elif match[3]:
                self._control(match[3])
        self._write(line[at:])

    def _touch(self, number: int) -> None:
        """Make the row of the cursor, and note that a line wrote into it."""
        while len(self._rows) <= self._at:
            self._rows.append([])
            self._first.append(number)
            self._last.append(number)
        self._last[self._at] = number

    def _write(self, text: str) -> None:
        text = text[: max(_MAX_COLUMN - self._column, 0)]
        if not text:
            return
        row, end = self._rows[self._at], self._column + len(text)
        if len(row) < self._column:
            row += [(" ", "")] * (self._column - len(row))
        row[self._column : end] = [(char, self._pen) for char in text]
        self._column = end

    def _paint(self, sequence: str, numbers: str) -> None:
        if not numbers.strip("0"):
            self._pen = ""
        elif numbers.startswith("0;") or len(self._pen) + len(sequence) > _MAX_PEN_CHARS:
            self._pen = sequence
        else:
            self._pen += sequence

    def _control(self, control: str) -> None:
        if control == "\r":
            self._column = 0
        elif control == "\x08":
            self._column = max(self._column - 1, 0)
        else:
            blanks = 8 - self._column % 8
            if self._column >= len(self._rows[self._at]):
                self._write(" " * blanks)
            else:
                self._column += blanks

    def _move(self, kind: str, numbers: str, number: int) -> None:
        given = numbers.rpartition(";")[2][:6]
        count = int(given) if given else 0
        steps = max(count, 1)
        if kind in "AF":
            self._at = max(self._at - steps, 0, len(self._rows) - _MAX_ROWS_BACK)
        elif kind in "BE":
            self._at = min(self._at + steps, len(self._rows) - 1)
        elif kind in "CD":
            self._column = min(max(self._column + (steps if kind == "C" else -steps), 0), _MAX_COLUMN)
        elif kind == "G":
            self._column = min(steps - 1, _MAX_COLUMN)
        elif kind in "JK":
            self._erase(kind, count)
        if kind in "EF":
            self._column = 0
        self._touch(number)

    def _erase(self, kind: str, count: int) -> None:
        """Erase a part of the row, or all below the cursor. What scrolled away stays, and so does a cleared screen."""
        row = self._rows[self._at]
        if count == 0:
            del row[self._column :]
            for below in self._rows[self._at + 1 :] if kind == "J" else ():
                below.clear()
        elif kind == "K" and count == 1:
            row[: self._column] = [(" ", "")] * min(self._column, len(row))
        elif kind == "K":
            row.clear()
