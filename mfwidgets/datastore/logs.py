"""Task logs: ``<N>.<source>_<stream>.log``, in Metaflow's line format.

Each structured line reads ``[MFLOG|0|<UTC time>Z|<source>|<id>]<message>``. The scheduler and the task may each keep
a file of the same stream; they are merged by time, and lines of one time keep their order. A line without the header
(the end of a crash) belongs after the line it follows.
"""

import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from mfwidgets.datastore.base import Datastore

SOURCES = ("runtime", "task")
STREAMS = ("stdout", "stderr")

UNKNOWN_TIME = datetime(3000, 1, 1)  # noqa: DTZ001 - naive, as all times of log lines
"""The time that Metaflow's client gives to a line without one."""

_HEADER = re.compile(rb"(?:\[!)?\[MFLOG\|0\|([0-9T:.\-]+)Z\|([^|]*)\|[^\]]*\]")


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a log.

    Attributes
    ----------
    time
        ``2026-01-02T03:04:05.678901``, UTC, as it stands in the log; of a line without a time, that of the line
        before it.
    raw
        The line as it was written, without its end.
    """

    time: str
    raw: bytes

    @property
    def message(self) -> str:
        """The line as text; bytes that are no UTF-8 are U+FFFD."""
        return self.raw.decode("utf-8", errors="replace")

    @property
    def utc(self) -> datetime | None:
        """Naive UTC, as ``Task.loglines`` of Metaflow's client gives it; None before the first time of a log."""
        return datetime.fromisoformat(self.time) if self.time else None


def read_log(datastore: Datastore, task: tuple[str, ...], attempt: int, stream: str) -> list[LogLine]:
    """Return the merged lines of a stream of an attempt (at most two reads); none where nothing was logged."""
    files = (datastore.read(log_key(task, attempt, source, stream)) for source in SOURCES)
    return merge([list(parse(content)) for content in files if content])


def log_size(datastore: Datastore, task: tuple[str, ...], attempt: int, stream: str) -> int:
    """Return the stored bytes of a stream, headers included, as Metaflow's ``stdout_size`` counts them."""
    return sum(datastore.size(log_key(task, attempt, source, stream)) or 0 for source in SOURCES)


def log_key(task: tuple[str, ...], attempt: int, source: str, stream: str) -> str:
    """Return the key of a log file."""
    return f"{'/'.join(task)}/{attempt}.{source}_{stream}.log"


def parse(content: bytes) -> Iterator[LogLine]:
    """Yield the lines of a log file."""
    time = ""
    for line in content.removesuffix(b"\n").split(b"\n"):
        header = _HEADER.match(line)
        if header:
            time = header[1].decode("ascii")
            line = line[header.end() :]  # noqa: PLW2901 - the message is what is left
        yield LogLine(time, line)


def merge(files: list[list[LogLine]]) -> list[LogLine]:
    """Merge logs by time; lines of one time stay in order, those of the scheduler first."""
    by_time = attrgetter("time")
    # A file's own lines can be out of order (threads, clocks): sorting is stable, so equal times stay as they were.
    return list(heapq.merge(*(sorted(lines, key=by_time) for lines in files), key=by_time))
