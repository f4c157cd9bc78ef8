"""The command for logs."""

import argparse
from dataclasses import replace
from typing import Any

from mfwidgets.client.answers.logs import ALL, BOTH, Logs
from mfwidgets.client.answers.nothing import Nothing
from mfwidgets.errors import MetaflowNotFound
from mfwidgets.magic.command import Argument, Command, pathspec_of, positive
from mfwidgets.magic.commands.follow import follow
from mfwidgets.magic.resolve import any_object, relevant_task_of

TIMEOUT_MINUTES = 60
"""The default time limit of ``--follow``."""


def _logs(given: argparse.Namespace) -> Any:
    task, note = relevant_task_of(given.pathspec)
    if task is None:
        return Nothing("logs", given.pathspec, note)
    if given.attempt is not None:
        numbers = [attempt._attempt for attempt in task.attempts]
        if given.attempt not in numbers:
            existing = ", ".join(str(number) for number in numbers) or "none yet"
            raise MetaflowNotFound(
                f"{task!r} has no attempt {given.attempt}. Its attempts: {existing}.", pathspec=task.pathspec
            )
        task = any_object(task.pathspec, given.attempt)
    stream = "stderr" if given.stderr else "stdout" if given.stdout else BOTH

    def logs_now() -> Logs:
        logs = replace(task.logs(stream, tail=ALL if given.all else given.tail), _note=note)
        return logs.grep(given.grep) if given.grep else logs

    return follow(task, logs_now, 60.0 * given.timeout) if given.follow else logs_now()


LOG_COMMANDS = (
    Command(
        "logs",
        "show the log of a task, by default the last lines",
        _logs,
        (
            pathspec_of(
                "task",
                "a task; for a step, run or flow, the task that failed first, else one that runs, else the last",
            ),
            Argument("--stdout", "show only standard output", group="stream"),
            Argument("--stderr", "show only standard error", group="stream"),
            Argument("--both", "show both streams, merged by time (the default)", group="stream"),
            Argument("--tail", "show only the last N lines", metavar="N", group="part", settings={"type": positive}),
            Argument("--all", "read all lines; a cell shows as many as fit", group="part"),
            Argument("--grep", "show only lines that match this regular expression", metavar="RE"),
            Argument("--attempt", "show this attempt, not the newest", metavar="N", settings={"type": positive}),
            Argument("--follow", "show new lines until the task ends or the kernel is interrupted"),
            Argument(
                "--timeout",
                f"follow for at most this many minutes, {TIMEOUT_MINUTES} by default",
                metavar="MINUTES",
                settings={"type": positive, "default": TIMEOUT_MINUTES},
            ),
        ),
        (
            "%mflow logs HelloFlow/latest/start --tail 20",
            "%mflow logs HelloFlow/2/start/1 --stdout --grep 'loss|error'",
            "%mflow logs HelloFlow/latest/train --follow",
        ),
    ),
)
