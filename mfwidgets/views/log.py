"""What a log shows: its last lines, without terminal escapes."""

from collections.abc import Sequence

from mfwidgets.client.logs import Logs
from mfwidgets.client.task import Task
from mfwidgets.datastore.logs import STREAMS, LogLine
from mfwidgets.render.clean import log_line
from mfwidgets.render.view import Block, View
from mfwidgets.views.cells import Limits, size_text
from mfwidgets.views.describe import describe

PEEK = 1_000_000
"""Of logs of more bytes only the ends are read for a display."""

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
        block = _block(logs.stream, logs.last(shown), shown, limits)
        return Block(block.heading, block.lines, f"last {len(block.lines):,} lines of {size_text(stored)}")
    return _block(logs.stream, logs.lines() if stored else [], shown, limits)


def _block(stream: str, lines: Sequence[LogLine], shown: int, limits: Limits) -> Block:
    shown = min(shown, len(lines))
    note = f"last {shown:,} of {len(lines):,} lines" if shown < len(lines) else ""
    return Block(stream, tuple(log_line(line.message, 5 * limits.chars) for line in lines[len(lines) - shown :]), note)
