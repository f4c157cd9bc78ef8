"""The log of a task as an object: lines, text, display."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mfwidgets.client.blobs import task_datastore
from mfwidgets.client.presentable import Presentable, to_dicts, to_frame
from mfwidgets.client.scope import Scope
from mfwidgets.datastore.logs import STREAMS, Log, LogLine, log_size, read_log, read_tail, read_text
from mfwidgets.errors import MetaflowInvalidArgument, MetaflowNotFound
from mfwidgets.metadata_provider.records import TaskRecord

if TYPE_CHECKING:
    import pandas as pd


class Logs(Presentable):
    """One stream of one attempt of a task; read anew whenever it is used, since it may grow.

    Parameters
    ----------
    scope, task, attempt
        Whose.
    stream
        ``stdout`` or ``stderr``.
    tail
        Only that many last lines; None gives all.
    """

    def __init__(self, scope: Scope, task: TaskRecord, attempt: int, stream: str, tail: int | None = None) -> None:
        if stream not in STREAMS:
            raise MetaflowNotFound(f"There is no stream {stream!r}: a task has {' and '.join(STREAMS)}.")
        if tail is not None and (not isinstance(tail, int) or tail < 0):
            raise MetaflowInvalidArgument(f"tail= is a number of lines, 0 or more, or None; not {tail!r}.")
        self._scope, self._task = scope, task
        self.attempt, self.stream, self.tail = attempt, stream, tail

    @property
    def pathspec(self) -> str:
        """The pathspec of the task."""
        return "/".join(self._task.path)

    def read(self) -> Log:
        """Return the whole log, merged by time (at most two files are read); empty where nothing was logged."""
        return read_log(task_datastore(self._scope, self._task), self._task.path, self.attempt, self.stream)

    def lines(self) -> list[LogLine]:
        """Return all lines of :meth:`read`."""
        return self.read().lines()

    def last(self, lines: int) -> list[LogLine]:
        """Return the last lines; of long files only the ends are read."""
        datastore = task_datastore(self._scope, self._task)
        return read_tail(datastore, self._task.path, self.attempt, self.stream, lines).lines()

    def size(self) -> int:
        """Return the stored bytes, headers of the lines included; nothing is read but the sizes of two files."""
        return log_size(task_datastore(self._scope, self._task), self._task.path, self.attempt, self.stream)

    def other_stream(self) -> "Logs":
        """Return the log of the other stream of the same attempt."""
        other = next(stream for stream in STREAMS if stream != self.stream)
        return Logs(self._scope, self._task, self.attempt, other, self.tail)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of its lines, those of :meth:`__iter__`.

        Returns
        -------
        pandas.DataFrame
            ``time`` (UTC, milliseconds), ``line`` (counted from 0; of a tail from its first), ``message``.
        """
        return to_frame("log lines", list(enumerate(self)))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the same as plain data, a dict a line."""
        return to_dicts("log lines", list(enumerate(self)))

    def __iter__(self) -> Iterator[LogLine]:
        return iter(self.lines() if self.tail is None else self.last(self.tail))

    def __str__(self) -> str:
        if self.tail is None:
            return read_text(task_datastore(self._scope, self._task), self._task.path, self.attempt, self.stream)
        return "".join(f"{line.message}\n" for line in self)

    def __repr__(self) -> str:
        tail = "" if self.tail is None else f", last {self.tail} lines"
        return f"<{self.stream} of {self.pathspec}, attempt {self.attempt}{tail}>"
