"""What a log shows: its last lines, with the colours of a terminal, and when each was written."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mfwidgets.client.answers.logs import BOTH, Logs
from mfwidgets.client.task import Task
from mfwidgets.datastore.logs import STREAMS, LogLine
from mfwidgets.display_options import options
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.render.sanitize import parse_ansi
from mfwidgets.render.view import Preformatted, View
from mfwidgets.times import time_text, zone_text
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, size_text

PEEK_LINES = 1_000_000
"""Of logs of more bytes only the ends are read for a display."""

_DAY = len("2026-01-02")

LOG_LINES = 200
"""So many lines a log object shows unasked; all of them are its text, ``str(logs)``."""

_MOST = 10_000
"""Lines of a very large log that are read for a display, however many are asked for."""

_SHARE, _AROUND = 0.7, 60
"""How much of a display its lines may take; bytes of markup around each."""


@build_view.register
def build_logs_view(logs: Logs, limits: Limits) -> View:
    """Show the last lines: 200, or as many as were asked for and fit."""
    logs = replace(logs, _context=remembering_context(logs._context))
    asked = LOG_LINES * limits.rows // Limits().rows if logs.tail is None else logs.tail
    block = _end_of(logs, asked, limits)
    blocks = (block,) if block.lines else ()
    name = f"{limits.text(logs.pathspec).text}, attempt {logs.attempt}"
    return View("Log of", name, notes=() if blocks else _why_empty(logs, limits), parts=blocks)


def _why_empty(logs: Logs, limits: Limits) -> tuple[str, ...]:
    """Say that there is nothing, and where there is something."""
    if logs.pattern and logs.size():
        return (f"No line of {logs.stream} has {limits.text(repr(logs.pattern.pattern)).text}.",)
    if logs.tail == 0:
        return ("No line was asked for.",)
    other = logs._other_stream()
    if other and (stored := other.size()):
        line = f"%mflow logs {limits.text(logs.pathspec).text}{' --stderr' if other.stream == 'stderr' else ''}"
        return (f"Nothing was logged on {logs.stream}; {other.stream} has {size_text(stored)}: {line}",)
    where = "stdout and stderr" if other is None else logs.stream
    return (f"Nothing was logged on {where}. The log of a local task is written when it has ended.",)


def log_blocks(task: Task, limits: Limits) -> tuple[Preformatted, ...]:
    """Show the end of what a task logged; errors last, where the eye stops."""
    blocks = []
    for stream in STREAMS:
        logs = task.logs(stream)
        block = _end_of(logs, limits.rows // 2, limits)
        blocks += [block] if block.lines else []
    return tuple(blocks)


def _end_of(logs: Logs, asked: int, limits: Limits) -> Preformatted:
    """Show the last lines of a log, and how many there are, unless it is too large to be counted unasked."""
    stored = logs.size()
    several = "stdout and stderr" if logs.stream == BOTH else logs.stream
    heading = f"{several}, lines with {limits.text(repr(logs.pattern.pattern)).text}" if logs.pattern else several
    if stored > PEEK_LINES and not logs.pattern:
        shown = _fitting(logs.last(min(asked, _MOST)), limits)
        return log_block(heading, shown, limits, f"last {len(shown):,} lines of {size_text(stored)}")
    lines = logs.lines() if stored else []
    shown = _fitting(lines[max(len(lines) - asked, 0) :], limits)
    note = f"last {len(shown):,} of {len(lines):,} lines" if len(shown) < len(lines) else ""
    return log_block(heading, shown, limits, note)


def _fitting(lines: Sequence[LogLine], limits: Limits) -> Sequence[LogLine]:
    """Return as many of the last lines as a display takes."""
    left = _SHARE * options.display_max_bytes * limits.rows / options.display_max_rows
    for number, line in enumerate(reversed(lines)):
        left -= min(len(line.message), 5 * limits.chars) + _AROUND
        if left < 0:
            return lines[len(lines) - number :]
    return lines


def log_block(
    heading: str, lines: Sequence[LogLine], limits: Limits, note: str = "", *, folded: bool = False
) -> Preformatted:
    """Show lines of a log with their colours, each beside its time; the day, where it is but one, and the zone once."""
    moments = [moment_text(line.time) for line in lines]
    days = {moment[:_DAY] for moment in moments if moment}
    margin = [moment[_DAY + 1 :] if len(days) == 1 else moment for moment in moments] if days else []
    if len({line.stream for line in lines}) > 1:
        margin = [f"{moment} {line.stream}" for moment, line in zip(margin or moments, lines, strict=True)]
    notes = [note] if note else []
    notes += [f"times in {zone_text()}" + (f", {next(iter(days))}" if len(days) == 1 else "")] if days else []
    told = parse_ansi((line.message for line in lines), 5 * limits.chars)
    return Preformatted(heading, told, "; ".join(notes), folded, tuple(margin))


def moment_text(time: str) -> str:
    """Return the time of a line as people read it; empty where it carries none that is one."""
    try:
        moment = datetime.fromisoformat(f"{time}+00:00")
        return time_text(int(moment.timestamp() * 1000))
    except (ValueError, OverflowError, OSError):
        return ""
