"""The lines of a log that the user's code wrote: without tracebacks, and without what Metaflow adds to them."""

import re
from collections.abc import Iterable, Sequence

from mfwidgets.datastore.logs import STREAMS, LogLine
from mfwidgets.queries.status.tracebacks import TRACEBACK, frame_in, traceback_places

_FAILED = re.compile(r"<flow \S+ step .{1,300}> failed:\Z")
"""What Metaflow writes to standard error before it reports a failure, at the end of the log of an attempt."""

_METAFLOW = re.compile(
    r"Task failed\.\Z|\[KILLED BY ORCHESTRATOR\]\Z|Task is starting\.\Z|Task finished successfully\.\Z|@catch caught an exception from <flow .*>\Z|>  .*\Z"
)
"""Other lines of Metaflow around a failure."""

_REPORT = re.compile(r"    (\S.{0,300}):\Z")
"""The first line of a failure that Metaflow reports without a traceback."""


def own_lines(lines: Sequence[LogLine], reported: str = "") -> list[LogLine]:
    """Return the lines of a log that are neither tracebacks nor written by Metaflow, without empty lines at the end.

    Parameters
    ----------
    lines
        The last lines of one stream or of both.
    reported
        The result of :func:`reported_failure`. Its lines are left out, too.
    """
    left_out: set[int] = set()
    for numbers in _by_stream(lines):
        messages = [lines[number].message for number in numbers]
        begun = max((place for place, message in enumerate(messages) if _FAILED.match(message)), default=len(messages))
        left_out.update(numbers[begun:])
        for first, last in (*traceback_places(messages), *_end_of_traceback(messages)):
            left_out.update(numbers[first : last + 1])
        left_out.update(numbers[place] for place, message in enumerate(messages) if _METAFLOW.match(message))
        if reported:
            left_out.update(
                numbers[place]
                for place, message in enumerate(messages)
                if message.startswith("    ") and message.strip().removesuffix(":") in reported
            )
    kept = [line for number, line in enumerate(lines) if number not in left_out]
    while kept and not kept[-1].message.strip():
        kept.pop()
    return kept


def _end_of_traceback(messages: Sequence[str]) -> list[tuple[int, int]]:
    """Return the place of a traceback whose first lines were not read. Empty if there is none."""
    first = next(
        (place for place, message in enumerate(messages) if message.lstrip(" +").endswith(TRACEBACK)), len(messages)
    )
    frames = [place for place in range(first) if frame_in(messages[place])]
    if not frames:
        return []
    for place in range(frames[-1] + 1, first):
        if messages[place].strip() and not messages[place].startswith((" ", "|")):
            return [(0, place)]
    return [(0, first - 1)]


def reported_failure(lines: Sequence[LogLine]) -> str:
    """Return what Metaflow itself reports at the end of a log, such as ``Cannot pickle artifact: ...``. Empty if nothing.

    It prints its own exceptions without a traceback: a line that ends in a colon, then the message, both indented.
    """
    messages = [line.message for line in lines if line.message.strip() and line.message != "Task failed."]
    for number in range(len(messages) - 1, max(len(messages) - 12, -1), -1):
        match = _REPORT.match(messages[number])
        further = [message.strip() for message in messages[number + 1 :]]
        if match and further and match[1] != "Internal error" and all(m.startswith("    ") for m in messages[number:]):
            return f"{match[1]}: {' '.join(further)}"
        if not messages[number].startswith("    "):
            return ""
    return ""


def _by_stream(lines: Iterable[LogLine]) -> list[list[int]]:
    numbers: dict[str, list[int]] = {stream: [] for stream in (*STREAMS, "")}
    for number, line in enumerate(lines):
        numbers.setdefault(line.stream, []).append(number)
    return [found for found in numbers.values() if found]
