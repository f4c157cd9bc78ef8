"""A static picture of a widget's state, for saved and exported notebooks. A live widget hides it."""

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
        self._handle: Any = None
        self._changed = False
        self._stop_timer: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def display(self, live: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> None:
        """Display the widget, and the picture below it."""
        from IPython.display import DisplayHandle, display

        display(dict(live), metadata=dict(metadata or {}), raw=True)  # type: ignore[no-untyped-call]
        with self._lock:
            self._changed = False
        handle = DisplayHandle()  # type: ignore[no-untyped-call]
        handle.display(self._bundle(), raw=True)  # type: ignore[no-untyped-call]
        with self._lock:
            self._handle = handle  # set last: an update must come after the first picture
            if self._changed:
                self._take()

    def update(self) -> None:
        """Take a new picture after a pause without changes."""
        with self._lock:
            if self._handle is None:
                self._changed = True
                return
            self._stop_timer()
            self._stop_timer = call_later(PAUSE_S, self._take)

    def update_now(self) -> None:
        """Take a new picture now, the last one. Later changes take others."""
        with self._lock:
            self._changed = True
            self._stop_timer()
            if self._handle is not None:
                self._take()

    def _take(self) -> None:
        if not _is_terminal():
            self._handle.update(self._bundle(), raw=True)

    def _bundle(self) -> dict[str, str]:
        view = self._view()
        return {"text/plain": text_of(view), "text/html": f'<div class="{self.name}">{html_of(view)}</div>'}


def _is_terminal() -> bool:
    """Return whether IPython runs in a terminal. It cannot change what it has printed, and would print it again."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return any(kind.__name__ == "TerminalInteractiveShell" for kind in type(shell).__mro__)
