"""What a log shows: its last lines, with the colours of a terminal, and when each was written."""

from collections.abc import Sequence
from datetime import datetime

from mfwidgets.client.logs import Logs
from mfwidgets.client.task import Task
from mfwidgets.datastore.logs import STREAMS, LogLine
from mfwidgets.render.ansi import coloured
from mfwidgets.render.view import Block, View
from mfwidgets.times import time_text, zone_text
from mfwidgets.views.cells import Limits, size_text
from mfwidgets.views.describe import describe

PEEK = 1_000_000
"""Of logs of more bytes only the ends are read for a display."""

_DAY = len("2026-01-02")

LINES = 200
"""The most lines that a log object shows; all of them are its text, ``str(logs)``."""


@describe.register
def describe_logs(logs: Logs, limits: Limits) -> View:
    """Show the last lines."""
    most = LINES * limits.rows // Limits().rows
    block = _end_of(logs, most if logs.tail is None else min(logs.tail, most), limits)
    blocks = (block,) if block.lines else ()
    name = f"{limits.text(logs.pathspec).text}, attempt {logs.attempt}"
    return View("Log of", name, notes=() if blocks else _why_empty(logs, limits), parts=blocks)


def _why_empty(logs: Logs, limits: Limits) -> tuple[str, ...]:
    """Say that there is nothing, and where there is something."""
    other = logs.other_stream()
    if stored := other.size():
        line = f"%mflow logs {limits.text(logs.pathspec).text}{' --stderr' if other.stream == 'stderr' else ''}"
        return (f"Nothing was logged on {logs.stream}; {other.stream} has {size_text(stored)}: {line}",)
    return (f"Nothing was logged on {logs.stream}. The log of a local task is written when it has ended.",)


def log_blocks(task: Task, limits: Limits) -> tuple[Block, ...]:
    """Show the end of what a task logged; errors last, where the eye stops."""
    blocks = []
    for stream in STREAMS:
        logs = task.logs(stream)
        block = _end_of(logs, limits.rows // 2, limits)
        blocks += [block] if block.lines else []
    return tuple(blocks)


def _end_of(logs: Logs, shown: int, limits: Limits) -> Block:
    """Show the last lines of a log, and how many there are, unless it is too large to be counted unasked."""
    stored = logs.size()
    if stored > PEEK:
        last = logs.last(shown)
        return log_block(logs.stream, last, limits, f"last {len(last):,} lines of {size_text(stored)}")
    lines = logs.lines() if stored else []
    shown = min(shown, len(lines))
    note = f"last {shown:,} of {len(lines):,} lines" if shown < len(lines) else ""
    return log_block(logs.stream, lines[len(lines) - shown :], limits, note)


def log_block(heading: str, lines: Sequence[LogLine], limits: Limits, note: str = "", *, folded: bool = False) -> Block:
    """Show lines of a log with their colours, each beside its time; the day, where it is but one, and the zone once."""
    moments = [_moment(line.time) for line in lines]
    days = {moment[:_DAY] for moment in moments if moment}
    margin = [moment[_DAY + 1 :] if len(days) == 1 else moment for moment in moments] if days else []
    notes = [note] if note else []
    notes += [f"times in {zone_text()}" + (f", {next(iter(days))}" if len(days) == 1 else "")] if days else []
    told = coloured((line.message for line in lines), 5 * limits.chars)
    return Block(heading, told, "; ".join(notes), folded, tuple(margin))


def _moment(time: str) -> str:
    """Return the time of a line as people read it; empty where it carries none that is one."""
    try:
        moment = datetime.fromisoformat(f"{time}+00:00")
        return time_text(int(moment.timestamp() * 1000))
    except (ValueError, OverflowError, OSError):
        return ""
