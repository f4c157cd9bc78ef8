"""The log of a task as an object: lines, text, display."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from mfwidgets.datastore.base import Datastore
from mfwidgets.datastore.logs import STREAMS, LogLine, log_size, read_log, read_tail, read_text
from mfwidgets.display import Displayable, openers
from mfwidgets.errors import MetaflowInvalidArgument, MetaflowNotFound
from mfwidgets.providers.records import TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.task_metadata import task_datastore
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd

    from mfwidgets.widgets.log_viewer import LogViewer

BOTH = "both"
"""Both streams, merged by time."""

ALL = sys.maxsize
"""As a tail: all lines, and a display shows as many of them as fit into it, not its usual 200."""


@dataclass(frozen=True, repr=False, eq=False)
class Logs(Displayable):
    """What one attempt of a task logged; read anew whenever it is used, since it may grow.

    Attributes
    ----------
    attempt
        Which attempt.
    stream
        ``stdout``, ``stderr`` or ``both``, which are merged by time.
    tail
        Only that many last lines; None gives all, of which a display shows the last 200.
    pattern
        Only lines that this regular expression is found in; None takes all.
    """

    _context: ClientContext
    _task: TaskRecord
    attempt: int
    stream: str
    tail: int | None = None
    pattern: re.Pattern[str] | None = None

    def __post_init__(self) -> None:
        if self.stream not in (*STREAMS, BOTH):
            raise MetaflowNotFound(
                f"There is no stream {self.stream!r}: a task has {' and '.join(STREAMS)}; '{BOTH}' are both."
            )
        if self.tail is not None and (not isinstance(self.tail, int) or self.tail < 0):
            raise MetaflowInvalidArgument(f"tail= is a number of lines, 0 or more, or None; not {self.tail!r}.")

    @property
    def pathspec(self) -> str:
        """The pathspec of the task."""
        return "/".join(self._task.path)

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams that it consists of."""
        return STREAMS if self.stream == BOTH else (self.stream,)

    def grep(self, pattern: str) -> "Logs":
        """Return those of its lines that a regular expression is found in; a tail is taken of these.

        Raises
        ------
        MetaflowInvalidArgument
            It is no regular expression.
        """
        try:
            return replace(self, pattern=re.compile(pattern))
        except (re.error, TypeError) as error:
            raise MetaflowInvalidArgument(f"{pattern!r:.80} is no regular expression: {error}.") from None

    def lines(self) -> list[LogLine]:
        """Return all lines, whatever the tail (at most two files are read a stream); empty where nothing was logged."""
        where, path = self._datastore(), self._task.path
        found = _merged([read_log(where, path, self.attempt, stream).lines(stream) for stream in self.streams])
        return [line for line in found if self.pattern.search(line.message)] if self.pattern else found

    def last(self, lines: int) -> list[LogLine]:
        """Return the last lines; of long files only the ends are read, unless lines are chosen by a pattern."""
        if self.pattern:
            return self.lines()[-lines:] if lines else []
        where, path = self._datastore(), self._task.path
        ends = [read_tail(where, path, self.attempt, stream, lines).lines(stream) for stream in self.streams]
        return _merged(ends)[-lines:] if lines else []

    def size(self) -> int:
        """Return the stored bytes, headers of the lines included; nothing is read but the sizes of two files a stream."""
        where = self._datastore()
        return sum(log_size(where, self._task.path, self.attempt, stream) for stream in self.streams)

    def _other_stream(self) -> "Logs | None":
        """Return the log of the other stream of the same attempt; None where it is both."""
        other = next((stream for stream in STREAMS if stream not in self.streams), None)
        return replace(self, stream=other) if other else None

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of its lines, those that iterating gives.

        Returns
        -------
        pandas.DataFrame
            ``time`` (UTC, milliseconds), ``line`` (counted from 0; of a tail from its first), ``stream`` (category),
            ``message``.
        """
        return to_frame("log lines", list(enumerate(self)))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the same as plain data, a dict a line."""
        return to_dicts("log lines", list(enumerate(self)))

    def view(self) -> "LogViewer":
        """Return a viewer: a widget that shows a log of any length, searches it, and follows it while it grows."""
        return openers().open_log_viewer(self)

    def _datastore(self) -> Datastore:
        return task_datastore(self._context, self._task)

    def __iter__(self) -> Iterator[LogLine]:
        return iter(self.lines() if self.tail is None else self.last(self.tail))

    def __str__(self) -> str:
        if self.tail is None and self.pattern is None and self.stream != BOTH:
            return read_text(self._datastore(), self._task.path, self.attempt, self.stream)
        return "".join(f"{line.message}\n" for line in self)

    def __repr__(self) -> str:
        chosen = f", lines with {self.pattern.pattern!r}" if self.pattern else ""
        tail = "" if self.tail in (None, ALL) else f", last {self.tail} lines"
        return f"<{self.stream} of {self.pathspec}, attempt {self.attempt}{chosen}{tail}>"


def _merged(logs: list[list[LogLine]]) -> list[LogLine]:
    """Merge streams by time; lines of one time stay in order, those of standard output first."""
    return logs[0] if len(logs) == 1 else list(merge(*logs, key=attrgetter("time")))
