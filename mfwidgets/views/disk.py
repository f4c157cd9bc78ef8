"""The display of what fills a datastore: sizes with bars, the largest first."""

from mfwidgets.client.answers.disk_usage import DiskUsage
from mfwidgets.queries.disk import DiskRow
from mfwidgets.render.cell import EMPTY, Cell, Segment
from mfwidgets.render.view import Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, size_text
from mfwidgets.views.tables import shown_of_total, without_empty_columns

_TITLES = {"flow": "Flows", "part": "Parts", "run": "Runs", "artifact": "Artifacts"}

_NOTE = (
    "A blob is stored once per flow. Own bytes belong to nothing else in this list: that is what disappears with a run."
)


@build_view.register
def build_disk_view(usage: DiskUsage, limits: Limits) -> View:
    """Show one table for each kind of row."""
    parts = []
    for kind, title in _TITLES.items():
        rows = [row for row in usage if row.kind == kind]
        if rows:
            parts.append(_table(kind, title, rows, limits))
    notes = [limits.text(note).text for note in usage.left_out[: limits.rows]]
    if any(row.own_size != row.size for row in usage):
        notes.insert(0, _NOTE)
    return View(
        "Disk usage",
        limits.text(usage.title).text,
        facts=(("size", Cell(size_text(usage.size), "number", value=str(usage.size))),),
        notes=(*notes, "This is a report. Nothing was changed."),
        parts=tuple(parts),
    )


def _table(kind: str, title: str, rows: list[DiskRow], limits: Limits) -> Table:
    shown = rows[: limits.rows]
    largest = max(row.size for row in rows) or 1
    has_own = any(row.own_size != row.size for row in rows)
    cells = tuple(
        (
            _name(kind, row, limits),
            _size(row.size, largest),
            _size(row.own_size, largest) if has_own else EMPTY,
            Cell(f"{row.objects:,}", "number", value=str(row.objects)),
        )
        for row in shown
    )
    note = shown_of_total(len(shown), len(rows))
    table = Table(title, (kind, "size", "own", "objects"), cells, note, left_out=bool(note))
    return without_empty_columns(table, keep=1)


def _name(kind: str, row: DiskRow, limits: Limits) -> Cell:
    if kind in ("flow", "run"):
        return limits.object(row.name, row.name)
    return limits.text(row.name) if kind == "part" else limits.code(row.name)


def _size(size: int, largest: int) -> Cell:
    return Cell(
        size_text(size),
        "measure",
        f"{size:,} bytes",
        value=str(size),
        segments=(Segment("value", 0.0, size / largest),),
    )
