"""The viewer of a task's log, with search and following, for logs of any length."""

import threading
from collections.abc import Sequence
from dataclasses import replace

import ipywidgets as widgets

from mfwidgets.client.answers.logs import BOTH
from mfwidgets.client.task import Task
from mfwidgets.concurrency import LatestTask, start_thread
from mfwidgets.datastore.logs import STREAMS
from mfwidgets.hidden_characters import visible
from mfwidgets.queries.rows import AttemptRow
from mfwidgets.render.html import html_of
from mfwidgets.render.numbers import counted
from mfwidgets.render.view import View
from mfwidgets.views.build_view import build_view
from mfwidgets.widgets.controls import button, dropdown, text_field, toggle
from mfwidgets.widgets.log_lines import ROW_HEIGHT, LogLines, Rows
from mfwidgets.widgets.log_text import LogText
from mfwidgets.widgets.log_times import between_times
from mfwidgets.widgets.panes import LIMITS, nothing
from mfwidgets.widgets.snapshot import WIDGET_VIEW, Snapshot, bundle_of

POLL_S = 2.0
"""The interval between two reads of a followed log."""

_STREAM_CHARS = len(" stdout")
"""The width of the stream's name in the margin."""

_ROWS_BELOW_ERROR = 5
"""Rows that are visible below the error of a log that opens."""

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
        self._failed_attempts: set[int] = set()
        self._reopened, self._opening, self._placing = True, True, False  # opening lasts until the user scrolls
        self._at, self._is_finding = -1, False
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
        self._wrap.value = True  # as terminals do
        self._follow = toggle("Follow", "Show new lines")
        self._save = button("Download", "Download all lines as a file")
        self._message = widgets.HTML()
        self.lines = LogLines(self._page)
        self._snapshot = Snapshot(self._view)
        for control in (self._stream, self._attempt, self._since, self._until):
            control.observe(lambda _: self._reopen(), "value")
        for control in (self._search, self._regex):
            control.observe(lambda _: self._find(), "value")
        self._before.on_click(lambda _: self.go(-1))
        self._after.on_click(lambda _: self.go(1))
        self._wrap.observe(lambda _: self._rewrap(), "value")
        self.lines.observe(lambda _: self._rewrap(), "columns")
        self.lines.observe(lambda _: self._scrolled(), "top")
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
            self._is_finding = False
            self._set_text(LogText())
            self._say("Select a task to see its log.")
            return
        self._worker.ask(lambda: task._row().attempt_rows, self._offer, self._failed)

    def _offer(self, attempts: Sequence[AttemptRow]) -> None:
        self._failed_attempts = {attempt.attempt for attempt in attempts if attempt.status in ("failed", "killed")}
        if attempts and attempts[-1].attempt in self._failed_attempts:
            self._failed_attempts.add(_NEWEST)
        with self._attempt.hold_trait_notifications():
            names = ((f"{attempt.attempt}: {attempt.status}", attempt.attempt) for attempt in attempts)
            self._attempt.options = [("newest", _NEWEST), *names]
            self._attempt.value = _NEWEST
        self._reopen()

    def _reopen(self) -> None:
        """Read other lines, and open them at their end or error."""
        self._reopened = self._opening = True
        self.read()

    def _scrolled(self) -> None:
        if not self._placing:
            self._opening = False

    def read(self) -> None:
        """Read the whole log again, in a thread."""
        source, stream = self._source(), self._stream.value
        search, regex = self._search.value, self._regex.value
        since, until, columns = self._since.value, self._until.value, self._columns
        if source is None:
            return
        self._is_finding = False  # the lines are searched after they are read

        def text() -> LogText:
            lines = between_times(source.logs(stream).lines(), since, until)
            return LogText.of(lines).search(search, regex=regex).wrapped(columns)

        self._worker.ask(text, self._set_text, self._failed)

    def _source(self) -> Task | None:
        """Return the task, or its selected attempt."""
        task, attempt = self._task, self._attempt.value
        return task if task is None or attempt == _NEWEST else Task._of(task._context, task._record, attempt)

    def _set_text(self, text: LogText) -> None:
        before, self._text = self._text, text
        grown = bool(before.lines) and before == replace(
            text, lines=text.lines[: len(before.lines)], found=before.found, error=before.error
        )
        with self.lines.hold_sync():
            if self._reopened or not grown:
                self._reopened = False
                self._at, self.lines.current = -1, -1
                self._open_at(self._first_row() if self._opening else -1)
            self.lines.total = text.rows
            self.lines.layout.display = "" if text.rows else "none"
        if text.found and self._at < 0:
            self.go(1)
        self._count()
        self._snapshot.update()

    def _open_at(self, row: int) -> None:
        """Draw all rows again, with a row at the top. -1 leaves the position as it is."""
        self._placing = True
        self.lines.start = row
        if row >= 0:
            self.lines.top = row
        self.lines.version += 1
        self._placing = False

    def _first_row(self) -> int:
        """Return the row at the top of a log that opens: its end is visible, or the error of an attempt that failed."""
        text, visible_rows = self._text, self.lines.height // ROW_HEIGHT
        if text.error is not None and self._attempt.value in self._failed_attempts:
            return max(text.row_of(text.error) - visible_rows + _ROWS_BELOW_ERROR, 0)
        return max(text.rows - visible_rows, 0)

    @property
    def _columns(self) -> int:
        """The number of characters of a line that fit next to the margin. 0 if lines are not wrapped."""
        margin = self._text.moment_width + (_STREAM_CHARS if self._stream.value == BOTH else 0) + 2
        return max(self.lines.columns - margin, 1) if self._wrap.value and self.lines.columns else 0

    def _rewrap(self) -> None:
        text, columns = self._text, self._columns
        if self._is_finding:  # the worker would drop the search
            self._find()
        elif columns != text.columns:
            self._worker.ask(lambda: text.wrapped(columns), self._wrapped, self._failed)

    def _wrapped(self, text: LogText) -> None:
        line = self._text.line_of(self.lines.top)
        self._text = text
        with self.lines.hold_sync():
            self._open_at(self._first_row() if self._opening else text.row_of(line) if text.lines else 0)
            self.lines.total = text.rows
            self.lines.current = text.row_of(text.found[self._at]) if self._at >= 0 else -1

    def _page(self, number: int) -> Rows:
        return self._text.page(number)

    # -- search -----------------------------------------------------------------------------------------------------

    def _find(self) -> None:
        text, search, regex, columns = self._text, self._search.value, self._regex.value, self._columns
        source, stream = self._source(), self._stream.value
        self._is_finding = True

        def find() -> tuple[LogText, bool]:
            """Search the lines. If no line matches, say whether a line of the other stream does."""
            result = text.search(search, regex=regex).wrapped(columns)
            if result.found or not search or source is None or stream == BOTH:
                return result, False
            other = source.logs(next(name for name in STREAMS if name != stream))
            return result, bool(LogText.of(other.lines()).search(search, regex=regex).found)

        def show_matches(result: tuple[LogText, bool]) -> None:
            self._is_finding = False
            if result[1]:
                self._stream.value = BOTH  # which reads both streams, and goes to the first match
                return
            self._text, self._at = result[0], -1
            with self.lines.hold_sync():
                self._open_at(-1)
                self.lines.total = self._text.rows
                self.lines.current = -1
            self.go(1)

        self._worker.ask(find, show_matches, self._failed)

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
        self._is_finding = False
        self._say(str(error))

    def _say(self, message: str) -> None:
        self._message.value = html_of(nothing(message))

    def _view(self) -> View:
        source = self._source()
        return build_view(source.logs(self._stream.value), LIMITS) if source else nothing("No task is selected.")

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
        # ipywidgets 7 makes no bundle, and on Colab only that of an anywidget says where its script is.
        live, metadata = bundle_of(self.lines)
        view = {**live[WIDGET_VIEW], "model_id": self.model_id}
        self._snapshot.display({**live, "text/plain": repr(self), WIDGET_VIEW: view}, metadata)

    def __repr__(self) -> str:
        return visible(
            f"<LogViewer of {self._task.pathspec if self._task else 'no task'}, {len(self._text.lines):,} lines>"
        )
