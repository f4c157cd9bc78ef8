"""The display of a log: its last lines, with terminal colours and times."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mfwidgets.client.answers.logs import BOTH, Logs
from mfwidgets.client.task import Task
from mfwidgets.code_lines import mflow_line
from mfwidgets.datastore.logs import STREAMS, LogLine
from mfwidgets.display_options import options
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.render.sanitize import parse_ansi
from mfwidgets.render.view import Preformatted, View
from mfwidgets.times import time_text, zone_text
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, size_text

MAX_WHOLE_LOG_BYTES = 1_000_000
"""A larger log is not read as a whole for a display, only its end."""

_DAY = len("2026-01-02")

LOG_LINES = 200
"""Lines that a log shows by default. ``str(logs)`` has all."""

_MAX_LINES = 10_000
"""Lines of a very large log that a display reads, even if more are requested. More would not fit."""

_LOG_SHARE, _MARKUP_BYTES = 0.7, 60
"""The part of a display's bytes that log lines may take, and the bytes of markup per line."""


@build_view.register
def build_logs_view(logs: Logs, limits: Limits) -> View:
    """Show the last 200 lines, or as many as requested, if they fit."""
    logs = replace(logs, _context=remembering_context(logs._context))
    line_count = LOG_LINES * limits.rows // Limits().rows if logs.tail is None else logs.tail
    block = _end_of(logs, line_count, limits)
    blocks = (block,) if block.lines else ()
    name = f"{limits.text(logs.pathspec).text}, attempt {logs.attempt}"
    return View("Log of", name, notes=() if blocks else _why_empty(logs, limits), parts=blocks)


def _why_empty(logs: Logs, limits: Limits) -> tuple[str, ...]:
    """Explain an empty log, and name the stream that has lines."""
    if logs.pattern and logs.size():
        return (f"No line of {logs.stream} matches {limits.text(repr(logs.pattern.pattern)).text}.",)
    if logs.tail == 0:
        return ("No lines were requested.",)
    other = logs._other_stream()
    if other and (stored := other.size()):
        line = mflow_line("logs", logs.pathspec, option="--stderr" if other.stream == "stderr" else "")
        return (
            f"Nothing was logged to {logs.stream}. {other.stream} has {size_text(stored)}{f': {line}' if line else '.'}",
        )
    where = "stdout and stderr" if other is None else logs.stream
    return (f"Nothing was logged to {where}. Local tasks write their logs when they end.",)


def log_blocks(task: Task, limits: Limits) -> tuple[Preformatted, ...]:
    """Show the last lines of stdout, then of stderr, so that errors are last."""
    blocks = []
    for stream in STREAMS:
        logs = task.logs(stream)
        block = _end_of(logs, limits.rows // 2, limits)
        blocks += [block] if block.lines else []
    return tuple(blocks)


def _end_of(logs: Logs, line_count: int, limits: Limits) -> Preformatted:
    """Show the last lines of a log. A log that is too large to be read as a whole is not counted."""
    stored = logs.size()
    name = "stdout and stderr" if logs.stream == BOTH else logs.stream
    heading = f"{name}, lines matching {limits.text(repr(logs.pattern.pattern)).text}" if logs.pattern else name
    if stored > MAX_WHOLE_LOG_BYTES and not logs.pattern:
        shown = _fitting(logs.last(min(line_count, _MAX_LINES)), limits)
        return log_block(heading, shown, limits, f"last {len(shown):,} lines of {size_text(stored)}")
    lines = logs.lines() if stored else []
    shown = _fitting(lines[max(len(lines) - line_count, 0) :], limits)
    note = f"last {len(shown):,} of {len(lines):,} lines" if len(shown) < len(lines) else ""
    return log_block(heading, shown, limits, note)


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
    """Show lines of a log with their colours and times. The zone, and a day that all lines share, are shown once."""
    moments = [moment_text(line.time) for line in lines]
    days = {moment[:_DAY] for moment in moments if moment}
    margin = [moment[_DAY + 1 :] if len(days) == 1 else moment for moment in moments] if days else []
    if len({line.stream for line in lines}) > 1:
        margin = [f"{moment} {line.stream}" for moment, line in zip(margin or moments, lines, strict=True)]
    notes = [note] if note else []
    notes += [f"times in {zone_text()}" + (f", {next(iter(days))}" if len(days) == 1 else "")] if days else []
    content = parse_ansi((line.message for line in lines), 5 * limits.chars)
    return Preformatted(heading, content, "; ".join(notes), folded, tuple(margin))


def moment_text(time: str) -> str:
    """Return the local time of a log line. Empty if the line has no valid time."""
    try:
        moment = datetime.fromisoformat(f"{time}+00:00")
        return time_text(int(moment.timestamp() * 1000))
    except (ValueError, OverflowError, OSError):
        return ""
