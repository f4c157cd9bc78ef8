"""Runs ``%mflow`` lines: the table of commands, help, and the messages for invalid lines."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from IPython.core.error import UsageError

from mfwidgets.display import Displayable
from mfwidgets.errors import MetaflowException, MetaflowInvalidPathspec, MetaflowNamespaceMismatch, MetaflowNotFound
from mfwidgets.hidden_characters import visible
from mfwidgets.magic.command import HELP_WORDS, Argument, Command
from mfwidgets.magic.commands.context import CONTEXT_COMMANDS
from mfwidgets.magic.commands.doctor import DOCTOR_COMMANDS
from mfwidgets.magic.commands.logs import LOG_COMMANDS
from mfwidgets.magic.commands.show import SHOW_COMMANDS, WIDGET_COMMANDS
from mfwidgets.magic.commands.tags import TAG_COMMANDS
from mfwidgets.magic.commands.wait import WAIT_COMMANDS
from mfwidgets.magic.tokenize import tokenize
from mfwidgets.magic.topics import by_topic, short_usage
from mfwidgets.queries.context import current_context
from mfwidgets.redaction import redact
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.view import Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.context import context_facts
from mfwidgets.views.data import Facts, data_of


class Help(Displayable):
    """The result of ``%mflow`` alone: the context, and all commands."""

    def __repr__(self) -> str:
        return "<%mflow: context and help>"


@dataclass(frozen=True, repr=False)
class CommandHelp(Displayable):
    """The result of ``%mflow help COMMAND``.

    Attributes
    ----------
    command
        The command that it describes.
    """

    command: Command

    def __repr__(self) -> str:
        return visible(f"<help on {self.command.usage}>")


def _help(given: argparse.Namespace) -> Displayable:
    if given.command is None:
        return Help()
    if given.command not in COMMANDS:
        raise UsageError(f"Expected a command, got {given.command!r}.{_nearest(given.command)} Try %mflow help.")
    return CommandHelp(COMMANDS[given.command])


_ABOUT = Command(
    "help",
    "list all commands, or describe one command",
    _help,
    (Argument("command", "the command to describe", "command", settings={"nargs": "?"}),),
)

COMMANDS = {
    command.name: command
    for command in (
        *SHOW_COMMANDS[:4],
        *LOG_COMMANDS,
        *SHOW_COMMANDS[4:],
        *WIDGET_COMMANDS,
        *WAIT_COMMANDS,
        *TAG_COMMANDS,
        *CONTEXT_COMMANDS,
        *DOCTOR_COMMANDS,
        _ABOUT,
    )
}
"""All commands by name, in the order of the help."""


def run_line(line: str, variables: Mapping[str, Any] = MappingProxyType({})) -> Any:
    """Run a line, and return the object that shows the result.

    Parameters
    ----------
    line
        The line after ``%mflow``.
    variables
        The variables that ``{name}`` and ``$name`` can insert, by name.

    Raises
    ------
    UsageError
        The line is invalid. The message contains the usage.
    MetaflowException
        The object does not exist or cannot be read.
    """
    try:
        return run_arguments(tokenize(line, variables))
    except UsageError as error:  # IPython prints the message as it is, and it can quote a password
        raise UsageError(visible(redact(str(error)))) from None


def run_arguments(words: Sequence[str]) -> Any:
    """Run the words of a line, as :func:`run_line` does.

    Raises
    ------
    UsageError
        The words are invalid. The message contains the usage.
    MetaflowException
        The object does not exist or cannot be read.
    """
    words = list(words)
    if not words:
        return Help()
    if words[0] in HELP_WORDS:
        words[0] = "help"
    if words[0] in COMMANDS and HELP_WORDS.intersection(_before_end_of_options(words[1:])):
        return CommandHelp(COMMANDS[words[0]])
    try:
        if words[0] in COMMANDS:
            command = COMMANDS[words[0]]
            return command.run(command.parse(words[1:]))
        return _show(words)
    except MetaflowNamespaceMismatch as error:  # the message names functions that the notebook may not have imported
        raise _extended(error, " As a line: %mflow ns none") from None


def _before_end_of_options(words: list[str]) -> list[str]:
    return words[: words.index("--")] if "--" in words else words


def _show(words: list[str]) -> Any:
    """Return the object of a pathspec. If it does not exist, suggest the command with the most similar name."""
    if words[0].startswith("-") or len(words) > 1:
        expected = "a command" if len(words) > 1 else "a pathspec or a command"
        raise UsageError(
            f"Expected {expected}, got {words[0]!r}.{_nearest(words[0])} "
            f"Usage: {COMMANDS['show'].usage}, or %mflow COMMAND ... Try %mflow help."
        )
    try:
        return COMMANDS["show"].run(COMMANDS["show"].parse(words))
    except (MetaflowNotFound, MetaflowInvalidPathspec) as error:
        nearest = "" if "/" in words[0] else _nearest(words[0])
        if not nearest:
            raise
        raise _extended(error, nearest) from None


def _extended(error: MetaflowException, hint: str) -> MetaflowException:
    """Return a copy of the error with a hint at the end of its message."""
    return type(error)(f"{error}{hint}", pathspec=error.pathspec, suggestions=error.suggestions)


_OTHER_WORDS = {
    "compare": "diff",
    "flows": "show",
    "graph": "dag",
    "list": "runs",
    "ls": "runs",
    "md": "metadata",
    "namespace": "ns",
}
"""Words of Python, of Metaflow or of shells, and the command that does it."""


def _nearest(word: str) -> str:
    from difflib import get_close_matches  # only errors need it

    matches = [_OTHER_WORDS[word]] if word in _OTHER_WORDS else get_close_matches(word, COMMANDS, n=1)
    return f" Did you mean %mflow {COMMANDS[matches[0]].name}?" if matches else ""


@build_view.register
def build_help_view(shown: Help, limits: Limits) -> View:
    """Show the context, and the commands by topic."""
    del shown
    return View(
        kind="Magic",
        name="%mflow",
        facts=context_facts(current_context(), limits),
        notes=(
            "Every line returns an object: run = %mflow HelloFlow/latest",
            "latest, latest-ok or latest~2 can replace the run id. {name} inserts the value of a Python variable.",
            "%mflow help COMMAND shows the options and examples of a command.",
        ),
        parts=(commands_table(COMMANDS.values(), ("line", "meaning"), "%mflow"),),
    )


def commands_table(commands: Iterable[Command], columns: tuple[str, str], program: str = "") -> Table:
    """Show commands by topic, without their options."""
    rows: list[tuple[Cell, ...]] = []
    for topic, members in by_topic(commands):
        rows.append((Cell(topic, "group"), EMPTY))
        rows += [(Cell(short_usage(command, program), "code"), Cell(command.meaning)) for command in members]
    return Table("Commands", columns, tuple(rows))


@build_view.register
def build_command_help_view(shown: CommandHelp, limits: Limits) -> View:
    """Show what a command does, examples, its usage and its arguments."""
    del limits
    command = shown.command
    arguments = Table(
        "Arguments",
        ("argument", "meaning"),
        tuple((Cell(argument.usage, "code"), Cell(argument.meaning)) for argument in command.arguments),
    )
    examples = Table("Examples", ("line",), tuple((Cell(line, "code"),) for line in command.examples))
    return View(
        kind="Magic",
        name=f"%mflow {command.name}",
        reason=command.meaning,
        facts=(("usage", Cell(command.usage, "code")),),
        parts=tuple(table for table in (examples, arguments) if table.rows),
    )


@data_of.register
def help_data(_: Help) -> Facts:
    """Return all commands as plain data."""
    return commands_data(COMMANDS.values())


@data_of.register
def command_help_data(shown: CommandHelp) -> Facts:
    """Return the command as plain data."""
    return commands_data([shown.command])


def commands_data(commands: Iterable[Command]) -> Facts:
    """Return the usage, the meaning and the arguments of commands."""
    return {
        "kind": "help",
        "commands": [
            {
                "name": command.name,
                "usage": command.usage,
                "meaning": command.meaning,
                "arguments": [{"usage": argument.usage, "meaning": argument.meaning} for argument in command.arguments],
            }
            for command in commands
        ],
    }
