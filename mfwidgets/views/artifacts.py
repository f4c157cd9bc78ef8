"""Displays of artifacts: values in short form, previews and lineage."""

from collections.abc import Callable, Sequence
from typing import Any

from mfwidgets.client.answers.artifact_lineage import Lineage
from mfwidgets.client.answers.differences import MISSING
from mfwidgets.pickles.described import is_array
from mfwidgets.pickles.value_text import value_text
from mfwidgets.providers.records import ArtifactRecord
from mfwidgets.queries.artifact_rows import ArtifactRow
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.values.preview import Preview, preview_of, small_previews
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.render.cell import Cell
from mfwidgets.render.numbers import counted
from mfwidgets.render.sanitize import single_line
from mfwidgets.render.view import Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, moment, zoned
from mfwidgets.views.previews import bins_cell, curve_cell
from mfwidgets.views.tables import shown_of_total

_MIN_NUMBERS = 9
"""Fewer numbers have no curve and no histogram in a table."""

_MAX_OBJECT_CHARS = 40
"""An object with longer words is shown as its class. The title has the words."""

_MAX_LINE_CHARS = 100
"""A line in a table is cut, so that it has at most two lines."""


def value(shown: Any, limits: Limits) -> Cell:
    """Show a plain value, shortened. A missing or unread value is dimmed. Arrays and bytes have words and a small picture."""
    if shown is MISSING:
        return Cell("—", "dim")
    if isinstance(shown, NotRead):
        words = limits.code(repr(shown.described)).text if shown.described else "not read"
        name, bracket, _ = words.partition("(")
        if bracket and len(words) > _MAX_OBJECT_CHARS:
            return Cell(f"{name}(…)", "dim", words)
        return Cell(words, "dim", limits.text(shown.reason).text)
    if is_array(shown) or isinstance(shown, bytes):
        return preview_line(preview_of(shown), limits)
    return limits.code(value_text(shown))


def preview_lines(
    context: ClientContext, find: Callable[[set[str]], list[ArtifactRecord]], limits: Limits
) -> Callable[[Sequence[ArtifactRow]], dict[str, Cell]]:
    """Return a function that previews the small artifacts of a task, each in one line."""

    def preview_by_name(rows: Sequence[ArtifactRow]) -> dict[str, Cell]:
        previews = small_previews(context, find, {row.name: row.size for row in rows})
        return {name: preview_line(preview, limits) for name, preview in previews.items()}

    return preview_by_name


def preview_line(shown: Preview, limits: Limits) -> Cell:
    """Show a preview of an artifact in one line, with a small picture of its content."""
    text = single_line(shown.holds, min(limits.chars, _MAX_LINE_CHARS))
    if shown.pictures:
        icon = shown.pictures[0].icon
        return Cell(text, "icon", value=icon) if icon else Cell(text)
    if shown.numbers and shown.numbers.count >= _MIN_NUMBERS and shown.numbers.low != shown.numbers.high:
        return curve_cell(shown.numbers, text) if shown.numbers.points else bins_cell(shown.numbers, text)
    if shown.has_value and not is_array(shown.value) and not isinstance(shown.value, bytes):
        return Cell(text, "code")
    return Cell(text) if shown.line or shown.head or shown.has_value else Cell(text, "dim")


@build_view.register
def build_lineage_view(lineage: Lineage, limits: Limits) -> View:
    """Show the task that created the bytes, the tasks that passed them on, and earlier runs with the same bytes."""
    artifact, producer = lineage.artifact, lineage.producer
    same = f"{len(lineage.earlier_runs):,}" if lineage.earlier_runs else "none"
    made_here = producer.pathspec == artifact.pathspec.rpartition("/")[0]
    facts = [
        ("created by", limits.object("/".join(producer.path_components[2:]), producer.pathspec)),
        ("passed on to", Cell(counted(len(lineage.holders), "task"))),
        (
            "earlier runs",
            Cell(f"in {same} of the {counted(lineage.runs_searched, 'earlier run')}"),
        ),
        ("sha", Cell(limits.code(artifact.sha[:10]).text, "code", limits.text(artifact.sha).text)),
    ]
    if lineage.origin:
        facts.append(("cloned from", limits.code(lineage.origin)))
    shown = [producer, *lineage.holders[: limits.rows]]
    roles = ["made it", *("this task" if task.pathspec in artifact.pathspec else "has it" for task in shown[1:])]
    roles[0] += ", this task" if made_here else ""
    rows = tuple(
        (
            Cell(role, "dim"),
            limits.code(task.path_components[2]),
            limits.object(task.id, task.pathspec),
            moment(task._record.created_ms),
        )
        for role, task in zip(roles, shown, strict=True)
    )
    columns = ("", "step", "task", zoned("queued"))
    note = shown_of_total(len(rows), len(lineage.holders) + 1)
    tables = [Table("Tasks with these bytes", columns, rows, note, left_out=bool(note))]
    if lineage.earlier_runs:
        runs = tuple(
            (limits.object(run.id, run.pathspec), moment(run._record.created_ms), limits.text(run.user))
            for run in lineage.earlier_runs[: limits.rows]
        )
        run_columns = ("run", zoned("started"), "user")
        note = shown_of_total(len(runs), len(lineage.earlier_runs))
        tables.append(Table("Earlier runs with the same bytes", run_columns, runs, note, left_out=bool(note)))
    return View("Lineage", limits.text(artifact.pathspec).text, facts=tuple(facts), parts=tuple(tables))
