"""The log of a task: lines, text and display."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from mfwidgets.concurrency import run_interruptible
from mfwidgets.datastore.base import Datastore
from mfwidgets.datastore.logs import STREAMS, LogLine, log_size, read_log, read_tail, read_text
from mfwidgets.display import Displayable, openers
from mfwidgets.errors import MetaflowInvalidArgument, MetaflowNotFound
from mfwidgets.hidden_characters import visible
from mfwidgets.providers.records import TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.task_metadata import task_datastore
from mfwidgets.render.sanitize import escape_control_chars
from mfwidgets.safe_repr import repr_of
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd

    from mfwidgets.search import LinePattern
    from mfwidgets.widgets.log_viewer import LogViewer

BOTH = "both"
"""The name of both streams together, merged by time."""

ALL = sys.maxsize
"""A ``tail`` that means all lines. A display then shows as many as fit, instead of its usual 200."""


@dataclass(frozen=True, repr=False, eq=False)
class Logs(Displayable):
    """The log of one attempt of a task. Each use reads it again because it may have grown.

    Attributes
    ----------
    attempt
        The number of the attempt.
    stream
        ``stdout``, ``stderr``, or ``both``, merged by time.
    tail
        The number of lines at the end. None means all lines, of which a display shows the last 200.
    pattern
        A regular expression. Only lines that contain a match are included. None includes all lines.

    Examples
    --------
    >>> logs = Task("HelloFlow/1795378926761243/end/2").logs()
    >>> for line in logs:
    ...     print(line.message)
    Grüezi, Metaflow!
    """

    _context: ClientContext
    _task: TaskRecord
    attempt: int
    stream: str
    tail: int | None = None
    pattern: "LinePattern | None" = None
    _note: str = ""
    """Why this task was chosen, if the user named a run or a step."""

    def __post_init__(self) -> None:
        if self.stream not in (*STREAMS, BOTH):
            raise MetaflowNotFound(
                f"Expected a stream ({', '.join(map(repr, STREAMS))} or {BOTH!r}), got {repr_of(self.stream, 40)}."
            )
        if self.tail is not None and (not isinstance(self.tail, int) or self.tail < 0):
            raise MetaflowInvalidArgument(
                f"Expected tail= to be a number from 0 or None, got {repr_of(self.tail, 40)}."
            )

    @property
    def pathspec(self) -> str:
        """The pathspec of the task."""
        return "/".join(self._task.path)

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams that the log consists of."""
        return STREAMS if self.stream == BOTH else (self.stream,)

    def grep(self, pattern: str) -> "Logs":
        """Return the log with only the lines that match a regular expression. Reads nothing until it is used.

        Parameters
        ----------
        pattern
            The regular expression. It may match anywhere in a line. A tail is taken after filtering.

        Returns
        -------
        Logs
            A log with the same stream and tail.

        Raises
        ------
        MetaflowInvalidArgument
            The pattern is not a valid regular expression. Using the log raises DeadlineExceeded if the search takes
            longer than five seconds.

        Examples
        --------
        >>> logs = Task("ForecastFlow/1795378913725406/fit/9").logs("stderr")
        >>> [line.message.strip() for line in logs.grep("^ValueError")]
        ['ValueError: Hamburg reports a negative demand in week 17: the sensor is broken']
        """
        from mfwidgets.search import LinePattern

        return replace(self, pattern=LinePattern(pattern))

    def lines(self) -> list[LogLine]:
        """Return all lines, regardless of ``tail``.

        Returns
        -------
        list of LogLine
            Empty if nothing was logged. Costs one request and at most two reads per stream.
        """
        datastore, path = self._datastore(), self._task.path
        lines = _merged([read_log(datastore, path, self.attempt, stream).lines(stream) for stream in self.streams])
        if self.pattern is None:
            return lines
        pattern = self.pattern
        messages = (line.message for line in lines)
        return run_interruptible(lambda: [lines[number] for number in pattern.matching(messages)])

    def last(self, lines: int) -> list[LogLine]:
        """Return the last lines.

        Parameters
        ----------
        lines
            The number of lines.

        Returns
        -------
        list of LogLine
            Costs one request and at most two reads per stream. Only the ends of long files are read, unless there is a
            pattern.
        """
        if self.pattern:
            return self.lines()[-lines:] if lines else []
        datastore, path = self._datastore(), self._task.path
        ends = [read_tail(datastore, path, self.attempt, stream, lines).lines(stream) for stream in self.streams]
        return _merged(ends)[-lines:] if lines else []

    def size(self) -> int:
        """Return the stored size of the log.

        Returns
        -------
        int
            Bytes, including the header of each line. Costs one request, and the sizes of at most two files per stream.
        """
        return sum(self._sizes().values())

    def _sizes(self) -> dict[str, int]:
        """Return the stored size of each of its streams."""
        datastore = self._datastore()
        return {stream: log_size(datastore, self._task.path, self.attempt, stream) for stream in self.streams}

    def _other_stream(self) -> "Logs | None":
        """Return the log of the other stream of the same attempt. None if the log has both."""
        other = next((stream for stream in STREAMS if stream not in self.streams), None)
        return replace(self, stream=other) if other else None

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of the lines.

        Returns
        -------
        pandas.DataFrame
            One row per line: ``time`` (UTC, milliseconds), ``line`` (from 0, the first line of the tail), ``stream``
            (string) and ``message``. Costs what :meth:`lines` costs.

        Examples
        --------
        >>> Task("HelloFlow/1795378926761243/end/2").logs().to_pandas()[["line", "stream", "message"]]
           line  stream            message
        0     0  stdout  Grüezi, Metaflow!
        """
        return to_frame("log lines", list(enumerate(self)))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as dicts.

        Returns
        -------
        list of dict
            One dict per line. Costs what :meth:`to_pandas` costs.
        """
        return to_dicts("log lines", list(enumerate(self)))

    def view(self) -> "LogViewer":
        """Return a widget that shows a log of any length, searches it, and follows it while it grows.

        Returns
        -------
        LogViewer
            Costs what :meth:`lines` costs, and one request per poll while the log grows.
        """
        return openers().open_log_viewer(self)

    def _datastore(self) -> Datastore:
        return task_datastore(self._context, self._task)

    def __iter__(self) -> Iterator[LogLine]:
        return iter(self.lines() if self.tail is None else self.last(self.tail))

    @property
    def text(self) -> str:
        """The selected lines, exactly as they were logged. ``str()`` leaves out what would move a terminal's cursor.

        Costs at most two reads per stream.
        """
        if self.tail is None and self.pattern is None and self.stream != BOTH:
            return read_text(self._datastore(), self._task.path, self.attempt, self.stream)
        return "".join(f"{line.message}\n" for line in self)

    def __str__(self) -> str:
        return escape_control_chars(self.text)

    def __repr__(self) -> str:
        pattern = f", lines with {self.pattern.pattern!r}" if self.pattern else ""
        tail = "" if self.tail in (None, ALL) else f", last {self.tail} lines"
        return visible(f"<{self.stream} of {self.pathspec}, attempt {self.attempt}{pattern}{tail}>")


def _merged(logs: list[list[LogLine]]) -> list[LogLine]:
    """Merge streams by time. Lines with equal times stay in order, those of standard output first."""
    return logs[0] if len(logs) == 1 else list(merge(*logs, key=attrgetter("time")))
