"""Prints the result of a command as text, with colours if the terminal has colours.

Messages and help mention lines of ``%mflow``. They are printed as commands of the command line.
"""

import re
import sys
from dataclasses import replace
from functools import singledispatch
from typing import Any, TextIO

import mfwidgets
from mfwidgets.cli.options import OPTIONS
from mfwidgets.client.answers.logs import ALL, Logs
from mfwidgets.client.answers.nothing import Nothing
from mfwidgets.config import NAMESPACE_ADVICE
from mfwidgets.display import Displayable
from mfwidgets.errors import MetaflowException
from mfwidgets.hidden_characters import visible
from mfwidgets.magic.commands.doctor import Doctor
from mfwidgets.magic.dispatch import COMMANDS, CommandHelp, Help, commands_table
from mfwidgets.queries.context import current_context
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.sanitize import escape_control_chars, parse_ansi
from mfwidgets.render.text import lines_of, print_lines, shows_colours
from mfwidgets.render.view import Table, View
from mfwidgets.render.wrap import terminal_columns
from mfwidgets.views.cells import Limits
from mfwidgets.views.context import context_facts
from mfwidgets.views.log import LOG_LINES
from mfwidgets.views.more import ON_A_COMMAND_LINE, leaves_out
from mfwidgets.views.screen_lines import screen_lines
from mfwidgets.views.show import full_view, terminal_view
from mfwidgets.views.sweep import ALL_COLUMNS

_MAX_LINE_CHARS = 10_000
"""The rest of a longer line of a log is cut on a terminal with colours."""

_MAGIC = re.compile(
    r"""(?P<quoted>(?<!\w)(?:'[^']*'|"[^"]*"))|%mflow (?P<switch>ns|metadata|profile) (?=[^\s.,;|\[])|%mflow"""
)
"""A quoted name can contain anything, also ``%mflow``. It stays as it is."""

_ON_COMMAND_LINE = {
    ALL_COLUMNS: "--json has all columns.",
    NAMESPACE_ADVICE: "--namespace user:NAME, or --namespace none to see all runs.",
}
"""Advice that names a call of Python, and the same for the command line."""

_OPTIONS = {"ns": "--namespace", "metadata": "--metadata", "profile": "--profile"}


@singledispatch
def print_text(result: Any, stream: TextIO) -> None:
    """Print the result of a command: a display as in IPython's terminal, a str as it is, another value as its repr.

    Raises
    ------
    MetaflowException
        The object cannot be read.
    """
    if isinstance(result, Displayable):
        view = terminal_view(result)
        more = ON_A_COMMAND_LINE if leaves_out(view) else ""
        _print_view(view_in_cli_words(replace(view, more=more), all_ours=False), stream)
    elif isinstance(result, str):
        stream.write(f"{escape_control_chars(result) if stream.isatty() else result}\n")
    else:
        from IPython.lib.pretty import pretty

        print_text(pretty(result), stream)  # type: ignore[no-untyped-call]


@print_text.register
def print_logs(logs: Logs, stream: TextIO) -> None:
    """Print only the lines, for other programs. Notes go to standard error."""
    limit = LOG_LINES if logs.tail is None else logs.tail
    lines = logs.lines() if limit == ALL else logs.last(limit + 1)
    shown = screen_lines(lines[max(len(lines) - limit, 0) :])
    if shows_colours(stream):
        print_lines(parse_ansi((line.message for line in shown), _MAX_LINE_CHARS), stream)
    else:
        stream.writelines(f"{escape_control_chars(line.message)}\n" for line in shown)
    notes = [logs._note] if lines and logs._note else [] if lines else list(full_view(logs).notes)
    if logs.tail is None and len(lines) > limit:
        notes += [f"These are the last {limit} lines. --all prints all lines, --tail N the last N."]
    for note in notes:
        print(f"mfwidgets: {visible(in_cli_words(note))}", file=sys.stderr)  # noqa: T201 - a program prints


@print_text.register
def print_nothing(nothing: Nothing, stream: TextIO) -> None:
    """Print nothing but a note on standard error: for other programs, the answer is empty."""
    del stream
    print(f"mfwidgets: {visible(in_cli_words(nothing.reason))}", file=sys.stderr)  # noqa: T201 - a program prints


@print_text.register
def print_doctor(doctor: Doctor, stream: TextIO) -> None:
    """Print the checks, with advice for the command line."""
    _print_view(view_in_cli_words(full_view(doctor), all_ours=True), stream)


@print_text.register
def print_command_help(command_help: CommandHelp, stream: TextIO) -> None:
    """Print the usage of a command, its arguments and its examples, without those that work only in notebooks."""
    shown = CommandHelp(command_help.command.on_command_line())
    _print_view(view_in_cli_words(full_view(shown), all_ours=True), stream)


@print_text.register
def print_help(_: Help, stream: TextIO) -> None:
    """Print the context, all commands and all options."""
    commands = [command.on_command_line() for command in COMMANDS.values() if not command.in_cells_only]
    table = commands_table(commands, ("mfwidgets", "meaning"))
    agents = (Cell("mcp", "code"), Cell("serve agents: read-only tools over standard input and output"))
    table = replace(table, rows=(*table.rows, (Cell("Serve agents", "group"), EMPTY), agents))
    more = tuple((Cell(f"{name} {value}".rstrip(), "code"), Cell(meaning)) for name, value, meaning in OPTIONS)
    try:
        facts = context_facts(current_context(), Limits())
    except MetaflowException as error:  # help must work with a broken configuration
        facts = (("metadata", Limits().text(str(error))),)
    view = View(
        kind="mfwidgets",
        name=mfwidgets.__version__,
        facts=facts,
        notes=(
            "mfwidgets PATHSPEC shows an object. latest, latest-ok or latest~2 can replace the run id.",
            "mfwidgets without a command shows the flows. mfwidgets help COMMAND describes a command.",
        ),
        parts=(table, Table("Options", ("option", "meaning"), more)),
    )
    _print_view(view, stream)


def _print_view(view: View, stream: TextIO) -> None:
    print_lines(lines_of(view, terminal_columns(stream)), stream)


def in_cli_words(text: str) -> str:
    """Return a message with the program instead of the magic: ``--namespace none`` for ``%mflow ns none``."""
    advice = "As a line: %mflow ns none"  # only at the end: a name inside a command may contain the same words
    if text.endswith(advice):
        text = text.removesuffix(advice) + advice.replace("As a line", "Here")
    for call, option in _ON_COMMAND_LINE.items():
        if text.endswith(call):
            text = text.removesuffix(call) + option
    return _MAGIC.sub(_in_cli_words, text)


def _in_cli_words(match: re.Match[str]) -> str:
    if match["switch"]:
        return f"{_OPTIONS[match['switch']]} "
    return match["quoted"] or "mfwidgets"


def view_in_cli_words(view: View, *, all_ours: bool) -> View:
    """Return a view with commands of the command line in its notes and in its lines to run.

    If ``all_ours``, also in all cells. Other tables contain the user's data, which must not change.
    """
    parts = tuple(
        _table_in_cli_words(part, all_ours=all_ours or part.commands) if isinstance(part, Table) else part
        for part in view.parts
    )
    facts = tuple((label, _cell_in_cli_words(cell, is_ours=all_ours)) for label, cell in view.facts)
    shown = replace(view, notes=tuple(map(in_cli_words, view.notes)), facts=facts, parts=parts)
    return replace(shown, name=in_cli_words(view.name)) if all_ours else shown


def _table_in_cli_words(table: Table, *, all_ours: bool) -> Table:
    rows = tuple(tuple(_cell_in_cli_words(cell, is_ours=all_ours) for cell in row) for row in table.rows)
    return replace(table, rows=rows, note=in_cli_words(table.note), more=in_cli_words(table.more))


def _cell_in_cli_words(cell: Cell, *, is_ours: bool) -> Cell:
    return replace(cell, text=in_cli_words(cell.text)) if is_ours or cell.kind == "line" else cell
