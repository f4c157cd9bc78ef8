"""The display of a log: its last lines as on a terminal, with times. It opens at the end, or at the error."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mfwidgets.client.answers.logs import Logs
from mfwidgets.client.task import Task
from mfwidgets.code_lines import mflow_line
from mfwidgets.datastore.logs import STREAMS, LogLine
from mfwidgets.display_options import options
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.render.numbers import counted
from mfwidgets.render.sanitize import parse_ansi
from mfwidgets.render.view import Line, Preformatted, Span, View
from mfwidgets.times import time_text, zone_text
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, size_text
from mfwidgets.views.object_code import object_code
from mfwidgets.views.screen_lines import error_line, library_lines, screen_lines

MAX_WHOLE_LOG_BYTES = 1_000_000
"""A larger log is not read as a whole for a display, only its end."""

_DAY = len("2026-01-02")

LOG_LINES = 200
"""Lines that a log shows by default. ``str(logs)`` has all."""

_MAX_LINES = 10_000
"""Lines of a very large log that a display reads, even if more are requested. More would not fit."""

_LOG_SHARE, _MARKUP_BYTES = 0.7, 80
"""The part of a display's bytes that log lines may take, and the bytes of markup per line."""


@build_view.register
def build_logs_view(logs: Logs, limits: Limits) -> View:
    """Show the last 200 lines, or as many as requested, if they fit. Scrolled to the end or to the error."""
    logs = replace(logs, _context=remembering_context(logs._context))
    line_count = LOG_LINES * limits.rows // Limits().rows if logs.tail is None else logs.tail
    parts, notes = _parts(logs, line_count, limits)
    if not parts and line_count:
        other = logs._other_stream()
        parts, _ = _parts(other, line_count, limits) if other else ((), ())
        notes = (*_why_empty(logs, limits), f"These lines are from {other.stream}.") if parts and other else notes
    name = f"{limits.text(logs.pathspec).text}, attempt {logs.attempt}"
    chosen = (limits.text(logs._note).text,) if logs._note else ()
    return View("Log of", name, notes=(*chosen, *(notes if parts else _why_empty(logs, limits))), parts=parts)


def _why_empty(logs: Logs, limits: Limits) -> tuple[str, ...]:
    """Explain an empty log."""
    if logs.pattern and logs.size():
        return (f"No line of {_where(logs)} matches {limits.text(repr(logs.pattern.pattern)).text}.",)
    if logs.tail == 0:
        return ("No lines were requested.",)
    status = Task._of(logs._context, logs._task, logs.attempt).status
    if status != "running":
        return (f"Nothing was logged to {_where(logs)}.",)
    later = " Local tasks write their logs when they end." if logs._context.provider.local_root is not None else ""
    return (f"Nothing is logged to {_where(logs)} yet.{later}",)


def _where(logs: Logs) -> str:
    return " and ".join(logs.streams)


def log_blocks(task: Task, limits: Limits) -> tuple[Preformatted, ...]:
    """Show the last lines of stdout, then of stderr, so that errors are last."""
    blocks: list[Preformatted] = []
    for stream in STREAMS:
        parts, _ = _parts(task.logs(stream), limits.rows // 2, limits)
        blocks += parts
    return tuple(blocks)


def _parts(logs: Logs, line_count: int, limits: Limits) -> tuple[tuple[Preformatted, ...], tuple[str, ...]]:
    """Show the last lines of a log, and say how to see the others. A log that is too large to be read is not counted."""
    sizes = logs._sizes()
    stored = sum(sizes.values())
    filled = [stream for stream, size in sizes.items() if size]
    heading = " and ".join(filled)
    if logs.pattern:
        heading += f", lines matching {limits.text(repr(logs.pattern.pattern)).text}"
    whole = stored <= MAX_WHOLE_LOG_BYTES or logs.pattern is not None
    if whole:
        lines = screen_lines(logs.lines()) if stored else []
    else:
        lines = screen_lines(logs.last(min(max(line_count, _LINES_SEARCHED), _MAX_LINES)))
    total = f"of {len(lines):,} lines" if whole else f"lines of {size_text(stored)}"
    first, after = _around_error(logs, lines, line_count)
    first, after = _fitting(first, limits), after and _fitting(after, limits)
    if not first:
        return (), ()
    more = not whole or len(first) + len(after) < len(lines)
    place = "before the error, " if after else ""
    blocks = [log_block(heading, first, limits, f"{place}last {len(first):,} {total}" if more else "")]
    if after:
        note = f"the last {counted(len(after), 'line')}, after the error"
        blocks.append(log_block(heading, after, limits, note, folded=True))
    notes = _others(logs, limits) if more else ()
    other = logs._other_stream()
    if other and (size := other.size()):
        line = mflow_line("logs", logs.pathspec, option=f"--{other.stream}")
        notes = (f"{other.stream} has {size_text(size)}{f': {line}' if line else '.'}", *notes)
    return tuple(blocks), notes


_LINES_SEARCHED = 1_000
"""Lines at the end of a very large log that are searched for the error."""

_MAX_LINES_AFTER_ERROR = 12
"""If more lines follow the error of a failed attempt, they are in a second block, so that the log opens at the error."""


def _around_error(logs: Logs, lines: Sequence[LogLine], line_count: int) -> tuple[Sequence[LogLine], Sequence[LogLine]]:
    """Return the last lines, and none. If the error of a failed attempt is not near the end: lines until it, and after it.

    A program writes standard output late, so that in a log of both streams many lines can follow the error.
    """
    error = None if logs.pattern or logs.tail is not None else error_line(lines)
    if error is not None and len(lines) - error - 1 > _MAX_LINES_AFTER_ERROR:
        status = Task._of(logs._context, logs._task, logs.attempt).status
        if status in ("failed", "killed"):
            after = lines[error + 1 :]
            return lines[max(error + 1 - line_count, 0) : error + 1], after[-max(line_count // 4, 1) :]
    return lines[max(len(lines) - line_count, 0) :], ()


def _others(logs: Logs, limits: Limits) -> tuple[str, ...]:
    """Return the line of code that shows the lines that were left out."""
    task = object_code(Task._of(logs._context, logs._task))
    return (limits.text(f"All lines, with search: {task}.logs({logs.stream!r}).view()").text,)


def _fitting(lines: Sequence[LogLine], limits: Limits) -> Sequence[LogLine]:
    """Return as many of the last lines as fit into a display."""
    left = _LOG_SHARE * options.display_max_bytes * limits.rows / options.display_max_rows
    for number, line in enumerate(reversed(lines)):
        left -= min(len(line.message), 5 * limits.chars) + _MARKUP_BYTES
        if left < 0:
            return lines[len(lines) - number :]
    return lines


def log_block(
    heading: str, lines: Sequence[LogLine], limits: Limits, note: str = "", *, folded: bool = False
) -> Preformatted:
    """Show lines of a log with their colours and times. The zone, and a day that all lines share, are shown once.

    The line with the exception of a traceback is red. Frames of Python and of packages are dim.
    """
    lines = screen_lines(lines)
    moments = [moment_text(line.time) for line in lines]
    days = {moment[:_DAY] for moment in moments if moment}
    margin = [moment[_DAY + 1 :] if len(days) == 1 else moment for moment in moments] if days else []
    if len({line.stream for line in lines}) > 1:
        margin = [f"{moment} {line.stream}" for moment, line in zip(margin or moments, lines, strict=True)]
    notes = [note] if note else []
    notes += [f"times in {zone_text()}" + (f", {next(iter(days))}" if len(days) == 1 else "")] if days else []
    parsed = parse_ansi((line.message for line in lines), 5 * limits.chars)
    content = styled_lines(parsed, lines, error_line(lines))
    return Preformatted(heading, content, "; ".join(notes), folded, tuple(margin), at_end=True)


def styled_lines(parsed: Sequence[Line], lines: Sequence[LogLine], error: int | None) -> tuple[Line, ...]:
    """Return parsed lines of a log with dim frames of libraries, and a red line with the exception, if it is among them."""
    content = list(parsed)
    for number in library_lines(lines):
        content[number] = _styled(content[number], "dim")
    if error is not None and 0 <= error < len(content):
        content[error] = _styled(content[error], "red", "bold")
    return tuple(content)


def _styled(line: Line, *styles: str) -> Line:
    """Return a line with styles, unless it has colours itself."""
    return tuple(Span(span.text, styles) for span in line) if not any(span.styles for span in line) else line


def moment_text(time: str) -> str:
    """Return the local time of a log line. Empty if the line has no valid time."""
    try:
        moment = datetime.fromisoformat(f"{time}+00:00")
        return time_text(int(moment.timestamp() * 1000))
    except (ValueError, OverflowError, OSError):
        return ""
