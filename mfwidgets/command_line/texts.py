"""Prints what a verb returned as text, with colours on a terminal that has them."""

import sys
from functools import singledispatch
from typing import Any, TextIO

import mfwidgets
from mfwidgets.client.logs import ALL, Logs
from mfwidgets.client.presentable import Presentable
from mfwidgets.client.scope import current_scope
from mfwidgets.command_line.options import OPTIONS
from mfwidgets.command_line.wording import here, view_here
from mfwidgets.errors import MetaflowException
from mfwidgets.magic.doctor import Doctor
from mfwidgets.magic.line import VERBS, Help, VerbHelp
from mfwidgets.magic.verb import Verb
from mfwidgets.render.ansi import coloured
from mfwidgets.render.clean import visible
from mfwidgets.render.terminal import print_lines, shows_colours
from mfwidgets.render.text import lines_of
from mfwidgets.render.view import Cell, Table, View
from mfwidgets.views.cells import Limits
from mfwidgets.views.log import LINES
from mfwidgets.views.scope import scope_facts
from mfwidgets.views.show import described

_WIDE = 10_000
"""Characters of a line of a log on a terminal."""


@singledispatch
def print_text(found: Any, stream: TextIO) -> None:
    """Print what a verb returned: whatever shows itself as it does in a terminal, a text as it is, any value by its repr.

    Raises
    ------
    MetaflowException
        It cannot be read.
    """
    if isinstance(found, Presentable):
        _print_view(view_here(described(found), all_ours=False), stream)
    elif isinstance(found, str):
        stream.write(f"{visible(found) if stream.isatty() else found}\n")
    else:
        from IPython.lib.pretty import pretty

        stream.write(f"{pretty(found)}\n")  # type: ignore[no-untyped-call]


@print_text.register
def print_logs(logs: Logs, stream: TextIO) -> None:
    """Print the lines alone, so that they can go on to other programs; that there are more is said on standard error."""
    asked = LINES if logs.tail is None else logs.tail
    lines = logs.lines() if asked == ALL else logs.last(asked + 1)
    shown = lines[max(len(lines) - asked, 0) :]
    if shows_colours(stream):
        print_lines(coloured((line.message for line in shown), _WIDE), stream)
    else:
        stream.writelines(f"{visible(line.message)}\n" for line in shown)
    notes = [] if lines else list(described(logs).notes)
    if logs.tail is None and len(lines) > asked:
        notes = [f"These are the last {asked} lines; --all prints all, --tail N the last N."]
    for note in notes:
        print(f"mfwidgets: {here(note)}", file=sys.stderr)  # noqa: T201 - a program prints


@print_text.register
def print_doctor(doctor: Doctor, stream: TextIO) -> None:
    """Print what was checked, with what to type here."""
    _print_view(view_here(described(doctor), all_ours=True), stream)


@print_text.register
def print_verb_help(found: VerbHelp, stream: TextIO) -> None:
    """Print the usage of a verb, its arguments and examples, without what is for notebooks."""
    shown = VerbHelp(found.verb.on_command_line())
    _print_view(view_here(described(shown), all_ours=True), stream)


@print_text.register
def print_help(_: Help, stream: TextIO) -> None:
    """Print where is looked, all verbs and all options."""
    verbs = [verb.on_command_line() for verb in VERBS.values() if not verb.in_cells_only]
    rows = tuple((Cell(_short_usage(verb), "code"), Cell(verb.meaning)) for verb in verbs)
    more = tuple((Cell(f"{name} {value}".rstrip(), "code"), Cell(meaning)) for name, value, meaning in OPTIONS)
    try:
        facts = scope_facts(current_scope(), Limits())
    except MetaflowException as error:  # help is most wanted where something is wrong
        facts = (("metadata", Limits().text(str(error))),)
    view = View(
        kind="mfwidgets",
        name=mfwidgets.__version__,
        facts=facts,
        notes=(
            "mfwidgets HelloFlow/latest shows what a pathspec names; for the run id stand latest, latest-ok, latest~2, too.",
            "mfwidgets alone shows the flows, mfwidgets help VERB tells the options of a verb.",
        ),
        parts=(Table("Verbs", ("mfwidgets", "meaning"), rows), Table("Options", ("option", "meaning"), more)),
    )
    _print_view(view, stream)


def _short_usage(verb: Verb) -> str:
    options = " ..." if any(one.is_option for one in verb.arguments) else ""
    return " ".join([verb.name, *(one.usage for one in verb.arguments if not one.is_option)]) + options


def _print_view(view: View, stream: TextIO) -> None:
    print_lines(lines_of(view), stream)
