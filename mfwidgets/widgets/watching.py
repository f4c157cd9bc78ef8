"""Watching a run in a cell while it runs: its graph, its steps, what it logs; frozen when it ends."""

import threading
import time
from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from mfwidgets.client.run import Run
from mfwidgets.client.task import Task
from mfwidgets.datastore.logs import STREAMS
from mfwidgets.errors import MetaflowException
from mfwidgets.render.html import html_of
from mfwidgets.render.text import text_of
from mfwidgets.render.view import Part, View
from mfwidgets.views import show as _show  # noqa: F401 - it knows what describes what
from mfwidgets.views.cells import Limits
from mfwidgets.views.describe import describe
from mfwidgets.views.log import log_block
from mfwidgets.widgets.live import Live

FIRST, LONGEST, SLOWER = 1.0, 15.0, 1.4
"""Seconds between two looks, at first and at most, and how much longer each wait is than the last while nothing changes."""

_LIMITS = Limits(rows=12)
_LOG_LINES = 6


class Watch(widgets.VBox):  # type: ignore[misc]
    """Shows a run while it runs; the kernel stays free.

    Each look costs what showing the run's graph costs, and the end of one log.

    Parameters
    ----------
    run
        Which run.
    minutes
        Watched for so long at most.

    Attributes
    ----------
    run
        Which run.
    ended
        How the watching ended; empty while it goes on.
    """

    def __init__(self, run: Run, minutes: float = 600.0) -> None:
        self.run, self.ended = run, ""
        self._until = time.monotonic() + 60 * minutes
        self._stopped = threading.Event()
        self._done = threading.Event()
        self._handle: Any = None
        self._live = Live()
        self._stop = widgets.Button(description="Stop watching", tooltip="The run itself goes on")
        self._stop.on_click(lambda _: self.stop())
        super().__init__([self._live, self._stop])
        self._last = View("Run", run.pathspec, notes=("Looking…",))
        self._live.html = html_of(self._last)
        threading.Thread(target=self._watch, name="mfwidgets-watch", daemon=True).start()

    def stop(self) -> None:
        """Watch no longer; the run goes on."""
        self._stopped.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it ends, or for so long; an interrupt stops the watching. Tell whether it has ended."""
        try:
            return self._done.wait(seconds)
        except KeyboardInterrupt:
            self.stop()
            return self._done.wait(LONGEST)

    def close(self) -> None:
        """Close the widget, and watch no longer."""
        self.stop()
        self._live.close()
        super().close()

    def _watch(self) -> None:
        wait, before = FIRST, None
        while not self.ended:
            status, told = self._look()
            if told != before:
                wait, before = FIRST, told
            if status not in ("running", ""):
                self.ended = f"The run is {status}."
            elif time.monotonic() > self._until:
                self.ended = "Watched long enough; the run is still running."
            elif self._stopped.wait(wait):
                self.ended = "Watching was stopped; the run goes on by itself."
            wait = min(wait * SLOWER, LONGEST)
        self._freeze()

    def _look(self) -> tuple[str, str]:
        """Show the run as it is now; return its status, empty where it cannot be told, and what is shown as text."""
        try:
            view = _view_of(self.run)
        except MetaflowException as error:  # a lost connection may come back
            self._live.html = html_of(replace(self._last, notes=(f"Out of reach for now: {error}",)), live=True)
            return "", str(error)
        self._last = view
        self._live.html = html_of(view, live=True)
        return view.status.text if view.status else "", text_of(view)

    def _freeze(self) -> None:
        """Put a static picture in the place of the widget, which the saved notebook keeps."""
        self._last = replace(self._last, notes=(self.ended,))
        self._live.html = html_of(self._last)
        self._stop.disabled = True
        if self._handle is not None:
            self._handle.update(self._picture(), raw=True)
        self._done.set()

    def _picture(self) -> dict[str, str]:
        return {"text/plain": text_of(self._last), "text/html": html_of(self._last)}

    def _ipython_display_(self) -> None:
        from IPython.display import DisplayHandle, display

        if self.ended:
            display(self._picture(), raw=True)  # type: ignore[no-untyped-call]
            return
        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        self._handle.display({**super()._repr_mimebundle_(), "text/html": html_of(self._last)}, raw=True)

    def __repr__(self) -> str:
        return f"<watching {self.run.pathspec}{': ' + self.ended if self.ended else ''}>"


def _view_of(run: Run) -> View:
    """Show the graph and the steps, and the end of the log of what runs now."""
    view = describe(run.dag(), _LIMITS)
    return replace(view, kind="Run", parts=(*view.parts, *_newest_log(run)))


def _newest_log(run: Run) -> tuple[Part, ...]:
    newest = next((task for task in run.tasks(limit=5) if task.status == "running"), None)
    return _log_of(newest) if newest else ()


def _log_of(task: Task) -> tuple[Part, ...]:
    for stream in STREAMS:
        lines = task.logs(stream).last(_LOG_LINES)
        if lines:
            return (log_block(f"{task.pathspec}, {stream}", lines, _LIMITS),)
    return ()
