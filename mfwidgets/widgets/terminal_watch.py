"""Watches a run in a terminal: a live view that fits into it. If the output is not a terminal, a line for each change."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from mfwidgets.client.run import Run
from mfwidgets.hidden_characters import visible
from mfwidgets.queries.status.rules import Status
from mfwidgets.render.text import lines_of, painted, print_lines, shows_colours
from mfwidgets.render.view import Line, Preformatted, Span, View, plain_line
from mfwidgets.render.wrap import terminal_columns
from mfwidgets.widgets.watching import End, Watching

if TYPE_CHECKING:
    from rich.console import Console

_REFRESHES_PER_S = 2
"""The view is drawn again this often, so that it follows the size of the terminal."""

_MIN_LOG_LINES = 4
"""The end of the log keeps at least this many lines of a low terminal."""

_WAIT_S = 0.2
"""The length of a piece of the waiting."""

_LAST_POLL_S = 5.0
"""After an interrupt, the thread may take this long to end."""


class WatchedInTerminal(NamedTuple):
    """A run that was watched.

    Attributes
    ----------
    pathspec
        The run.
    status
        The last known status. None if it could not be read.
    end
        The end of the watching.
    """

    pathspec: str
    status: Status | None
    end: End

    def __repr__(self) -> str:
        return visible(f"<watched {self.pathspec}: {self.end.words}>")


def watch_until_end(run: Run, minutes: float, stream: TextIO) -> WatchedInTerminal:
    """Show a run until it or the watching ends, or the user interrupts it.

    Parameters
    ----------
    run
        The run.
    minutes
        The time limit.
    stream
        The output.
    """
    watching = Watching(run, minutes, lambda: None)
    watching.start()
    watch_in_terminal(watching, stream)
    end = watching.end or End("stopped", "")
    return WatchedInTerminal(run.pathspec, watching.last.status if watching.last else None, end)


def watch_in_terminal(watching: Watching, stream: TextIO) -> None:
    """Show a run until it or the watching ends. An interrupt stops the watching.

    Parameters
    ----------
    watching
        The run, whose polling has started.
    stream
        The output.
    """
    try:
        (_live if stream.isatty() else _plain)(watching, stream)
    except KeyboardInterrupt:
        watching.stop()
        watching.wait(_LAST_POLL_S)
    print_lines(lines_of(watching.view, terminal_columns(stream)), stream)


def _live(watching: Watching, stream: TextIO) -> None:
    from rich.console import Console
    from rich.live import Live

    no_colours = None if shows_colours(stream) else True
    console = Console(file=stream, highlight=False, markup=False, emoji=False, no_color=no_colours)
    with Live(_Screen(watching), console=console, refresh_per_second=_REFRESHES_PER_S, transient=True):
        _wait(watching)


def _wait(watching: Watching) -> None:
    """Wait for the end of the watching, in short pieces, so that an interrupt gets through on every system."""
    while not watching.wait(_WAIT_S):
        pass


class _Screen:
    """The newest view, cut to the terminal, for rich."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    def __rich_console__(self, console: "Console", _options: object) -> Iterator[Any]:
        for line in fitting_lines(self._watching.view, console.width, console.height - 1):
            yield painted(line)


def fitting_lines(view: View, columns: int, rows: int) -> list[Line]:
    """Return a view as at most this many lines. The log gives up its oldest lines first, then other parts their last ones.

    Parameters
    ----------
    view
        The view.
    columns, rows
        The size of the terminal.
    """
    logs = tuple(part for part in view.parts if isinstance(part, Preformatted))
    others = tuple(part for part in view.parts if not isinstance(part, Preformatted))
    above = lines_of(replace(view, parts=others), columns)
    log = lines_of(View("", "", parts=logs), columns)[1:] if logs else []
    if len(above) + len(log) <= rows:
        return [*above, *log]
    kept = min(len(log), max(rows - len(above), min(_MIN_LOG_LINES, rows // 2)))
    space = max(rows - kept, 1)
    if len(above) > space:
        hidden = len(above) - space + 1
        above = [*above[: space - 1], (Span(f"  {hidden} lines do not fit here", ("dim",)),)]
    return [*above, *(log[:1] if kept else []), *log[len(log) - kept + 1 :]] if kept > 1 else above


def _plain(watching: Watching, stream: TextIO) -> None:
    """Print a line when the status, the progress or the problem changes, and the whole view at the end."""
    before = ""
    while not watching.wait(_WAIT_S):
        now, left = _sentence(watching)
        if now and now != before:
            print_lines([plain_line(f"{time.strftime('%H:%M:%S')}  {now}{left}")], stream)
            stream.flush()
            before = now


def _sentence(watching: Watching) -> tuple[str, str]:
    """Return the problem, or the status and the progress, and the time left, which changes all the time."""
    if watching.problem:
        return visible(f"The last poll failed: {watching.problem}"), ""
    if watching.last is None:
        return "", ""
    progress = watching.last.progress
    now = ", ".join(filter(None, (str(watching.last.status), progress.words)))
    return visible(now), visible(f", {progress.left}") if progress.left else ""
