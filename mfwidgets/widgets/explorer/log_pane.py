"""The log in the run pane: all lines of a task's attempt, in pages, with a search.

It becomes another version if other lines are shown, and keeps its version while lines are added at its end.
"""

from collections.abc import Sequence
from dataclasses import replace

from mfwidgets.client.answers.logs import BOTH
from mfwidgets.client.task import Task
from mfwidgets.datastore.logs import STREAMS
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.queries.rows import AttemptRow
from mfwidgets.render.numbers import counted
from mfwidgets.views.cells import Limits
from mfwidgets.widgets.log_lines import PAGE, Rows
from mfwidgets.widgets.log_text import LogText
from mfwidgets.widgets.log_times import between_times

NEWEST = -1
"""Stands for the newest attempt."""

_ROWS_BELOW_ERROR = 5
"""Rows that are visible below the error of a log that opens."""

_MAX_FOUND = 5_000
"""The script steps through at most this many matches."""

_STREAM_CHARS = len(" stdout")
"""The width of the stream's name in the margin."""

Answer = dict[str, object]


@fast_dataclass(frozen=True, slots=True)
class LogQuestion:
    """The lines that are shown.

    Attributes
    ----------
    stream
        ``stdout``, ``stderr`` or ``both``.
    attempt
        The number of an attempt, or :data:`NEWEST`.
    since, until
        Times as in :func:`between_times`. Empty for all lines.
    search, regex
        The search. Empty for none.
    columns
        The characters that fit into a line. 0 means that lines are not wrapped.
    """

    stream: str = BOTH
    attempt: int = NEWEST
    since: str = ""
    until: str = ""
    search: str = ""
    regex: bool = False
    columns: int = 0


@fast_dataclass(frozen=True, slots=True)
class ReadLog:
    """A log that was read."""

    task: Task
    question: LogQuestion
    text: LogText
    attempts: Sequence[AttemptRow]
    goes_on: bool

    def continues(self, other: "ReadLog | None") -> bool:
        """Return whether it is another log with more lines at its end."""
        if other is None or self.question != other.question or self.task.pathspec != other.task.pathspec:
            return False
        before, now = other.text, self.text
        return bool(before.lines) and before == replace(
            now, lines=now.lines[: len(before.lines)], found=before.found, error=before.error
        )


def read_log(task: Task, question: LogQuestion) -> ReadLog:
    """Read a log. Reads the attempts of the task and its whole log.

    Raises
    ------
    MetaflowException
        A time, a stream or a regular expression is invalid, or the log cannot be read.
    """
    if question.stream not in (BOTH, *STREAMS):
        raise MetaflowInvalidArgument(f"Expected {BOTH}, {' or '.join(STREAMS)}, got {question.stream!r:.40}.")
    attempts = task._row().attempt_rows
    source = task if question.attempt == NEWEST else Task._of(task._context, task._record, question.attempt)
    lines = between_times(source.logs(question.stream).lines(), question.since, question.until)
    text = LogText.of(lines).search(question.search, regex=question.regex)
    margin = text.moment_width + (_STREAM_CHARS if question.stream == BOTH else 0) + 2
    text = text.wrapped(max(question.columns - margin, 1) if question.columns else 0)
    return ReadLog(task, question, text, attempts, task._goes_on())


class LogPane:
    """Keeps the log that the pane shows."""

    def __init__(self) -> None:
        self._log: ReadLog | None = None
        self._version = 0

    def show(self, log: ReadLog, visible_rows: int, version: int) -> Answer:
        """Show another log, or the same one with more lines. Return the facts for the script.

        Parameters
        ----------
        log
            The log.
        visible_rows
            The rows that are visible at once.
        version
            The version that the page shows.
        """
        grown = version == self._version and log.continues(self._log)
        self._log = log
        self._version += not grown
        text = log.text
        return {
            "version": self._version,
            "total": text.rows,
            "start": -1 if grown else _first_row(log, visible_rows),
            "found": [text.row_of(line) for line in text.found[:_MAX_FOUND]],
            "attempts": [[attempt.attempt, f"{attempt.attempt}: {attempt.status}"] for attempt in log.attempts],
            "goes_on": log.goes_on,
            "words": _words(log),
        }

    def page(self, version: int, number: int) -> Rows | None:
        """Return the rows of a page. None if another version is shown, or there is no such page."""
        log = self._log
        if log is None or version != self._version or not 0 <= number <= log.text.rows // PAGE:
            return None
        return log.text.page(number)

    def text(self) -> tuple[str, str]:
        """Return the name of a file, and all lines as text."""
        if self._log is None:
            return "log", ""
        name = self._log.task.pathspec.replace("/", "-")
        return f"{name}-{self._log.question.stream}.log", self._log.text.text()


def _first_row(log: ReadLog, visible_rows: int) -> int:
    """Return the row at the top of a log that opens: its end is visible, or the error of an attempt that failed."""
    text = log.text
    shown = [attempt for attempt in log.attempts if log.question.attempt in (NEWEST, attempt.attempt)]
    if text.error is not None and shown and shown[-1].status in ("failed", "killed"):
        return max(text.row_of(text.error) - visible_rows + _ROWS_BELOW_ERROR, 0)
    return max(text.rows - visible_rows, 0)


def _words(log: ReadLog) -> str:
    """Return how many lines there are, and how many match."""
    text, question = log.text, log.question
    pathspec = Limits().text(log.task.pathspec).text
    if not text.lines:
        timed = question.since or question.until
        return f"{pathspec}: {'there is no line in this time.' if timed else 'nothing has been logged.'}"
    words = f"{pathspec}: {counted(len(text.lines), 'line')}, {text.when}"
    if text.pattern is None:
        return words
    return f"{words}; {counted(len(text.found), 'matching line') if text.found else 'no match'}"
