"""The lines of a log as a viewer needs them: pages to draw, and where something is found."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mfwidgets.datastore.logs import LogLine
from mfwidgets.render.ansi import coloured
from mfwidgets.render.clean import visible
from mfwidgets.render.view import text_of_line
from mfwidgets.views.log import moment_text
from mfwidgets.widgets.lines import PAGE, Lines

WIDE = 2_000
"""Characters of a line that are shown."""

MOST_FOUND = 100_000
"""Lines of which it is kept that something is found in them."""


@dataclass(frozen=True)
class LogText:
    """Lines, and what is looked for in them.

    Attributes
    ----------
    lines
        All of them.
    pattern
        What is looked for; None for nothing.
    found
        The numbers of the lines that have it, from the first.
    """

    lines: Sequence[LogLine] = ()
    pattern: re.Pattern[str] | None = None
    found: tuple[int, ...] = ()

    def search(self, wanted: str, *, regex: bool) -> "LogText":
        """Look for a text or a regular expression, whatever its case; an empty one for nothing.

        Raises
        ------
        re.error
            It is no regular expression.
        """
        if not wanted:
            return LogText(self.lines)
        pattern = re.compile(wanted if regex else re.escape(wanted), re.IGNORECASE)
        numbers: list[int] = []
        for number, line in enumerate(self.lines):
            message = visible(line.message) if "\x1b" in line.message else line.message
            if pattern.search(message):
                numbers.append(number)
                if len(numbers) == MOST_FOUND:
                    break
        return LogText(self.lines, pattern, tuple(numbers))

    def page(self, number: int) -> Lines:
        """Return the lines of a page, ready to be drawn."""
        some = self.lines[number * PAGE : (number + 1) * PAGE]
        several = len({line.stream for line in some}) > 1
        drawn = coloured((line.message for line in some), WIDE)
        return [
            {
                "margin": f"{moment_text(line.time)} {line.stream if several else ''}".strip(),
                "spans": [(span.text, span.tones) for span in spans],
                "found": self._ranges(text_of_line(spans)),
            }
            for line, spans in zip(some, drawn, strict=True)
        ]

    def _ranges(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in self.pattern.finditer(text) if match.group()] if self.pattern else []

    def text(self) -> str:
        """Return all lines as one text."""
        return "".join(f"{line.message}\n" for line in self.lines)
