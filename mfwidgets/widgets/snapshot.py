"""A static picture of a widget's state, for saved and exported notebooks. A live widget hides it."""

import threading
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from mfwidgets.concurrency import call_later
from mfwidgets.render.html import html_of
from mfwidgets.render.text import text_of
from mfwidgets.render.view import View

PAUSE_S = 0.5
"""The picture is taken after this time without a change, so that quick changes make one picture."""


class Snapshot:
    """The static picture of a widget.

    Parameters
    ----------
    view
        Returns the view of the picture.

    Attributes
    ----------
    name
        The CSS class of its element. A live widget hides elements of this class.
    """

    def __init__(self, view: Callable[[], View]) -> None:
        self._view = view
        self.name = f"mfw-snapshot-{uuid4().hex[:12]}"
        self._handle: Any = None
        self._changed = False
        self._stop_timer: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def display(self, live: Mapping[str, Any]) -> None:
        """Display the widget, and the picture below it."""
        from IPython.display import DisplayHandle, display

        display(dict(live), raw=True)  # type: ignore[no-untyped-call]
        self._changed = False
        handle = DisplayHandle()  # type: ignore[no-untyped-call]
        handle.display(self._bundle(), raw=True)  # type: ignore[no-untyped-call]
        self._handle = handle  # set last: an update must come after the first picture
        if self._changed:
            self.update()

    def update(self) -> None:
        """Take a new picture after a pause without changes."""
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
