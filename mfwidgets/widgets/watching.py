"""Polls a run in a thread until it ends. The widget and the terminal show what it finds."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, NamedTuple

from mfwidgets.client.answers.run_poller import RunPoller
from mfwidgets.client.answers.waiting import has_ended
from mfwidgets.client.run import Run
from mfwidgets.concurrency import start_thread
from mfwidgets.deadline import Deadline
from mfwidgets.errors import MetaflowNotFound, problem_of
from mfwidgets.render.view import View
from mfwidgets.times import now_ms
from mfwidgets.views import show as _show  # noqa: F401 - importing it registers the views
from mfwidgets.views.cells import Limits
from mfwidgets.views.watched_run import WatchedDisplay, WatchedRun

FIRST_POLL_S, MAX_POLL_S, BACKOFF = 1.0, 15.0, 1.4
"""The first and the longest interval between two polls, and the factor of its growth while nothing changes."""

MAX_FAILED_POLLS = 8
"""After this many failed polls in a row, which take about half a minute, the watching ends."""

_WAIT_PER_POLL = 10
"""The wait is at least this many times as long as the poll, so that watching takes at most a tenth of a service's time."""

_LIMITS = Limits(rows=12)

EndKind = Literal["run", "stopped", "time", "missing", "error"]


class End(NamedTuple):
    """The end of the watching.

    Attributes
    ----------
    kind
        What ended: the run, or only the watching: it was stopped, its time is over, the run was deleted, or an error.
    words
        A sentence.
    """

    kind: EndKind
    words: str


class Watching:
    """Polls a run in a thread.

    Parameters
    ----------
    run
        The run.
    minutes
        The time limit.
    show
        Called after each poll and at the end, in the thread.

    Attributes
    ----------
    last
        The run as the last poll found it. None before the first one.
    problem
        Why the last poll failed. Empty if it did not.
    end
        The end of the watching. None while it continues.
    next_s
        The number of seconds until the next poll.
    """

    def __init__(self, run: Run, minutes: float, show: Callable[[], object]) -> None:
        self.run = run
        self.last: WatchedRun | None = None
        self.problem, self.next_s = "", FIRST_POLL_S
        self.end: End | None = None
        self._poller, self._display = RunPoller(run), WatchedDisplay(_LIMITS)
        self._until = time.monotonic() + 60 * minutes
        self._show = show
        self._stopped, self._woken, self._done = threading.Event(), threading.Event(), threading.Event()
        self._deadline = Deadline()

    @property
    def view(self) -> View:
        """The run as it was found last, with the progress, the problem and the end, for pictures and terminals."""
        if self.last is None:
            view = View("Run", self.run.pathspec, notes=() if self.end or self.problem else ("Reading…",))
        else:
            view = self.last.with_progress
        notes = [self.end.words] if self.end else [f"The last poll failed: {self.problem}"] if self.problem else []
        return replace(view, notes=(*notes, *view.notes))

    @property
    def followed(self) -> str:
        """The pathspec of the step or task whose log is shown. Empty for the task that began last."""
        return self._display.followed

    def start(self) -> None:
        """Start the thread. If no thread can be started, poll once."""
        if not start_thread(self._watch, "watch"):
            self._stopped.set()
            self._watch()

    def follow(self, pathspec: str) -> None:
        """Show the log of a step or a task of the run. Empty for the task that began last. Polls soon."""
        if not pathspec or pathspec.startswith(f"{self.run.pathspec}/"):
            self._display.followed = pathspec
            self._woken.set()

    def stop(self) -> None:
        """Stop watching, and cancel what is being read. The run continues."""
        self._stopped.set()
        self._woken.set()
        self._deadline.cancel()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the watching has ended. Return whether it has."""
        return self._done.wait(seconds)

    def _watch(self) -> None:
        try:
            with self._deadline.apply():
                self.end = self._watch_to_end()
        except Exception as error:  # noqa: BLE001 - otherwise the thread would end, and nobody would know
            self.end = End("error", f"Watching ended with an error: {problem_of(error)}")
        finally:
            try:
                self._show()
            finally:
                self._done.set()

    def _watch_to_end(self) -> End:
        """Poll until the run or the watching ends. Return what ended it."""
        wait, before, failures = FIRST_POLL_S, None, 0
        while True:
            began = time.monotonic()
            found = self._poll()
            took = time.monotonic() - began
            if self._stopped.is_set() and isinstance(found, Exception):
                return self._stop_words()
            failures = failures + 1 if isinstance(found, Exception) else 0
            ended = self._end(found, failures)
            if ended:
                return ended
            facts = str(found) if isinstance(found, Exception) else found.facts
            wait = FIRST_POLL_S if facts != before else min(wait * BACKOFF, MAX_POLL_S)
            before = facts
            self.next_s = max(wait, _WAIT_PER_POLL * took)
            self._show()
            if self._pause(self.next_s):
                return self._stop_words()

    def _poll(self) -> WatchedRun | Exception:
        """Return the current state of the run, or the error that prevented it."""
        try:
            self.last = self._display.draw(self._poller.poll())
        except Exception as error:  # noqa: BLE001 - it is shown, and the next poll may succeed
            self.problem = problem_of(error)
            return error
        self.problem = ""
        return self.last

    def _end(self, found: WatchedRun | Exception, failures: int) -> End | None:
        """Return what ended the watching. None if it continues."""
        if isinstance(found, MetaflowNotFound):
            return End("missing", str(found))
        if isinstance(found, Exception) and failures >= MAX_FAILED_POLLS:
            words = f"Watching ended, because {failures} polls in a row failed. The last error: {self.problem}"
            return End("error", words)
        if not isinstance(found, Exception) and has_ended(found.row, now_ms()):
            reason = "" if found.status == "completed" else f": {found.status.reason}"
            verb = "failed" if found.status == "failed" else f"is {found.status}"
            return End("run", f"The run {verb}{reason}.")
        if time.monotonic() > self._until:
            return End("time", "The time limit is over. The run was still running.")
        return None

    @staticmethod
    def _stop_words() -> End:
        return End("stopped", "Watching was stopped. The run continues.")

    def _pause(self, seconds: float) -> bool:
        """Wait for the next poll. Return True if the watching was stopped."""
        self._woken.wait(seconds)
        self._woken.clear()
        return self._stopped.is_set()
