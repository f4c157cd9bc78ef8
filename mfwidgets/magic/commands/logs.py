"""The command for logs."""

import argparse
from typing import Any

from mfwidgets.client.answers.logs import ALL, BOTH, Logs
from mfwidgets.errors import MetaflowNotFound
from mfwidgets.magic.command import Argument, Command, pathspec_of, positive
from mfwidgets.magic.commands.follow import follow
from mfwidgets.magic.resolve import any_object, relevant_task_of

TIMEOUT_MINUTES = 60
"""Minutes for which a log is followed, unless said otherwise."""


def _logs(given: argparse.Namespace) -> Any:
    task = relevant_task_of(given.pathspec)
    if given.attempt is not None:
        numbers = [attempt._attempt for attempt in task.attempts]
        if given.attempt not in numbers:
            said = ", ".join(str(number) for number in numbers) or "none yet"
            raise MetaflowNotFound(f"{task!r} has no attempt {given.attempt}; it has {said}.", pathspec=task.pathspec)
        task = any_object(task.pathspec, given.attempt)
    stream = "stderr" if given.stderr else BOTH if given.both else "stdout"

    def logs_now() -> Logs:
        logs = task.logs(stream, tail=ALL if given.all else given.tail)
        return logs.grep(given.grep) if given.grep else logs

    return follow(task, logs_now, 60.0 * given.timeout) if given.follow else logs_now()


LOG_COMMANDS = (
    Command(
        "logs",
        "the log of a task: its end, unless said otherwise",
        _logs,
        (
            pathspec_of(
                "task", "of a task; of a step, run or flow its only one, the only one that runs, or that failed"
            ),
            Argument("--stdout", "standard output, which is the default", group="stream"),
            Argument("--stderr", "standard error", group="stream"),
            Argument("--both", "both, merged by time", group="stream"),
            Argument("--tail", "only that many last lines", metavar="N", group="part", settings={"type": positive}),
            Argument("--all", "all lines, of which a cell shows as many as it takes", group="part"),
            Argument("--grep", "only lines that this regular expression is found in", metavar="RE"),
            Argument("--attempt", "of this attempt, not the newest", metavar="N", settings={"type": positive}),
            Argument("--follow", "show what comes, in place, until the task ends or the kernel is interrupted"),
            Argument(
                "--timeout",
                f"follow for so many minutes at most; {TIMEOUT_MINUTES} unless said",
                metavar="MINUTES",
                settings={"type": positive, "default": TIMEOUT_MINUTES},
            ),
        ),
        (
            "%mflow logs HelloFlow/latest/start --tail 20",
            "%mflow logs HelloFlow/2/start/1 --both --grep 'loss|error'",
            "%mflow logs HelloFlow/latest/train --follow",
        ),
    ),
)
