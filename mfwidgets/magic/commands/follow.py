"""Follows a log: one output changes in place while a task runs. The saved notebook keeps its final state."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from mfwidgets.client.answers.logs import Logs
from mfwidgets.client.task import Task
from mfwidgets.errors import MetaflowException
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.hidden_characters import visible
from mfwidgets.render.sanitize import log_line
from mfwidgets.render.view import View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.show import mimebundle

if TYPE_CHECKING:
    from mfwidgets.datastore.logs import LogLine

FIRST_POLL_S, MAX_POLL_S, BACKOFF = 0.5, 5.0, 1.5
"""The first and the longest interval between two polls, and the factor of its growth while nothing changes.

Half a second feels immediate. A log that is quiet for minutes should not cost two requests a second.
"""

_MAX_LINE_CHARS = 1_000
"""The rest of a longer line is cut in a terminal."""


@fast_dataclass(frozen=True, slots=True)
class Progress:
    """A log that is being followed.

    Attributes
    ----------
    logs
        The log.
    message
        The state of the following, such as how to stop it.
    """

    logs: Logs
    message: str


@build_view.register
def build_progress_view(progress: Progress, limits: Limits) -> View:
    """Show the log and the message."""
    view = build_view(progress.logs, limits)
    chosen = (limits.text(progress.logs._note).text,) if progress.logs._note else ()
    return replace(view, notes=(*chosen, limits.text(progress.message).text))


@dataclass(frozen=True, repr=False, eq=False)
class FollowedLog(Logs):
    """The log, as :func:`follow` returns it. It does not display itself in the cell that followed it."""

    _cell: int = 0

    def _ipython_display_(self) -> None:
        from IPython.core.getipython import get_ipython
        from IPython.display import display

        shell = get_ipython()
        if shell is None or shell.execution_count != self._cell:
            display(mimebundle(self), raw=True)  # type: ignore[no-untyped-call]


def follow(task: Task, logs_now: Callable[[], Logs], seconds: float) -> FollowedLog:
    """Show a log while it grows, until its task ends, the kernel is interrupted, or the time limit is reached.

    Each poll costs the size of the log and the status of the task: two or three requests to a metadata service. The
    interval is 0.5 s, and up to 5 s while nothing changes.

    Parameters
    ----------
    task
        The task.
    logs_now
        Returns the current log.
    seconds
        The time limit.
    """
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    output: _Output = _Cell() if getattr(shell, "kernel", None) else _Terminal()
    outcome = _until_it_ends(task, logs_now, seconds, output)
    logs = logs_now()
    output.show(Progress(logs, outcome))
    cell = shell.execution_count if shell else 0
    return FollowedLog(logs._context, logs._task, logs.attempt, logs.stream, logs.tail, logs.pattern, logs._note, cell)


def _until_it_ends(task: Task, logs_now: Callable[[], Logs], seconds: float, output: "_Output") -> str:
    """Show new lines, also of a new attempt, and return a sentence about the end."""
    began, wait, shown = time.monotonic(), FIRST_POLL_S, (-1, -1)
    try:
        while task._goes_on():
            logs = logs_now()
            now = logs.attempt, _size(logs)
            if now != shown:
                output.show(Progress(logs, _progress_message(task, now[1])))
                shown, wait = now, FIRST_POLL_S
            if time.monotonic() - began > seconds:
                return f"The time limit of {seconds / 60:g} minutes is over. The task is still running."
            time.sleep(wait)
            wait = min(wait * BACKOFF, MAX_POLL_S)
    except KeyboardInterrupt:
        return "Following was interrupted. The task continues."
    status = task.status
    return f"The task is {status}: {status.reason}."


def _progress_message(task: Task, size: int) -> str:
    if size <= 0 and task._context.provider.local_root is not None:
        return "Waiting. Metaflow writes the log of a local task when the task ends."
    return "Following. Interrupt the kernel to stop."


def _size(logs: Logs) -> int:
    try:
        return logs.size()
    except MetaflowException:  # the next poll may succeed
        return -1


class _Output(Protocol):
    def show(self, progress: Progress) -> None:
        """Show the current state of a log."""


class _Cell:
    """An output of a notebook. It changes in place."""

    def __init__(self) -> None:
        from IPython.display import DisplayHandle

        self._handle: Any = DisplayHandle()  # type: ignore[no-untyped-call]
        self._begun = False

    def show(self, progress: Progress) -> None:
        """Replace the previous output by the end of the log."""
        show = self._handle.update if self._begun else self._handle.display
        self._begun = True
        show(mimebundle(progress), raw=True)


class _Terminal:
    """A terminal. Printed lines remain, so each line is printed once, stream by stream."""

    def __init__(self) -> None:
        self._printed: dict[tuple[int, str], int] = {}
        self._message = ""

    def show(self, progress: Progress) -> None:
        """Print the new lines, and the message if it changed."""
        lines_by_stream: dict[str, list[LogLine]] = defaultdict(list)
        try:
            for line in replace(progress.logs, tail=None):
                lines_by_stream[line.stream].append(line)
        except MetaflowException:  # the next poll may succeed
            return
        for stream, lines in lines_by_stream.items():
            key = progress.logs.attempt, stream
            tail = len(lines) if progress.logs.tail is None else progress.logs.tail
            for line in lines[self._printed.get(key, max(len(lines) - tail, 0)) :]:
                print(log_line(line.message, _MAX_LINE_CHARS))  # noqa: T201 - a terminal has no other output
            self._printed[key] = len(lines)
        if progress.message != self._message:
            print(f"[{visible(progress.message)}]")  # noqa: T201 - as above
            self._message = progress.message
