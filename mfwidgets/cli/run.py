"""Runs the commands of ``%mflow`` on the command line, and prints their results."""

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any, cast

from IPython.core.error import UsageError

from mfwidgets.cli import ExitCode
from mfwidgets.cli.json import json_help, json_text
from mfwidgets.cli.options import CommandLine, parse_arguments
from mfwidgets.cli.text import in_cli_words, print_text
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.code_lines import hint, mflow_line
from mfwidgets.display_options import options
from mfwidgets.errors import MetaflowException, MetaflowInvalidArgument, MetaflowNotFound, WaitTimeout
from mfwidgets.magic.command import HELP_WORDS
from mfwidgets.magic.commands.context import CONTEXT_COMMANDS
from mfwidgets.magic.commands.doctor import Doctor
from mfwidgets.magic.commands.follow import FollowedLog
from mfwidgets.magic.commands.wait import WAIT
from mfwidgets.magic.commands.watch import WATCH
from mfwidgets.magic.dispatch import COMMANDS, CommandHelp, run_arguments
from mfwidgets.queries.context import namespace
from mfwidgets.redaction import redact
from mfwidgets.render.sanitize import single_line

if TYPE_CHECKING:
    from mfwidgets.widgets.terminal_watch import WatchedInTerminal

_MAX_ERROR_CHARS = 2_000
"""The maximum length of an error message, which is one line. The rest is cut."""


def run(words: Sequence[str]) -> int:
    """Run the words of a command line, print the result, and return the exit code."""
    by_outcome = False
    try:
        command_line = parse_arguments(words)
        by_outcome = command_line.exit_code or command_line.words[:1] in ([WAIT], [WATCH])
        with (
            _plain_warnings() as shown,
            options(display_max_rows=command_line.rows) if command_line.rows else nullcontext(),
        ):
            return _answer(command_line, shown)
    except UsageError as error:
        return _print_error(redact(str(error)), ExitCode.NOT_UNDERSTOOD)
    except MetaflowInvalidArgument as error:  # such as conditions of --where
        return _print_error(str(error), ExitCode.NOT_UNDERSTOOD)
    except WaitTimeout as error:
        return _print_error(str(error), ExitCode.TIMED_OUT)
    except MetaflowException as error:
        is_missing = by_outcome and isinstance(error, MetaflowNotFound)
        return _print_error(str(error), ExitCode.NOT_FOUND if is_missing else ExitCode.FAILED)


@contextmanager
def _plain_warnings() -> Iterator[list[str]]:
    """Print warnings of this package as one line, without a place in the code. Yields a list to which they are added."""
    shown: list[str] = []
    with warnings.catch_warnings():
        show = warnings.showwarning

        def show_plainly(message: Warning | str, category: type[Warning], *where: Any) -> None:
            if category.__module__ == MetaflowException.__module__:
                _print_message(str(message))
                shown.append(in_cli_words(str(message)))
            else:
                show(message, category, *where)

        warnings.showwarning = show_plainly  # type: ignore[assignment]  # it takes the same arguments
        yield shown


def _answer(command_line: CommandLine, shown: Sequence[str]) -> int:
    _check(command_line)
    if command_line.sample:
        from mfwidgets.sample_runs import sample

        with redirect_stdout(StringIO()):  # sample() prints a message for notebooks
            sample()
    for switch in command_line.switches:
        run_arguments(switch)
    if command_line.words == ["help", MCP]:
        command_line = replace(command_line, words=[MCP, "--help"])
    if command_line.words[:1] == [MCP]:
        return _serve(command_line)
    if command_line.words == ["help", "json"]:
        print(json_help())  # noqa: T201 - a program prints
        return ExitCode.DONE
    result = run_arguments(command_line.words) if command_line.words else Metaflow()
    if isinstance(result, FollowedLog):
        return ExitCode.DONE  # follow() has printed its lines
    if command_line.words[:1] == [WATCH] and not isinstance(result, CommandHelp):
        return _end_of_watching(cast("WatchedInTerminal", result), bool(command_line.switches or command_line.sample))
    by_outcome = command_line.exit_code or (isinstance(result, Run) and command_line.words[0] == WAIT)
    code = _outcome(result) if by_outcome else ExitCode.DONE
    if command_line.as_json:
        print(json_text(result, shown))  # noqa: T201 - as above
    else:
        print_text(result, sys.stdout)
    if isinstance(result, Doctor) and not result.well:
        return _print_error(f"There are problems with {', '.join(result.problems)}.", ExitCode.FAILED)
    return code


_CODES_OF_ENDS = {
    "time": ExitCode.TIMED_OUT,
    "missing": ExitCode.NOT_FOUND,
    "error": ExitCode.FAILED,
    "stopped": ExitCode.INTERRUPTED,
}
"""The exit codes of ``watch`` if the watching ended before the run."""


def _end_of_watching(watched: "WatchedInTerminal", has_options: bool) -> int:  # noqa: FBT001 - one caller
    """Return the exit code for a run that was watched. After an interrupt, say how to go on."""
    if watched.end.kind == "run":
        return _outcome(watched)
    if watched.end.kind == "stopped":
        line = mflow_line(WATCH, watched.pathspec)
        words = hint("Go on with: {}" + (", and the same options." if has_options else ""), line)
        _print_message(f"The run continues.{words}")
    return _CODES_OF_ENDS[watched.end.kind]


def _outcome(result: Any) -> int:
    """Return the exit code for the status of a run, step or task, or of the run that an answer is about.

    What still runs has not failed.

    Raises
    ------
    UsageError
        The result has no status.
    """
    status = getattr(result, "status", None)
    if not isinstance(status, str):
        raise UsageError("Expected a command that shows a run, step or task with --exit-code, such as show or why.")
    return ExitCode.DONE if status in ("completed", "running") else ExitCode.RUN_FAILED


MCP = "mcp"
"""The command that serves agents. It is not a command of ``%mflow``, because it never returns."""

MCP_HELP = """\
mfwidgets [--metadata SELECTOR] [--namespace NAME|none] [--profile NAME] [--sample] mcp

Serve coding agents: read-only tools over standard input and output (Model Context Protocol). Agents see the runs of all
users, unless --namespace restricts them. Needs the extra: pip install 'mfwidgets[mcp]'. To name it to an agent:

  claude mcp add metaflow -- mfwidgets mcp
"""


def _serve(command_line: CommandLine) -> int:
    """Serve agents until the client closes standard input. By default, they see all runs.

    Raises
    ------
    UsageError
        There are other words or options.
    """
    if HELP_WORDS.intersection(command_line.words[1:]):
        print(MCP_HELP)  # noqa: T201 - a program prints
        return ExitCode.DONE
    if command_line.words[1:] or command_line.as_json or command_line.exit_code:
        raise UsageError("Expected mfwidgets mcp with --metadata, --namespace, --profile or --sample only.")
    from mfwidgets.agents.server import serve

    if not command_line.sample and not any(command == "ns" for command, _ in command_line.switches):
        namespace(None)
    serve(in_cli_words)
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
    if name == WATCH and command_line.as_json and not asks_for_help:
        raise UsageError("watch is for people. Try wait with --json.")


def _print_error(message: str, code: int) -> int:
    _print_message(message)
    return code


def _print_message(message: str) -> None:
    print(f"mfwidgets: {single_line(in_cli_words(message), _MAX_ERROR_CHARS)}", file=sys.stderr)  # noqa: T201 - a program prints
