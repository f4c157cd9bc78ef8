"""Watching a run in a cell while it runs: its graph, its steps, what it logs; frozen when it ends."""

import threading
import time
from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from mfwidgets.client.answers.run_poller import RunPoller
from mfwidgets.client.run import Run
from mfwidgets.concurrency import start_thread
from mfwidgets.errors import MetaflowException
from mfwidgets.render.html import html_of
from mfwidgets.render.text import text_of
from mfwidgets.render.view import View
from mfwidgets.views.cells import Limits
from mfwidgets.views.run import progress_view
from mfwidgets.widgets.html_view import HtmlView

FIRST_POLL_S, MAX_POLL_S, BACKOFF = 1.0, 15.0, 1.4
"""Seconds between two looks, at first and at most, and how much longer each wait is than the last while nothing changes."""

_SHARE = 10
"""A look that takes long is followed by a wait that is so many times longer: watching never is what a service is busy with."""

_LIMITS = Limits(rows=12)


class Watch(widgets.VBox):  # type: ignore[misc]
    """Shows a run while it runs; the kernel stays free. In IPython's terminal it waits for the end, or an interrupt.

    Each look costs a metadata service two or three requests, and the datastore the end of one log.

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
        self._watched = RunPoller(run)
        self._until = time.monotonic() + 60 * minutes
        self._stopped = threading.Event()
        self._done = threading.Event()
        self._handle: Any = None
        self._showing = threading.Lock()
        self._live = HtmlView()
        self._stop = widgets.Button(description="Stop watching", tooltip="The run itself goes on")
        self._stop.on_click(lambda _: self.stop())
        super().__init__([self._live, self._stop])
        self._last = View("Run", run.pathspec, notes=("Looking…",))
        self._live.html = html_of(self._last)
        if not start_thread(self._watch, "watch"):
            self.stop()
            self._watch()  # one look, as there is no thread to wait in

    def stop(self) -> None:
        """Watch no longer; the run goes on."""
        self._stopped.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it ends, or for so long; an interrupt stops the watching. Tell whether it has ended."""
        try:
            return self._done.wait(seconds)
        except KeyboardInterrupt:
            self.stop()
            return self._done.wait(MAX_POLL_S)

    def close(self) -> None:
        """Close the widget, and watch no longer."""
        self.stop()
        self._live.close()
        super().close()

    def _watch(self) -> None:
        wait, before = FIRST_POLL_S, None
        while not self.ended:
            began = time.monotonic()
            status, told = self._look()
            took = time.monotonic() - began
            wait = FIRST_POLL_S if told != before else min(wait * BACKOFF, MAX_POLL_S)
            before = told
            if status not in ("running", ""):
                self.ended = f"The run is {status}."
            elif time.monotonic() > self._until:
                self.ended = "Watched long enough; the run is still running."
            elif self._stopped.wait(max(wait, _SHARE * took)):
                self.ended = "Watching was stopped; the run goes on by itself."
        self._freeze()

    def _look(self) -> tuple[str, str]:
        """Show the run as it is now; return its status, empty where it cannot be told, and what is shown as text."""
        try:
            view = progress_view(self._watched.poll(), _LIMITS)
        except MetaflowException as error:  # a lost connection may come back
            self._live.html = html_of(replace(self._last, notes=(f"Out of reach for now: {error}",)), live=True)
            return "", str(error)
        self._last = view
        self._live.html = html_of(view, live=True)
        return view.status.text if view.status else "", text_of(view)

    def _freeze(self) -> None:
        """Put a static picture in the place of the widget, which the saved notebook keeps."""
        with self._showing:
            self._last = replace(self._last, notes=(self.ended,))
            self._live.html = html_of(self._last)
            self._stop.disabled = True
            if self._handle is not None:
                self._handle.update(self._picture(), raw=True)
            self._done.set()

    def _picture(self) -> dict[str, str]:
        return {"text/plain": text_of(self._last), "text/html": html_of(self._last)}

    def _ipython_display_(self) -> None:
        from IPython import get_ipython
        from IPython.display import DisplayHandle, display

        shell = get_ipython()
        if shell is not None and not getattr(shell, "kernel", None):  # a terminal: what is printed there stays
            print(text_of(self._last))  # noqa: T201 - as IPython does
            self.wait()
            print(text_of(self._last))  # noqa: T201
            return
        with self._showing:  # what is frozen meanwhile must come after, to take its place
            if self._done.is_set():
                display(self._picture(), raw=True)  # type: ignore[no-untyped-call]
                return
            self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
            self._handle.display({**super()._repr_mimebundle_(), "text/html": html_of(self._last)}, raw=True)

    def __repr__(self) -> str:
        return f"<watching {self.run.pathspec}{': ' + self.ended if self.ended else ''}>"
