"""The widget that shows lines of a log. Only the visible lines are in the page. The script fetches them in pages."""

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

import anywidget
import traitlets

from mfwidgets.widgets.explorer.script import STATIC

PAGE = 500
"""Lines per message. ``PAGE`` in ``log_lines.js`` must be the same."""

ROW_HEIGHT = 18
"""Pixels. ``LINE`` in ``log_lines.js`` must be the same."""


class DrawnRow(TypedDict):
    """A rendered row: its margin, its spans (text and styles), and the ranges that match a search."""

    margin: str
    spans: list[tuple[str, tuple[str, ...]]]
    found: list[tuple[int, int]]


Rows = Sequence[DrawnRow]


class LogLines(anywidget.AnyWidget):
    """Shows any number of rows of text.

    Parameters
    ----------
    page
        Returns the rows of the page with a number.
    """

    _esm = STATIC / "log_lines.js"
    _css = STATIC / "widgets.css"

    total = traitlets.Int(0).tag(sync=True)
    """The number of rows."""

    version = traitlets.Int(0).tag(sync=True)
    """The number of the log. The script drops pages of earlier versions."""

    current = traitlets.Int(-1).tag(sync=True)
    """The row that is marked and scrolled into view. -1 for none."""

    start = traitlets.Int(-1).tag(sync=True)
    """The row at the top when a version of the log opens. -1 for the same position as before."""

    top = traitlets.Int(0).tag(sync=True)
    """The row at the top, as the page reports it after the user has scrolled."""

    columns = traitlets.Int(0).tag(sync=True)
    """The number of characters that fit into a row, as the page measured it. 0 while it is unknown."""

    follow = traitlets.Bool(default_value=False).tag(sync=True)
    """Whether to scroll to the end when lines are added."""

    height = traitlets.Int(420).tag(sync=True)
    """The height in pixels."""

    snapshot = traitlets.Unicode("").tag(sync=True)
    """The CSS class of the static picture that this widget hides. Empty for none."""

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
