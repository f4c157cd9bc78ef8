"""Following a log: one output that changes in place while a task runs, and stays as it ended in the saved notebook."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from mfwidgets.client.answers.logs import Logs
from mfwidgets.client.task import Task
from mfwidgets.errors import MetaflowException
from mfwidgets.render.sanitize import log_line
from mfwidgets.render.view import View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.show import mimebundle

if TYPE_CHECKING:
    from mfwidgets.datastore.logs import LogLine

FIRST_POLL_S, MAX_POLL_S, BACKOFF = 0.5, 5.0, 1.5
"""Seconds between two looks, at first and at most, and how much longer each wait is than the last while nothing comes."""

_MAX_LINE_CHARS = 1_000
"""Characters of a line in a terminal."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A log as it is shown while it is followed.

    Attributes
    ----------
    message
        What is going on.
    """

    logs: Logs
    message: str


@build_view.register
def build_progress_view(progress: Progress, limits: Limits) -> View:
    """Show the log, and what is going on."""
    view = build_view(progress.logs, limits)
    return replace(view, notes=(progress.message,))


@dataclass(frozen=True, repr=False, eq=False)
class FollowedLog(Logs):
    """What following returns: the log. The cell that followed it has shown it already, and shows it once only."""

    _cell: int = 0

    def _ipython_display_(self) -> None:
        from IPython.core.getipython import get_ipython
        from IPython.display import display

        shell = get_ipython()
        if shell is None or shell.execution_count != self._cell:
            display(mimebundle(self), raw=True)  # type: ignore[no-untyped-call]


def follow(task: Task, logs_now: Callable[[], Logs], seconds: float) -> FollowedLog:
    """Show a log as it grows, until its task ends, the kernel is interrupted, or the time is over.

    Costs a look at its size and one at the task's status each turn: every half second, and every five when nothing comes.
    """
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    output: _Output = _Cell() if getattr(shell, "kernel", None) else _Terminal()
    outcome = _until_it_ends(task, logs_now, seconds, output)
    logs = logs_now()
    output.show(Progress(logs, outcome))
    cell = shell.execution_count if shell else 0
    return FollowedLog(logs._context, logs._task, logs.attempt, logs.stream, logs.tail, logs.pattern, cell)


def _until_it_ends(task: Task, logs_now: Callable[[], Logs], seconds: float, output: "_Output") -> str:
    """Show what comes, of the newest attempt as well when there is another, and return how it ended."""
    began, wait, seen = time.monotonic(), FIRST_POLL_S, (-1, -1)
    try:
        while task._goes_on():
            logs = logs_now()
            now = logs.attempt, _size(logs)
            if now != seen:
                output.show(Progress(logs, _progress_message(task, now[1])))
                seen, wait = now, FIRST_POLL_S
            if time.monotonic() - began > seconds:
                return f"Followed for {seconds / 60:g} minutes; the task is still running."
            time.sleep(wait)
            wait = min(wait * BACKOFF, MAX_POLL_S)
    except KeyboardInterrupt:
        return "Following was interrupted; the task goes on by itself."
    status = task.status
    return f"The task is {status}: {status.reason}."


def _progress_message(task: Task, size: int) -> str:
    if size <= 0 and task._context.provider.local_root is not None:
        return "Waiting: the log of a local task is written when the task has ended, and is shown then."
    return "Following; interrupt the kernel to stop."


def _size(logs: Logs) -> int:
    try:
        return logs.size()
    except MetaflowException:  # out of reach for a moment
        return -1


class _Output(Protocol):
    def show(self, progress: Progress) -> None:
        """Show a log as it is now."""


class _Cell:
    """An output of a notebook, which changes in place."""

    def __init__(self) -> None:
        from IPython.display import DisplayHandle

        self._handle: Any = DisplayHandle()  # type: ignore[no-untyped-call]
        self._begun = False

    def show(self, progress: Progress) -> None:
        """Put the end of the log in the place of what was shown before."""
        show = self._handle.update if self._begun else self._handle.display
        self._begun = True
        show(mimebundle(progress), raw=True)


class _Terminal:
    """A terminal, where what is printed stays: each line is printed once, stream by stream."""

    def __init__(self) -> None:
        self._printed: dict[tuple[int, str], int] = {}
        self._message = ""

    def show(self, progress: Progress) -> None:
        """Print the lines that are new, and what is going on."""
        lines_by_stream: dict[str, list[LogLine]] = defaultdict(list)
        try:
            for line in replace(progress.logs, tail=None):
                lines_by_stream[line.stream].append(line)
        except MetaflowException:  # out of reach for a moment
            return
        for stream, lines in lines_by_stream.items():
            key = progress.logs.attempt, stream
            tail = len(lines) if progress.logs.tail is None else progress.logs.tail
            for line in lines[self._printed.get(key, max(len(lines) - tail, 0)) :]:
                print(log_line(line.message, _MAX_LINE_CHARS))  # noqa: T201 - a terminal has no other output
            self._printed[key] = len(lines)
        if progress.message != self._message:
            print(f"[{progress.message}]")  # noqa: T201 - as above
            self._message = progress.message
