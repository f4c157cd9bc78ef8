"""A map of a run as a table for text: the rails in letters follow the names of the steps."""

from dataclasses import replace

from mfwidgets.render.cell import Cell
from mfwidgets.render.step_map.model import TIMES, StepMap
from mfwidgets.render.step_map.rails import row_text
from mfwidgets.render.view import Table

_SIGNS = {"completed": "●", "caught": "●", "failed": "✗", "killed": "✗", "running": "▶", "unknown": "?"}
"""The sign of a step in the rails."""

_IDLE = "○"
"""The sign of a step that did not run."""


def text_table(shown: StepMap) -> Table:
    """Return the table of a map, with the rails after the names. They say which step follows.

    The names come first, for programs that look for them and for people who hear them.
    """
    table, rails = shown.table, shown.rails
    if not rails.rows:
        return table
    kept = [place for place, name in enumerate(table.columns) if name != "next"]
    rows = []
    for number, row in enumerate(table.rows):
        rail = Cell(row_text(rails.rows[number], rails.columns, _sign(row[1])))
        rows.append((row[0], rail, *(row[place] for place in kept[1:])))
    columns = ["" if table.columns[place] == TIMES else table.columns[place] for place in kept]
    columns[1:1] = [""]
    return replace(table, columns=tuple(columns), rows=tuple(rows))


def _sign(status: Cell) -> str:
    return _SIGNS.get(status.text, "?") if status.kind == "status" else _IDLE
