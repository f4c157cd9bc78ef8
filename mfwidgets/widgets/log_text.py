"""The lines of a log for a viewer: pages of rows, optionally wrapped, and the matches of a search."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate

from mfwidgets.datastore.logs import LogLine
from mfwidgets.render.sanitize import escape_control_chars, log_line, parse_ansi
from mfwidgets.render.view import text_of_line
from mfwidgets.search import LinePattern
from mfwidgets.times import zone_text
from mfwidgets.views.log import moment_text, styled_lines
from mfwidgets.views.screen_lines import error_line, screen_lines
from mfwidgets.widgets.log_lines import PAGE, DrawnRow, Rows

DEFAULT_COLUMNS = 2_000
"""The rest of a longer line is cut: browsers are slow with very long lines."""

MAX_MATCHES = 100_000
"""A search stops after this many matching lines. Nobody steps through more."""

_DAY, _CLOCK = len("2026-01-02"), len("03:04:05")

MIN_COLUMNS = 20
"""The minimum width of wrapped lines. With less, a log has too many rows."""


@dataclass(frozen=True)
class LogText:
    """Lines, and a search in them.

    Attributes
    ----------
    lines
        All lines.
    pattern
        The pattern of the search. None if there is no search.
    found
        The numbers of the matching lines, in order.
    columns
        The width in characters to which lines are wrapped. 0 means that they are not wrapped.
    error
        The number of the line with the exception of the last traceback. None if there is none.
    logged
        The lines as they were logged, for downloads. Empty if they are the same.
    """

    lines: Sequence[LogLine] = ()
    pattern: LinePattern | None = None
    found: tuple[int, ...] = ()
    columns: int = 0
    error: int | None = None
    logged: Sequence[LogLine] = field(default=(), compare=False)

    @classmethod
    def of(cls, lines: Sequence[LogLine]) -> "LogText":
        """Return lines as a terminal shows them."""
        shown = screen_lines(lines)
        return cls(shown, error=error_line(shown), logged=lines)

    def search(self, text: str, *, regex: bool) -> "LogText":
        """Return the same lines with a search for a str or a regular expression. Case is ignored.

        An empty str removes the search.

        Raises
        ------
        MetaflowInvalidArgument
            The regular expression is invalid.
        DeadlineExceeded
            The search takes too long.
        """
        if not text:
            return replace(self, pattern=None, found=())
        pattern = LinePattern(text, ignore_case=True, literal=not regex)
        messages = (
            escape_control_chars(line.message) if "\x1b" in line.message else line.message for line in self.lines
        )
        return replace(self, pattern=pattern, found=tuple(pattern.matching(messages, MAX_MATCHES)))

    def wrapped(self, columns: int) -> "LogText":
        """Return the same lines, wrapped to ``columns`` characters. 0 means not wrapped."""
        return replace(self, columns=max(columns, MIN_COLUMNS) if columns else 0)

    @cached_property
    def _starts(self) -> list[int]:
        """The first row of each line, and then the number of rows."""
        return list(accumulate((-(-_width(line) // self.columns) or 1 for line in self.lines), initial=0))

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self._starts[-1] if self.columns else len(self.lines)

    def row_of(self, line: int) -> int:
        """Return the first row of a line."""
        return self._starts[line] if self.columns else line

    def line_of(self, row: int) -> int:
        """Return the number of the line of a row."""
        last = max(len(self.lines) - 1, 0)
        return min(max(bisect_right(self._starts, row) - 1 if self.columns else row, 0), last)

    def page(self, number: int) -> Rows:
        """Return the rendered rows of a page."""
        first, last = number * PAGE, min((number + 1) * PAGE, self.rows)
        if not self.columns:
            return list(self._drawn(first, last))
        begin, end = bisect_right(self._starts, first) - 1, bisect_right(self._starts, last - 1)
        rows: list[DrawnRow] = []
        for line, drawn in zip(range(begin, end), self._drawn(begin, end), strict=True):
            rows += _pieces(drawn, self.columns, self._starts[line + 1] - self._starts[line])
        skipped = first - self._starts[begin]
        return rows[skipped : skipped + last - first]

    @cached_property
    def _day(self) -> str:
        """The day of the lines. Empty if there are several."""
        days = {moment_text(line.time)[:_DAY] for line in (*self.lines[:1], *self.lines[-1:])}
        return days.pop() if len(days) == 1 else ""

    @property
    def when(self) -> str:
        """The day of the lines if there is only one, and the time zone of the displayed times."""
        return ", ".join(filter(None, (self._day, f"times in {zone_text()}")))

    @property
    def moment_width(self) -> int:
        """The number of characters of the time in the margin."""
        return _CLOCK if self._day else _DAY + 1 + _CLOCK

    def _drawn(self, first: int, last: int) -> Iterator[DrawnRow]:
        lines = self.lines[first:last]
        several = len({line.stream for line in self.lines[first:last]}) > 1
        drawn = parse_ansi((line.message for line in lines), DEFAULT_COLUMNS)
        drawn = styled_lines(drawn, lines, None if self.error is None else self.error - first)
        found = self.pattern.spans([text_of_line(spans) for spans in drawn]) if self.pattern else [[] for _ in drawn]
        for line, spans, ranges in zip(lines, drawn, found, strict=True):
            yield {
                "margin": f"{moment_text(line.time)[-self.moment_width :]} {line.stream if several else ''}".strip(),
                "spans": [(span.text, span.styles) for span in spans],
                "found": ranges,
            }

    def text(self) -> str:
        """Return all lines as a str."""
        return "".join(f"{line.message}\n" for line in self.logged or self.lines)


def _width(line: LogLine) -> int:
    """Return the number of displayed characters of a line."""
    message = line.message
    return min(len(message), DEFAULT_COLUMNS) if message.isprintable() else len(log_line(message, DEFAULT_COLUMNS))


def _pieces(drawn: DrawnRow, columns: int, rows: int) -> list[DrawnRow]:
    """Cut a line into rows. The last row takes the rest, so that nothing is lost."""
    ends = [columns * (number + 1) for number in range(rows - 1)] + [10 * DEFAULT_COLUMNS]
    blank = " " * len(drawn["margin"])
    return [
        {
            "margin": blank if number else drawn["margin"],
            "spans": list(_cut(drawn["spans"], columns * number, end)),
            "found": [
                (max(start - columns * number, 0), min(stop, end) - columns * number)
                for start, stop in drawn["found"]
                if start < end and stop > columns * number
            ],
        }
        for number, end in enumerate(ends)
    ]


def _cut(spans: Sequence[tuple[str, tuple[str, ...]]], first: int, last: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the spans between two character positions."""
    at = 0
    for text, styles in spans:
        piece = text[max(first - at, 0) : max(last - at, 0)]
        if piece:
            yield piece, styles
        at += len(text)
