"""What the lineage of an artifact shows."""

from mfwidgets.client.artifact_lineage import Lineage
from mfwidgets.render.view import Cell, Table, View
from mfwidgets.views.cells import Limits, counted, time, zoned
from mfwidgets.views.describe import describe
from mfwidgets.views.tables import left_out


@describe.register
def describe_lineage(lineage: Lineage, limits: Limits) -> View:
    """Show who made the bytes, who passed them on, and which earlier runs have them."""
    artifact, maker = lineage.artifact, lineage.made_by
    facts = [
        ("sha", Cell(limits.code(artifact.sha[:10]).text, "code", limits.text(artifact.sha).text)),
        ("made by", limits.code(maker.pathspec)),
        ("passed on to", Cell(counted(len(lineage.passed_on), "task"))),
        (
            "earlier runs",
            Cell(f"{len(lineage.earlier_runs):,} of the {counted(lineage.looked_through, 'earlier run')}"),
        ),
    ]
    if lineage.origin:
        facts.append(("taken over from", limits.code(lineage.origin)))
    tables = []
    if lineage.passed_on:
        rows = tuple(
            (limits.code(task.path_components[2]), limits.object(task.id, task.pathspec), time(task._record.created_ms))
            for task in lineage.passed_on[: limits.rows]
        )
        columns = ("step", "task", zoned("queued"))
        tables.append(Table("Passed on to", columns, rows, left_out(len(rows), len(lineage.passed_on))))
    if lineage.earlier_runs:
        rows = tuple(
            (limits.object(run.id, run.pathspec), time(run._record.created_ms), limits.text(run.user))
            for run in lineage.earlier_runs[: limits.rows]
        )
        columns = ("run", zoned("started"), "user")
        tables.append(
            Table("Earlier runs with the same bytes", columns, rows, left_out(len(rows), len(lineage.earlier_runs)))
        )
    return View("Lineage", limits.text(artifact.pathspec).text, facts=tuple(facts), parts=tuple(tables))
