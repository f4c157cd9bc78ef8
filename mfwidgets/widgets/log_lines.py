"""The widget that shows lines of a log: only those in view are in the page, fetched in pages."""

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

import anywidget
import traitlets

from mfwidgets.widgets.html_view import STATIC

PAGE = 500
"""Lines fetched at once, as the script has it."""


class DrawnRow(TypedDict):
    """A row as it is drawn: what stands beside it, its spans as text and styles, and the ranges that were found."""

    margin: str
    spans: list[tuple[str, tuple[str, ...]]]
    found: list[tuple[int, int]]


Rows = Sequence[DrawnRow]


class LogLines(anywidget.AnyWidget):
    """Shows any number of rows of text.

    Parameters
    ----------
    page
        Returns the rows of a page, by its number.
    """

    _esm = STATIC / "log_lines.js"
    _css = STATIC / "widgets.css"

    total = traitlets.Int(0).tag(sync=True)
    """How many rows there are."""

    version = traitlets.Int(0).tag(sync=True)
    """Which log this is: pages of an earlier one no longer count."""

    current = traitlets.Int(-1).tag(sync=True)
    """The row that is marked and brought into view; -1 for none."""

    columns = traitlets.Int(0).tag(sync=True)
    """How many characters there is room for in a row, as the page measured; 0 while that is not known."""

    follow = traitlets.Bool(default_value=False).tag(sync=True)
    """Whether the end is brought into view when lines come."""

    height = traitlets.Int(420).tag(sync=True)
    """Pixels."""

    snapshot = traitlets.Unicode("").tag(sync=True)
    """The class of the static picture that is hidden while this widget lives; empty for none."""

    def __init__(self, page: Callable[[int], Rows]) -> None:
        super().__init__()
        self._page = page
        self.on_msg(self._received)

    def _received(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict) or content.get("version") != self.version:
            return
        number = content.get("page")
        if isinstance(number, int) and 0 <= number <= self.total // PAGE:
            self.send({"page": number, "version": self.version, "lines": list(self._page(number))})

    def __repr__(self) -> str:
        return f"<LogLines, {self.total:,} lines>"
