"""Runs the commands of ``%mflow`` on the command line, and prints their results."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from io import StringIO

from IPython.core.error import UsageError

from mfwidgets.cli import ExitCode
from mfwidgets.cli.json import json_help, json_text
from mfwidgets.cli.options import CommandLine, parse_arguments
from mfwidgets.cli.text import in_cli_words, print_text
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.display_options import options
from mfwidgets.errors import MetaflowException
from mfwidgets.magic.commands.context import CONTEXT_COMMANDS
from mfwidgets.magic.commands.doctor import Doctor
from mfwidgets.magic.commands.follow import FollowedLog
from mfwidgets.magic.dispatch import COMMANDS, run_arguments
from mfwidgets.redaction import redact
from mfwidgets.render.sanitize import single_line

_MAX_ERROR_CHARS = 2_000
"""The maximum length of an error message, which is one line. The rest is cut."""


def run(words: Sequence[str]) -> int:
    """Run the words of a command line, print the result, and return the exit code."""
    try:
        command_line = parse_arguments(words)
        with options(display_max_rows=command_line.rows) if command_line.rows else nullcontext():
            return _answer(command_line)
    except UsageError as error:
        return _print_error(redact(str(error)), ExitCode.NOT_UNDERSTOOD)
    except MetaflowException as error:
        return _print_error(str(error), ExitCode.FAILED)


def _answer(command_line: CommandLine) -> int:
    _check(command_line)
    if command_line.sample:
        from mfwidgets.sample_runs import sample

        with redirect_stdout(StringIO()):  # sample() prints a message for notebooks
            sample()
    for switch in command_line.switches:
        run_arguments(switch)
    if command_line.words == ["help", "json"]:
        print(json_help())  # noqa: T201 - a program prints
        return ExitCode.DONE
    result = run_arguments(command_line.words) if command_line.words else Metaflow()
    if isinstance(result, FollowedLog):
        return ExitCode.DONE  # follow() has printed its lines
    if command_line.as_json:
        print(json_text(result))  # noqa: T201 - as above
    else:
        print_text(result, sys.stdout)
    if isinstance(result, Doctor) and not result.well:
        return _print_error(f"There are problems with {', '.join(result.problems)}.", ExitCode.FAILED)
    return ExitCode.DONE


def _check(command_line: CommandLine) -> None:
    """Reject commands and arguments that work only in notebooks.

    Raises
    ------
    UsageError
        The command or an argument works only in notebooks. The message says why.
    """
    name, *rest = command_line.words or [""]
    command = COMMANDS.get(name)
    if command is None:
        return
    asks_for_help = bool({"-h", "--help"}.intersection(rest))
    if command in CONTEXT_COMMANDS and not asks_for_help and (rest or command.in_cells_only):
        option = "namespace" if name == "ns" else name
        raise UsageError(f"A switch does not outlast a command. Try --{option} NAME with each command.")
    if command.in_cells_only and not asks_for_help:
        raise UsageError(f"{name} opens a widget, which needs a notebook.")
    for argument in command.arguments:
        if argument.in_cells_only and argument.name in rest:
            raise UsageError(f"{argument.name} works only in notebooks. Try --json, which prints all data.")
        if argument.name == "--follow" and command_line.as_json and argument.name in rest:
            raise UsageError("Expected either --follow or --json, got both.")


def _print_error(message: str, code: int) -> int:
    print(f"mfwidgets: {single_line(in_cli_words(message), _MAX_ERROR_CHARS)}", file=sys.stderr)  # noqa: T201 - a program prints
    return code
