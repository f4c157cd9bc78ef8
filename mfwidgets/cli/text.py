"""Prints what a command returned as text, with colours on a terminal that has them.

What messages and help of ``%mflow`` advise to type is printed as it is typed on the command line.
"""

import re
import sys
from dataclasses import replace
from functools import singledispatch
from typing import Any, TextIO

import mfwidgets
from mfwidgets.cli.options import OPTIONS
from mfwidgets.client.answers.logs import ALL, Logs
from mfwidgets.display import Displayable
from mfwidgets.errors import MetaflowException
from mfwidgets.magic.command import Command
from mfwidgets.magic.commands.doctor import Doctor
from mfwidgets.magic.dispatch import COMMANDS, CommandHelp, Help
from mfwidgets.queries.context import current_context
from mfwidgets.render.sanitize import escape_control_chars, parse_ansi
from mfwidgets.render.text import lines_of, print_lines, shows_colours
from mfwidgets.render.view import Cell, Table, View
from mfwidgets.views.cells import Limits
from mfwidgets.views.context import context_facts
from mfwidgets.views.log import LOG_LINES
from mfwidgets.views.show import full_view

_MAX_LINE_CHARS = 10_000
"""Characters of a line of a log on a terminal."""

_SWITCH = re.compile(r"%mflow (ns|metadata|profile) (?=[^\s.,;|\[])")
_OPTIONS = {"ns": "--namespace", "metadata": "--metadata", "profile": "--profile"}


@singledispatch
def print_text(result: Any, stream: TextIO) -> None:
    """Print what a command returned: whatever shows itself as it does in a terminal, a text as it is, any value by its repr.

    Raises
    ------
    MetaflowException
        It cannot be read.
    """
    if isinstance(result, Displayable):
        _print_view(view_in_cli_words(full_view(result), all_ours=False), stream)
    elif isinstance(result, str):
        stream.write(f"{escape_control_chars(result) if stream.isatty() else result}\n")
    else:
        from IPython.lib.pretty import pretty

        stream.write(f"{pretty(result)}\n")  # type: ignore[no-untyped-call]


@print_text.register
def print_logs(logs: Logs, stream: TextIO) -> None:
    """Print the lines alone, so that they can go on to other programs; that there are more is said on standard error."""
    asked = LOG_LINES if logs.tail is None else logs.tail
    lines = logs.lines() if asked == ALL else logs.last(asked + 1)
    shown = lines[max(len(lines) - asked, 0) :]
    if shows_colours(stream):
        print_lines(parse_ansi((line.message for line in shown), _MAX_LINE_CHARS), stream)
    else:
        stream.writelines(f"{escape_control_chars(line.message)}\n" for line in shown)
    notes = [] if lines else list(full_view(logs).notes)
    if logs.tail is None and len(lines) > asked:
        notes = [f"These are the last {asked} lines; --all prints all, --tail N the last N."]
    for note in notes:
        print(f"mfwidgets: {in_cli_words(note)}", file=sys.stderr)  # noqa: T201 - a program prints


@print_text.register
def print_doctor(doctor: Doctor, stream: TextIO) -> None:
    """Print what was checked, with what to type here."""
    _print_view(view_in_cli_words(full_view(doctor), all_ours=True), stream)


@print_text.register
def print_command_help(command_help: CommandHelp, stream: TextIO) -> None:
    """Print the usage of a command, its arguments and examples, without what is for notebooks."""
    shown = CommandHelp(command_help.command.on_command_line())
    _print_view(view_in_cli_words(full_view(shown), all_ours=True), stream)


@print_text.register
def print_help(_: Help, stream: TextIO) -> None:
    """Print where is looked, all commands and all options."""
    commands = [command.on_command_line() for command in COMMANDS.values() if not command.in_cells_only]
    rows = tuple((Cell(_short_usage(command), "code"), Cell(command.meaning)) for command in commands)
    more = tuple((Cell(f"{name} {value}".rstrip(), "code"), Cell(meaning)) for name, value, meaning in OPTIONS)
    try:
        facts = context_facts(current_context(), Limits())
    except MetaflowException as error:  # help is most wanted where something is wrong
        facts = (("metadata", Limits().text(str(error))),)
    view = View(
        kind="mfwidgets",
        name=mfwidgets.__version__,
        facts=facts,
        notes=(
            "mfwidgets HelloFlow/latest shows what a pathspec names; for the run id stand latest, latest-ok, latest~2, too.",
            "mfwidgets alone shows the flows, mfwidgets help COMMAND tells the options of a command.",
        ),
        parts=(Table("Commands", ("mfwidgets", "meaning"), rows), Table("Options", ("option", "meaning"), more)),
    )
    _print_view(view, stream)


def _short_usage(command: Command) -> str:
    options = " ..." if any(argument.is_option for argument in command.arguments) else ""
    return (
        " ".join([command.name, *(argument.usage for argument in command.arguments if not argument.is_option)])
        + options
    )


def _print_view(view: View, stream: TextIO) -> None:
    print_lines(lines_of(view), stream)


def in_cli_words(text: str) -> str:
    """Return a sentence of ours with the program in the place of the magic: ``%mflow ns none`` is ``--namespace none``."""
    text = _SWITCH.sub(lambda match: f"{_OPTIONS[match[1]]} ", text.replace("As a line: ", "Here: "))
    return text.replace("%mflow", "mfwidgets")


def view_in_cli_words(view: View, *, all_ours: bool) -> View:
    """Return a view that advises what is typed here; its tables hold words of ours only in help and advice."""
    shown = replace(view, notes=tuple(map(in_cli_words, view.notes)))
    if not all_ours:
        return shown
    parts = tuple(_table_here(part) if isinstance(part, Table) else part for part in view.parts)
    return replace(shown, name=in_cli_words(view.name), parts=parts)


def _table_here(table: Table) -> Table:
    return replace(table, rows=tuple(tuple(_cell_here(cell) for cell in row) for row in table.rows))


def _cell_here(cell: Cell) -> Cell:
    return replace(cell, text=in_cli_words(cell.text))
