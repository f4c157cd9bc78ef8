"""What messages and help of ``%mflow`` advise to type, as it is typed here."""

import re
from dataclasses import replace

from mfwidgets.render.view import Cell, Table, View

_SWITCH = re.compile(r"%mflow (ns|metadata|profile) (?=[^\s.,;|\[])")
_OPTIONS = {"ns": "--namespace", "metadata": "--metadata", "profile": "--profile"}


def in_cli_words(text: str) -> str:
    """Return a sentence of ours with the program in the place of the magic: ``%mflow ns none`` is ``--namespace none``."""
    text = _SWITCH.sub(lambda found: f"{_OPTIONS[found[1]]} ", text.replace("As a line: ", "Here: "))
    return text.replace("%mflow", "mfwidgets")


def view_in_cli_words(view: View, *, all_ours: bool) -> View:
    """Return a view that advises what is typed here; its tables hold words of ours only in help and advice."""
    found = replace(view, notes=tuple(map(in_cli_words, view.notes)))
    if not all_ours:
        return found
    parts = tuple(_table_here(part) if isinstance(part, Table) else part for part in view.parts)
    return replace(found, name=in_cli_words(view.name), parts=parts)


def _table_here(table: Table) -> Table:
    return replace(table, rows=tuple(tuple(_cell_here(cell) for cell in row) for row in table.rows))


def _cell_here(cell: Cell) -> Cell:
    return replace(cell, text=in_cli_words(cell.text))
