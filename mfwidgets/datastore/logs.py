"""Task logs: ``<N>.<source>_<stream>.log``, in Metaflow's line format.

Each structured line reads ``[MFLOG|0|<UTC time>Z|<source>|<id>]<message>``. The scheduler and the task can each have a
file for the same stream. The files are merged by time; lines of the same time keep their order. A line without a header
(the end of a crash) stays after the line before it. Metaflow before 2.2.10 wrote one file of bare lines,
``<N>.<stream>.log``. It is read only if the others are missing.
"""

import heapq
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import repeat
from operator import itemgetter
from typing import Any, NamedTuple

from mfwidgets.datastore.base import Datastore
from mfwidgets.deadline import check_deadline

SOURCES = ("runtime", "task")
STREAMS = ("stdout", "stderr")

_LINE_BYTES = 200
"""The usual size of a line with its header."""

_TAIL_BYTES = 1 << 16
"""The smallest part of a file's end that is read."""

_PIECE_BYTES = 4_000_000
"""The text of a log is made in pieces of this size, so that it takes little more memory than the file and the text."""

_LINES_AT_ONCE = 50_000
"""The deadline is checked after this many lines."""

_MAX_TAIL_BYTES = 10_000_000
"""The largest part of a file's end that is read to find the last lines."""

MAX_LOG_BYTES = 1_000_000_000
"""A larger log is not read as a whole. Its last lines are."""

UNKNOWN_TIME = datetime(3000, 1, 1)  # noqa: DTZ001 - naive, like all times of log lines
"""The time that Metaflow's client returns for a line without one."""

_HEADER = re.compile(rb"^(?:\[!)?\[MFLOG\|0\|([0-9T:.\-]+)Z\|[^|\n]*\|[^\]\n]*\]", re.MULTILINE)
_WHOLE_LINE = re.compile(_HEADER.pattern + rb"(.*)", re.MULTILINE)


class LogLine(NamedTuple):
    """A line of a log.

    Attributes
    ----------
    time
        The time in UTC, such as ``2026-01-02T03:04:05.678901``. A line without a time has that of the line before it.
    message
        The line without its end. Bytes that are not UTF-8 are U+FFFD.
    stream
        ``stdout`` or ``stderr``.

    Examples
    --------
    >>> Task("HelloFlow/1795378926761243/end/2").logs().last(1)
    [LogLine(time='2026-11-22T20:22:07...', message='Grüezi, Metaflow!', stream='stdout')]
    """

    time: str
    message: str
    stream: str = ""


class Log(NamedTuple):
    """A log as two lists of the same length. A million lines are decoded much faster this way than one by one.

    Attributes
    ----------
    times
        As :attr:`LogLine.time`.
    raw
        The lines as bytes, without line ends.
    """

    times: list[str]
    raw: list[bytes]

    def messages(self) -> list[str]:
        """Return the lines as str. No line contains a line end, which allows to decode thousands at once."""
        messages: list[str] = []
        for start in range(0, len(self.raw), _LINES_AT_ONCE):
            check_deadline()
            raw = self.raw[start : start + _LINES_AT_ONCE]
            messages += b"\n".join(raw).decode("utf-8", errors="replace").split("\n")
        return messages

    def lines(self, stream: str = "") -> list[LogLine]:
        """Return the lines, all with this stream."""
        messages, lines = self.messages(), list[LogLine]()
        for start in range(0, len(messages), _LINES_AT_ONCE):
            check_deadline()
            part = slice(start, start + _LINES_AT_ONCE)
            lines += map(LogLine, self.times[part], messages[part], repeat(stream))
        return lines


def read_log(datastore: Datastore, task: tuple[str, ...], attempt: int, stream: str) -> Log:
    """Return the merged log of a stream of an attempt (at most two reads). Empty if nothing was logged."""
    return merge([parse(content) for content in _files(datastore, task, attempt, stream)])


def read_tail(datastore: Datastore, task: tuple[str, ...], attempt: int, stream: str, lines: int) -> Log:
    """Return the last lines of :func:`read_log`. Only the ends of long files are read."""
    ends = [_end(datastore, key, size, lines) for key, size in _sizes(datastore, task, attempt, stream) if size]
    log = merge([parse(content) for content in ends if content])
    first = max(len(log.times) - lines, 0)
    return Log(log.times[first:], log.raw[first:])


def _end(datastore: Datastore, key: str, size: int, lines: int) -> bytes | None:
    """Return the end of a file with at least this many whole lines, or the whole file."""
    tail = max(lines * _LINE_BYTES, _TAIL_BYTES)
    while tail < size:
        content = datastore.read_from(key, size - tail)
        if content is None or content.count(b"\n") > lines + 1:
            return content and content[content.index(b"\n") + 1 :]
        if tail > _MAX_TAIL_BYTES:  # lines of many megabytes: the end of the last one must be enough
            return content
        tail *= 4
    return datastore.read(key, MAX_LOG_BYTES)


def read_text(datastore: Datastore, task: tuple[str, ...], attempt: int, stream: str) -> str:
    """Return the messages of :func:`read_log` as one str, each with a line end."""
    files = _files(datastore, task, attempt, stream)
    # The usual log is one sorted file: removing many headers at once is much faster than line by line.
    messages = _without_headers(files[0]) if len(files) == 1 else None
    if messages is not None:
        files.clear()  # a log can have hundreds of megabytes
        return messages.decode("utf-8", errors="replace")
    return "".join(f"{message}\n" for message in merge([parse(content) for content in files]).messages())


def _without_headers(content: bytes) -> bytearray | None:
    """Return the lines of a log file without their headers. None if they are not sorted by time."""
    messages, last = bytearray(), b""
    for piece in _pieces(content):
        check_deadline()
        times = _HEADER.findall(piece)
        if times and (times[0] < last or not _is_sorted(times)):
            return None
        last = times[-1] if times else last
        messages += _HEADER.sub(b"", piece)
    return messages if messages.endswith(b"\n") else messages + b"\n"


def _files(datastore: Datastore, task: tuple[str, ...], attempt: int, stream: str) -> list[bytes]:
    keys = [log_key(task, attempt, source, stream) for source in SOURCES]
    files = [content for key in keys if (content := datastore.read(key, MAX_LOG_BYTES)) is not None]
    if not files:
        files = [datastore.read(_old_key(task, attempt, stream), MAX_LOG_BYTES) or b""]
    return [content for content in files if content]


def _sizes(datastore: Datastore, task: tuple[str, ...], attempt: int, stream: str) -> list[tuple[str, int]]:
    """Return the keys of the files of a stream, with their sizes. Empty if there are none."""
    keys = [log_key(task, attempt, source, stream) for source in SOURCES]
    sizes = [(key, size) for key in keys if (size := datastore.size(key)) is not None]
    old_key = _old_key(task, attempt, stream)
    return sizes or [(old_key, datastore.size(old_key) or 0)]


def log_size(datastore: Datastore, task: tuple[str, ...], attempt: int, stream: str) -> int:
    """Return the stored bytes of a stream, headers included, as Metaflow's ``stdout_size`` counts them."""
    return sum(size for _, size in _sizes(datastore, task, attempt, stream))


def log_key(task: tuple[str, ...], attempt: int, source: str, stream: str) -> str:
    """Return the key of a log file."""
    return f"{'/'.join(task)}/{attempt}.{source}_{stream}.log"


def _old_key(task: tuple[str, ...], attempt: int, stream: str) -> str:
    """Return the key of a log file of Metaflow before 2.2.10."""
    return f"{'/'.join(task)}/{attempt}.{stream}.log"


def parse(content: bytes) -> Log:
    """Return the lines of a log file."""
    log = Log([], [])
    for piece in _pieces(content):
        check_deadline()
        part = _parse_piece(piece, log.times[-1] if log.times else "")
        log.times.extend(part.times)
        log.raw.extend(part.raw)
    return log


def _pieces(content: bytes) -> Iterator[bytes]:
    """Yield a log file in pieces of whole lines."""
    start = 0
    while start < len(content):
        end = content.find(b"\n", start + _PIECE_BYTES) + 1 or len(content)
        yield content[start:end]
        start = end


def _parse_piece(content: bytes, time: str) -> Log:
    """Return the lines of a piece. ``time`` is that of the line before it."""
    lines = content.removesuffix(b"\n").split(b"\n")
    matches = _WHOLE_LINE.findall(content)
    if len(matches) == len(lines):  # the usual case: every line has a header
        times = b"\n".join([time for time, _ in matches]).decode("ascii").split("\n")
        return Log(times, [message for _, message in matches])
    return _parse_lines(lines, time)


def _parse_lines(lines: list[bytes], time: str) -> Log:
    log = Log([], [])
    for line in lines:
        header = _HEADER.match(line)
        if header:
            time = header[1].decode("ascii")
        log.times.append(time)
        log.raw.append(line[header.end() :] if header else line)
    return log


def merge(files: list[Log]) -> Log:
    """Merge logs by time. Lines of the same time keep their order, the scheduler's first."""
    if len(files) == 1 and _is_sorted(files[0].times):
        return files[0]
    by_time = itemgetter(0)
    # The lines of one file can be out of order (threads, clocks). Sorting is stable, so equal times keep their order.
    ordered = [sorted(zip(log.times, log.raw, strict=True), key=by_time) for log in files]
    merged = list(heapq.merge(*ordered, key=by_time))
    return Log([time for time, _ in merged], [raw for _, raw in merged])


def _is_sorted(times: list[Any]) -> bool:
    return times == sorted(times)  # one pass if they are sorted
