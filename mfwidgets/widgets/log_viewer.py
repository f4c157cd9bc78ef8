"""The viewer of a task's log, with search and following, for logs of any length."""

import threading
from dataclasses import replace

import ipywidgets as widgets

from mfwidgets.client.answers.logs import BOTH
from mfwidgets.client.task import Task
from mfwidgets.concurrency import LatestTask, start_thread
from mfwidgets.datastore.logs import STREAMS
from mfwidgets.hidden_characters import visible
from mfwidgets.render.html import html_of
from mfwidgets.render.view import View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import counted
from mfwidgets.widgets.controls import button, dropdown, text_field, toggle
from mfwidgets.widgets.log_lines import LogLines, Rows
from mfwidgets.widgets.log_text import LogText
from mfwidgets.widgets.log_times import between_times
from mfwidgets.widgets.panes import LIMITS, nothing
from mfwidgets.widgets.snapshot import Snapshot

POLL_S = 2.0
"""The interval between two reads of a followed log."""

_STREAM_CHARS = len(" stdout")
"""The width of the stream's name in the margin."""

_NEWEST = -1
"""The value of the dropdown for the newest attempt."""


class LogViewer(widgets.VBox):  # type: ignore[misc]
    """A widget that shows the log of a task, up to millions of lines.

    A thread reads the whole log. Only the visible lines are in the page.

    Parameters
    ----------
    task
        The task. None means that :meth:`show` sets it later.
    stream
        ``stdout``, ``stderr`` or ``both``.

    Attributes
    ----------
    lines : LogLines
        The widget inside that shows the lines.
    """

    def __init__(self, task: Task | None = None, stream: str = BOTH) -> None:
        self._task = task
        self._text = LogText()
        self._at = -1
        self._worker = LatestTask(lambda: self._say("Reading…"))
        self._following: threading.Event | None = None
        self._stream = dropdown("Stream", [BOTH, *STREAMS], "130px", stream)
        self._attempt = dropdown("Attempt", [("newest", _NEWEST)], "150px")
        self._since = text_field("From", "12:03, or 5m before the end", "140px")
        self._until = text_field("To", "12:05", "120px")
        self._search = text_field("Search", "in the lines", "220px")
        self._regex = toggle(".*", "Regular expression")
        self._before = button("\u25b2", "Previous match")
        self._after = button("\u25bc", "Next match")
        self._wrap = toggle("Wrap", "Wrap long lines")
        self._follow = toggle("Follow", "Show new lines")
        self._save = button("Download", "Download all lines as a file")
        self._message = widgets.HTML()
        self.lines = LogLines(self._page)
        self._snapshot = Snapshot(self._view)
        for control in (self._stream, self._attempt, self._since, self._until):
            control.observe(lambda _: self.read(), "value")
        for control in (self._search, self._regex):
            control.observe(lambda _: self._find(), "value")
        self._before.on_click(lambda _: self.go(-1))
        self._after.on_click(lambda _: self.go(1))
        self._wrap.observe(lambda _: self._rewrap(), "value")
        self.lines.observe(lambda _: self._rewrap(), "columns")
        self._follow.observe(lambda change: self.follow(on=change["new"]), "value")
        self._save.on_click(lambda _: self._download())
        controls = [self._stream, self._attempt, self._since, self._until, self._search, self._regex]
        controls += [self._before, self._after, self._wrap, self._follow, self._save]
        super().__init__(
            [widgets.HBox(controls, layout=widgets.Layout(flex_flow="row wrap")), self._message, self.lines]
        )
        self.show(task)

    # -- reading ----------------------------------------------------------------------------------------------------

    def show(self, task: Task | None) -> None:
        """Show the log of another task. A thread reads its attempts and the log.

        Parameters
        ----------
        task
            The task. None clears the viewer.
        """
        self._task = task
        self._follow.value = False
        if task is None:
            self._worker.drop()
            self._set_text(LogText())
            self._say("Select a task to see its log.")
            return
        self._worker.ask(lambda: [attempt._attempt for attempt in task.attempts], self._offer, self._failed)

    def _offer(self, attempts: list[int | None]) -> None:
        with self._attempt.hold_trait_notifications():
            self._attempt.options = [
                ("newest", _NEWEST),
                *((str(number), number) for number in attempts if number is not None),
            ]
            self._attempt.value = _NEWEST
        self.read()

    def read(self) -> None:
        """Read the whole log again, in a thread."""
        task, stream, attempt = self._task, self._stream.value, self._attempt.value
        search, regex = self._search.value, self._regex.value
        since, until, columns = self._since.value, self._until.value, self._columns
        if task is None:
            return

        def text() -> LogText:
            source = task if attempt == _NEWEST else Task._of(task._context, task._record, attempt)
            lines = between_times(source.logs(stream).lines(), since, until)
            return LogText(lines).search(search, regex=regex).wrapped(columns)

        self._worker.ask(text, self._set_text, self._failed)

    def _set_text(self, text: LogText) -> None:
        before, self._text = self._text, text
        grown = bool(before.lines) and before == replace(
            text, lines=text.lines[: len(before.lines)], found=before.found
        )
        if not grown:
            self._at = -1
            self.lines.version += 1
        self.lines.total = text.rows
        self._count()
        self._snapshot.update()

    @property
    def _columns(self) -> int:
        """The number of characters of a line that fit next to the margin. 0 if lines are not wrapped."""
        margin = self._text.moment_width + (_STREAM_CHARS if self._stream.value == BOTH else 0) + 2
        return max(self.lines.columns - margin, 1) if self._wrap.value and self.lines.columns else 0

    def _rewrap(self) -> None:
        text, columns = self._text, self._columns
        if columns != text.columns:
            self._worker.ask(lambda: text.wrapped(columns), self._wrapped, self._failed)

    def _wrapped(self, text: LogText) -> None:
        self._text = text
        self.lines.version += 1
        self.lines.total = text.rows
        self.lines.current = text.row_of(text.found[self._at]) if self._at >= 0 else -1

    def _page(self, number: int) -> Rows:
        return self._text.page(number)

    # -- search -----------------------------------------------------------------------------------------------------

    def _find(self) -> None:
        text, search, regex = self._text, self._search.value, self._regex.value

        def show_matches(result: LogText) -> None:
            self._text, self._at = result, -1
            self.lines.version += 1
            self.lines.current = -1
            self.go(1)

        self._worker.ask(lambda: text.search(search, regex=regex), show_matches, self._failed)

    def go(self, by: int) -> None:
        """Scroll to another match of the search. Reads nothing.

        Parameters
        ----------
        by
            The number of matches to move: 1 for the next match, -1 for the previous one. After the last match comes
            the first.
        """
        matches = self._text.found
        if matches:
            self._at = (self._at + by) % len(matches) if self._at >= 0 or by > 0 else len(matches) - 1
            self.lines.current = self._text.row_of(matches[self._at])
        self._count()

    def _count(self) -> None:
        if self._task is None:
            return
        pathspec = self._task.pathspec
        when = f", {self._text.when}" if self._text.lines else ""
        lines = f"{pathspec}: {counted(len(self._text.lines), 'line')}{when}"
        if self._text.pattern is None:
            timed = self._since.value or self._until.value
            no_lines = "there is no line in this time." if timed else "nothing has been logged."
            self._say(lines if self._text.lines else f"{pathspec}: {no_lines}")
        elif self._text.found:
            match = f"match {self._at + 1:,} of {len(self._text.found):,} in line {self._text.found[self._at] + 1:,}"
            self._say(f"{lines}; {match}")
        else:
            self._say(f"{lines}; no match")

    # -- following --------------------------------------------------------------------------------------------------

    def follow(self, *, on: bool) -> None:
        """Start or stop following: a thread reads the log every two seconds until the task has ended.

        Parameters
        ----------
        on
            True starts, False stops.
        """
        self.lines.follow = on
        if self._following:
            self._following.set()
            self._following = None
        if on and self._task is not None:
            self._following = stopped = threading.Event()
            if not start_thread(lambda: self._look(stopped), "follow"):
                self._say("Following needs a thread. No thread can be started here.")

    def _look(self, stopped: threading.Event) -> None:
        while not stopped.wait(POLL_S):
            task = self._task
            self.read()
            if task is None or not task._goes_on():
                self._worker.wait(POLL_S)
                self._follow.value = False
                return

    # -- other ------------------------------------------------------------------------------------------------------

    def _download(self) -> None:
        name = f"{self._task.pathspec.replace('/', '-')}-{self._stream.value}.log" if self._task else "log"
        self.lines.send({"text": self._text.text(), "name": name})

    def _failed(self, error: Exception) -> None:
        self._say(str(error))

    def _say(self, message: str) -> None:
        self._message.value = html_of(nothing(message))

    def _view(self) -> View:
        return (
            build_view(self._task.logs(self._stream.value), LIMITS) if self._task else nothing("No task is selected.")
        )

    def wait(self, seconds: float = 10.0) -> bool:
        """Wait until reading has finished, for scripts and tests.

        Parameters
        ----------
        seconds
            The time limit.

        Returns
        -------
        bool
            Whether it has finished in time.
        """
        return self._worker.wait(seconds)

    def close(self) -> None:
        """Close the widget, and stop following."""
        self.follow(on=False)
        self._worker.close()
        self.lines.close()
        super().close()

    def _ipython_display_(self) -> None:
        self.lines.snapshot = self._snapshot.name
        self._snapshot.display(super()._repr_mimebundle_())

    def __repr__(self) -> str:
        return visible(
            f"<LogViewer of {self._task.pathspec if self._task else 'no task'}, {len(self._text.lines):,} lines>"
        )
