"""The command that waits for the end of a run."""

import argparse

from mfwidgets.client.run import Run
from mfwidgets.magic.command import Argument, Command, pathspec_of
from mfwidgets.magic.resolve import run_of
from mfwidgets.times import parse_duration_s

WAIT = "wait"
"""The name of the command. On the command line, its exit code says how the run ended."""


def _interval_s(text: str) -> float:
    """Parse an interval, which is longer than 0.

    Raises
    ------
    ValueError
        The text is not such an interval.
    """
    seconds = parse_duration_s(text)
    if not seconds:
        raise ValueError(text)
    return seconds


_interval_s.__name__ = "interval"  # argparse puts the name into its message


def _wait(given: argparse.Namespace) -> Run:
    return run_of(given.pathspec).wait(given.timeout, given.poll)


WAIT_COMMANDS = (
    Command(
        WAIT,
        "wait until a run has ended, and show it (exit codes: 0 completed, 3 not, 4 not found, 124 time over)",
        _wait,
        (
            pathspec_of("run", "a run; for a flow, its newest run"),
            Argument(
                "--timeout",
                "wait at most this long, such as 90s, 30m or 2h; by default, there is no limit",
                metavar="TIME",
                settings={"type": parse_duration_s},
            ),
            Argument(
                "--poll",
                "the first interval between two looks at the run, 1s by default; it grows to 15s",
                metavar="TIME",
                settings={"type": _interval_s, "default": 1.0},
            ),
        ),
        ("%mflow wait HelloFlow/latest --timeout 2h", "run = %mflow wait HelloFlow"),
    ),
)
