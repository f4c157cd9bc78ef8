"""A static picture of a widget's present state, for saved and exported notebooks; where the widget lives, it is hidden."""

import threading
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from mfwidgets.concurrency import call_later
from mfwidgets.render.html import html_of
from mfwidgets.render.text import text_of
from mfwidgets.render.view import View

PAUSE_S = 0.5
"""Seconds without a change after which the picture is taken."""


class Snapshot:
    """The picture of a widget.

    Parameters
    ----------
    view
        Returns what the picture shows.

    Attributes
    ----------
    name
        The class of its element in the page; a live widget hides it by that.
    """

    def __init__(self, view: Callable[[], View]) -> None:
        self._view = view
        self.name = f"mfw-snapshot-{uuid4().hex[:12]}"
        self._handle: Any = None
        self._changed = False
        self._stop_timer: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def display(self, live: Mapping[str, Any]) -> None:
        """Show the widget, and below it the picture."""
        from IPython.display import DisplayHandle, display

        display(dict(live), raw=True)  # type: ignore[no-untyped-call]
        self._changed = False
        handle = DisplayHandle()  # type: ignore[no-untyped-call]
        handle.display(self._bundle(), raw=True)  # type: ignore[no-untyped-call]
        self._handle = handle  # only now: a picture taken anew must come after the first
        if self._changed:
            self.update()

    def update(self) -> None:
        """Take the picture anew, when nothing more changes."""
        with self._lock:
            if self._handle is None:
                self._changed = True
                return
            self._stop_timer()
            self._stop_timer = call_later(PAUSE_S, self._take)

    def _take(self) -> None:
        self._handle.update(self._bundle(), raw=True)

    def _bundle(self) -> dict[str, str]:
        view = self._view()
        return {"text/plain": text_of(view), "text/html": f'<div class="{self.name}">{html_of(view)}</div>'}
