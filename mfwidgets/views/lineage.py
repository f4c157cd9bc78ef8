"""What the lineage of an artifact shows."""

from mfwidgets.client.answers.artifact_lineage import Lineage
from mfwidgets.render.view import Cell, Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, counted, time, zoned
from mfwidgets.views.tables import shown_of_total


@build_view.register
def build_lineage_view(lineage: Lineage, limits: Limits) -> View:
    """Show who made the bytes, who passed them on, and which earlier runs have them."""
    artifact, maker = lineage.artifact, lineage.producer
    facts = [
        ("sha", Cell(limits.code(artifact.sha[:10]).text, "code", limits.text(artifact.sha).text)),
        ("made by", limits.code(maker.pathspec)),
        ("passed on to", Cell(counted(len(lineage.holders), "task"))),
        (
            "earlier runs",
            Cell(f"{len(lineage.earlier_runs):,} of the {counted(lineage.runs_searched, 'earlier run')}"),
        ),
    ]
    if lineage.origin:
        facts.append(("taken over from", limits.code(lineage.origin)))
    tables = []
    if lineage.holders:
        rows = tuple(
            (limits.code(task.path_components[2]), limits.object(task.id, task.pathspec), time(task._record.created_ms))
            for task in lineage.holders[: limits.rows]
        )
        columns = ("step", "task", zoned("queued"))
        tables.append(Table("Passed on to", columns, rows, shown_of_total(len(rows), len(lineage.holders))))
    if lineage.earlier_runs:
        rows = tuple(
            (limits.object(run.id, run.pathspec), time(run._record.created_ms), limits.text(run.user))
            for run in lineage.earlier_runs[: limits.rows]
        )
        columns = ("run", zoned("started"), "user")
        tables.append(
            Table(
                "Earlier runs with the same bytes", columns, rows, shown_of_total(len(rows), len(lineage.earlier_runs))
            )
        )
    return View("Lineage", limits.text(artifact.pathspec).text, facts=tuple(facts), parts=tuple(tables))
