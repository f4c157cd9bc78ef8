"""The line at the end of a display that must leave something out: the code that shows it."""

from dataclasses import replace
from typing import Any

from mfwidgets.render.step_map.model import StepMap
from mfwidgets.render.tile_grid import TileGrid
from mfwidgets.render.view import Table, Tree, View

_WITH_ROWS = (Table, Tree, TileGrid, StepMap)
"""The parts that have rows."""

_OF_ROWS = ("Artifacts", "Comparison", "Flow", "MetadataEvents", "Runs", "Step", "Tasks")
"""The classes whose frames have the rows that their displays show."""

_IN_A_CELL = "Not all rows are shown. .to_html('page.html') writes a page with ten times as many"
ON_A_COMMAND_LINE = "Not all rows are shown. --rows 200 shows more, --json prints all."


def leaves_out(view: View) -> bool:
    """Return whether a part of a view does not show all of its rows. Logs and code have their own hints."""
    return any(isinstance(part, _WITH_ROWS) and part.left_out for part in view.parts)


def with_more(view: View, shown: Any) -> View:
    """Return a view with the code that shows what it leaves out. Unchanged if it shows everything."""
    if not leaves_out(view) or not hasattr(shown, "to_html"):
        return view
    all_rows = ", .to_pandas() returns them all." if type(shown).__name__ in _OF_ROWS else "."
    return replace(view, more=f"{_IN_A_CELL}{all_rows}")
