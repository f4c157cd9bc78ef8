"""Ids of runs, shortened to their distinct ends. Only styles hide the rest, so a copy has the whole id."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from mfwidgets.queries.rows import RunRow
from mfwidgets.render.cell import Cell
from mfwidgets.render.id_cuts import id_cuts
from mfwidgets.views.cells import Limits


def short_ids(rows: Sequence[RunRow], limits: Limits) -> list[Cell]:
    """Show the ids of runs, shortened to ends that are distinct in a flow. A copy has the whole ids."""
    cells = [limits.object(row.record.run_id, row.pathspec) for row in rows]
    by_flow: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        by_flow[row.record.flow].append(place)
    for places in by_flow.values():
        cuts = id_cuts([cells[place].text for place in places])
        for place, cut in zip(places, cuts, strict=True):
            cells[place] = replace(cells[place], cut=cut)
    return cells
