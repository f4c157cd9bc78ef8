"""The members of a task that return its logs."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from mfwidgets.client.answers.logs import Logs
from mfwidgets.datastore.logs import STREAMS, UNKNOWN_TIME, read_log
from mfwidgets.providers.records import TaskRecord, attempt_number
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.task_metadata import (
    task_datastore,
)


class TaskLogs:
    """The logs of a task."""

    _context: ClientContext
    _record: TaskRecord
    _attempt: int | None

    @property
    def current_attempt(self) -> int:
        """The attempt given with ``attempt=``, otherwise the newest attempt that began, or 0. Costs at most one request."""
        if self._attempt is not None:
            return self._attempt
        events = self._context.provider.metadata(self._record.path, {"attempt"})
        return max((attempt_number(event.value) or 0 for event in events), default=0)

    def logs(self, stream: str = "stdout", tail: int | None = None) -> Logs:
        """Return the log of a stream.

        Reads nothing until the log is used, except one request for the newest attempt. A log costs at most two reads
        per stream.

        Parameters
        ----------
        stream
            ``stdout``, ``stderr``, or ``both``, merged by time.
        tail
            The number of lines at the end of the log. None returns all lines, and a display shows the last 200.

        Returns
        -------
        Logs
            The log. It displays itself. Iterating yields lines, and ``str()`` returns the text.

        Raises
        ------
        MetaflowNotFound
            There is no stream with this name.
        MetaflowInvalidArgument
            ``tail`` is not a number, or is negative.

        Examples
        --------
        >>> for line in Task("ForecastFlow/1795378913725406/fit/9").logs("stderr").grep("Error:"):
        ...     print(line.message)
        ValueError: Hamburg reports a negative demand in week 17: the sensor is broken
        """
        return Logs(self._context, self._record, self.current_attempt, stream, tail)

    @property
    def stdout(self) -> str:
        """The standard output of the newest attempt that began. Costs two requests and at most two reads.

        Examples
        --------
        >>> Task("ForecastFlow/1795378919475034/end/15").stdout.strip()
        'mean error 4.148, worst İzmir'
        """
        return self.logs("stdout").text

    @property
    def stderr(self) -> str:
        """The standard error of the newest attempt that began. Costs two requests and at most two reads."""
        return self.logs("stderr").text

    @property
    def stdout_size(self) -> int:
        """The stored size of its standard output in bytes, including the header of each line.

        Costs two requests, and the sizes of at most two files.
        """
        return self.logs("stdout").size()

    @property
    def stderr_size(self) -> int:
        """The stored size of its standard error in bytes, including the header of each line.

        Costs what :attr:`stdout_size` costs.
        """
        return self.logs("stderr").size()

    def loglines(
        self,
        stream: str,
        as_unicode: bool = True,  # noqa: FBT001, FBT002 - Metaflow's signature
        meta_dict: dict[str, Any] | None = None,  # noqa: ARG002 - as above
    ) -> Iterator[tuple[datetime, str | bytes]]:
        """Yield the time and the text of each line of a log.

        Costs two requests and at most two reads.

        Parameters
        ----------
        stream
            ``stdout`` or ``stderr``. Any other stream has no lines.
        as_unicode
            Whether to yield str, with U+FFFD for bytes that are not UTF-8. Otherwise yields the bytes.
        meta_dict
            As in Metaflow, the result of :attr:`metadata_dict`. It is not needed.

        Yields
        ------
        tuple of datetime.datetime and str or bytes
            The time and the line without its line end. The time is in naive UTC, unlike all other times of the client.
            A line without a time, such as a line of a crash, has the time of the line before it.
        """
        if stream in STREAMS:
            log = read_log(task_datastore(self._context, self._record), self._record.path, self.current_attempt, stream)
            moments = (datetime.fromisoformat(time) if time else UNKNOWN_TIME for time in log.times)
            yield from zip(moments, log.messages() if as_unicode else log.raw, strict=True)
