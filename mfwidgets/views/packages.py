"""The display of the packages of a run."""

from mfwidgets.client.answers.packages import Packages
from mfwidgets.queries.packages import PackageRow
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.view import Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.objects import present
from mfwidgets.views.tables import shown_of_total, without_empty_columns


@build_view.register
def build_packages_view(packages: Packages, limits: Limits) -> View:
    """Show Python and Metaflow in the heading, and the requested packages before their dependencies."""
    rows = list(packages)
    facts = [(row.name, limits.text(row.version or "")) for row in rows if row.source == "run"]
    shown = sorted((row for row in rows if row.source != "run"), key=lambda row: row.requested is None)
    part = 5 * limits.rows
    table = Table(
        "Packages",
        ("name", "version", "requested", "from", "steps"),
        tuple(_row(row, limits) for row in shown[:part]),
        shown_of_total(min(part, len(shown)), len(shown)),
        left_out=part < len(shown),
    )
    return View(
        "Packages",
        limits.text(packages.run.pathspec).text,
        facts=present([*facts, ("packages", Cell(f"{len(shown):,}") if shown else EMPTY)]),
        notes=(packages.note,) if packages.note else (),
        parts=(without_empty_columns(table, keep=1),) if shown else (),
    )


def _row(row: PackageRow, limits: Limits) -> tuple[Cell, ...]:
    requested = "" if row.requested is None else row.requested or "any"
    return (
        limits.code(row.name),
        limits.code(row.version or ""),
        limits.code(requested),
        limits.text(row.source),
        limits.text(", ".join(row.steps)),
    )
