"""A static picture of a widget's state, for saved and exported notebooks. A live widget hides it."""

import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import anywidget

from mfwidgets.concurrency import call_later
from mfwidgets.render.html import html_of
from mfwidgets.render.text import text_of
from mfwidgets.render.view import View

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

PAUSE_S = 0.5
"""The picture is taken after this time without a change, so that quick changes make one picture."""


def bundle_of(widget: anywidget.AnyWidget) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the MIME bundle of a widget and its metadata. On Colab, the metadata say where the scripts of widgets are."""
    bundle = anywidget.AnyWidget._repr_mimebundle_(widget)
    return bundle if isinstance(bundle, tuple) else (bundle or {}, {})


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
        self._put: Callable[[View], None] | None = None
        self._changed = False
        self._stop_timer: Callable[[], None] = lambda: None
        self._lock, self._drawing = threading.RLock(), threading.RLock()

    def display(self, live: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> None:
        """Display the widget, and the picture below it."""
        from IPython.display import DisplayHandle, display

        display(dict(live), metadata=dict(metadata or {}), raw=True)  # type: ignore[no-untyped-call]
        with self._lock:
            self._changed = False
        handle = DisplayHandle()  # type: ignore[no-untyped-call]
        handle.display(self._bundle(self._view()), raw=True)  # type: ignore[no-untyped-call]

        def put(view: View) -> None:
            if not _is_terminal():
                handle.update(self._bundle(view), raw=True)  # type: ignore[no-untyped-call]

        self._begin(put)

    def keep_in(self, put: Callable[[str], None]) -> None:
        """Give the HTML of each picture to a function, where the front end has no second output for it."""
        self._begin(lambda view: put(html_of(view)))
        self.update()

    def update(self) -> None:
        """Take a new picture after a pause without changes."""
        with self._lock:
            self._changed = True
            if self._put is None:
                return
            self._stop_timer()
            self._stop_timer = call_later(PAUSE_S, self.finish)

    def update_now(self) -> None:
        """Take a new picture now, the last one. Later changes take others."""
        with self._lock:
            self._changed = True
        self.finish()

    def finish(self) -> None:
        """Take a picture of the last change, if there is none of it."""
        with self._drawing:  # the last picture must be of the last change
            with self._lock:
                self._stop_timer()
                put, changed = self._put, self._changed
                self._changed = changed and put is None
            if put is not None and changed:
                put(self._view())

    def _begin(self, put: Callable[[View], None]) -> None:
        self._put = put  # an update must come after the first picture
        self.finish()

    def _bundle(self, view: View) -> dict[str, str]:
        return {"text/plain": text_of(view), "text/html": f'<div class="{self.name}">{html_of(view)}</div>'}


def is_marimo() -> bool:
    """Return whether this is a marimo notebook. It shows a widget alone, and keeps its state in exported pages."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def _is_terminal() -> bool:
    """Return whether IPython runs in a terminal. It cannot change what it has printed, and would print it again."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return any(kind.__name__ == "TerminalInteractiveShell" for kind in type(shell).__mro__)
