"""The command that watches a run: a widget in a notebook, a live view in a terminal."""

import argparse
import math
import sys
from typing import TYPE_CHECKING

from mfwidgets.magic.command import Argument, Command, pathspec_of
from mfwidgets.magic.resolve import run_of
from mfwidgets.times import parse_duration_s

if TYPE_CHECKING:
    from mfwidgets.widgets.terminal_watch import WatchedInTerminal
    from mfwidgets.widgets.watch import Watch

WATCH = "watch"
"""The name of the command. On the command line, its exit code says how the run ended."""

_MINUTE_S = 60


def _watch(given: argparse.Namespace) -> "Watch | WatchedInTerminal":
    from IPython.core.getipython import get_ipython

    run = run_of(given.pathspec)
    if getattr(get_ipython(), "kernel", None):
        from mfwidgets.widgets.api import watch

        return watch(run, given.timeout / _MINUTE_S) if given.timeout is not None else watch(run)
    from mfwidgets.widgets.terminal_watch import watch_until_end

    minutes = math.inf if given.timeout is None else given.timeout / _MINUTE_S
    return watch_until_end(run, minutes, sys.stdout)


WATCH_COMMAND = Command(
    WATCH,
    "show a run while it runs (exit codes: as of wait; 130 after Ctrl-C)",
    _watch,
    (
        pathspec_of("run", "a run; for a flow, its newest run"),
        Argument(
            "--timeout",
            "watch at most this long, such as 30m or 2h; by default 10h in a notebook, without a limit in a terminal",
            metavar="TIME",
            settings={"type": parse_duration_s},
        ),
    ),
    ("%mflow watch HelloFlow", "%mflow watch HelloFlow/latest --timeout 2h"),
)
"""The run continues when the watching ends."""
