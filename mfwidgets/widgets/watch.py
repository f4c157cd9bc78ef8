"""Watches a run in a cell: its graph, its steps and the end of its logs. It becomes a static picture at the end."""

import threading
import time
from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from mfwidgets.client.answers.run_poller import RunPoller
from mfwidgets.client.run import Run
from mfwidgets.concurrency import start_thread
from mfwidgets.errors import MetaflowNotFound, problem_of
from mfwidgets.hidden_characters import visible
from mfwidgets.render.html import html_of
from mfwidgets.render.text import text_of
from mfwidgets.render.view import View
from mfwidgets.views.cells import Limits
from mfwidgets.views.run import WatchedRun, watched_run
from mfwidgets.widgets.html_view import HtmlView

FIRST_POLL_S, MAX_POLL_S, BACKOFF = 1.0, 15.0, 1.4
"""The first and the longest interval between two polls, and the factor of its growth while nothing changes."""

MAX_FAILED_POLLS = 8
"""After this many failed polls in a row, which take about half a minute, the watching ends."""

_WAIT_PER_POLL = 10
"""The wait is at least this many times as long as the poll, so that watching takes at most a tenth of a service's time."""

_LIMITS = Limits(rows=12)


class Watch(widgets.VBox):  # type: ignore[misc]
    """A widget that shows a run while it runs.

    A thread polls the run, so that the kernel stays free. In IPython's terminal, the display waits for the end of the
    run or an interrupt. A poll costs two or three requests to a metadata service, and the end of one log.

    Parameters
    ----------
    run
        The run.
    minutes
        The time limit.

    Attributes
    ----------
    run : Run
        The run.
    ended : str
        A sentence about the end of the watching. Empty while it continues.
    """

    def __init__(self, run: Run, minutes: float = 600.0) -> None:
        self.run, self.ended = run, ""
        self._poller = RunPoller(run)
        self._until = time.monotonic() + 60 * minutes
        self._stopped = threading.Event()
        self._done = threading.Event()
        self._handle: Any = None
        self._showing = threading.Lock()
        self._live = HtmlView()
        self._stop = widgets.Button(description="Stop watching", tooltip="The run continues")
        self._stop.on_click(lambda _: self.stop())
        super().__init__([self._live, self._stop])
        self._last = View("Run", run.pathspec, notes=("Reading…",))
        self._live.html = html_of(self._last)
        if not start_thread(self._watch, "watch"):
            self.stop()
            self._watch()  # one poll, because no other thread can wait

    def stop(self) -> None:
        """Stop watching. The run continues."""
        self._stopped.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the watching has ended. An interrupt stops the watching.

        Parameters
        ----------
        seconds
            The time limit. None means no limit.

        Returns
        -------
        bool
            Whether the watching has ended.
        """
        try:
            return self._done.wait(seconds)
        except KeyboardInterrupt:
            self.stop()
            return self._done.wait(MAX_POLL_S)

    def close(self) -> None:
        """Close the widget, and stop watching. The run continues."""
        self.stop()
        self._live.close()
        super().close()

    def _watch(self) -> None:
        try:
            self.ended = self._watch_to_end()
        except Exception as error:  # noqa: BLE001 - otherwise the thread would end, and the widget would say nothing
            self.ended = f"Watching ended with an error: {problem_of(error)}"
        self._freeze()

    def _watch_to_end(self) -> str:
        """Poll until the run or the watching ends. Return what happened."""
        wait, before, failures = FIRST_POLL_S, None, 0
        while True:
            began = time.monotonic()
            found = self._poll()
            took = time.monotonic() - began
            failures = failures + 1 if isinstance(found, Exception) else 0
            ended = self._end(found, failures)
            if ended:
                return ended
            facts = str(found) if isinstance(found, Exception) else found.facts
            wait = FIRST_POLL_S if facts != before else min(wait * BACKOFF, MAX_POLL_S)
            before = facts
            if self._pause(max(wait, _WAIT_PER_POLL * took)):
                return "Watching was stopped. The run continues."

    def _end(self, found: WatchedRun | Exception, failures: int) -> str:
        """Return what ended the watching. Empty if it continues."""
        if isinstance(found, MetaflowNotFound):
            return str(found)
        if isinstance(found, Exception) and failures >= MAX_FAILED_POLLS:
            return f"Watching ended, because {failures} polls in a row failed. The last error: {problem_of(found)}"
        if not isinstance(found, Exception) and found.status != "running":
            return f"The run is {found.status}{'' if found.status == 'completed' else f': {found.status.reason}'}."
        return "The time limit is over. The run was still running." if time.monotonic() > self._until else ""

    def _pause(self, seconds: float) -> bool:
        """Wait for the next poll. Return True if the watching was stopped."""
        return self._stopped.wait(seconds)

    def _poll(self) -> WatchedRun | Exception:
        """Show the current state of the run, and return it, or the error that prevented it."""
        try:
            found = watched_run(self._poller.poll(), _LIMITS)
        except Exception as error:  # noqa: BLE001 - it is shown, and the next poll may succeed
            note = f"The last poll failed: {problem_of(error)}"
            self._live.html = html_of(replace(self._last, notes=(note,)), live=True)
            return error
        self._last = found.view
        self._live.html = html_of(found.view, live=True)
        return found

    def _freeze(self) -> None:
        """Replace the widget by a static picture, which the saved notebook keeps."""
        with self._showing:
            try:
                self._last = replace(self._last, notes=(self.ended,))
                self._live.html = html_of(self._last)
                self._stop.disabled = True
                if self._handle is not None:
                    self._handle.update(self._picture(), raw=True)
            finally:
                self._done.set()

    def _picture(self) -> dict[str, str]:
        return {"text/plain": text_of(self._last), "text/html": html_of(self._last)}

    def _ipython_display_(self) -> None:
        from IPython import get_ipython
        from IPython.display import DisplayHandle, display

        shell = get_ipython()
        if shell is not None and not getattr(shell, "kernel", None):  # a terminal cannot change what it has printed
            print(text_of(self._last))  # noqa: T201 - as IPython does
            self.wait()
            print(text_of(self._last))  # noqa: T201
            return
        with self._showing:  # _freeze() must not run between the check and the first display
            if self._done.is_set():
                display(self._picture(), raw=True)  # type: ignore[no-untyped-call]
                return
            self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
            self._handle.display({**super()._repr_mimebundle_(), "text/html": html_of(self._last)}, raw=True)

    def __repr__(self) -> str:
        return visible(f"<watching {self.run.pathspec}{': ' + self.ended if self.ended else ''}>")
