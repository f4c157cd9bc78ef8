"""Displays of artifacts: values in short form, previews and lineage."""

from collections.abc import Callable, Sequence
from typing import Any

from mfwidgets.client.answers.artifact_lineage import Lineage
from mfwidgets.client.answers.comparison import MISSING
from mfwidgets.pickles.described import is_array
from mfwidgets.pickles.value_text import value_text
from mfwidgets.providers.records import ArtifactRecord
from mfwidgets.queries.artifact_rows import ArtifactRow
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.values.preview import Preview, small_previews
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.render.sanitize import log_line
from mfwidgets.render.view import Cell, Image, Part, Preformatted, Table, View, plain_line
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, counted, time, zoned
from mfwidgets.views.tables import shown_of_total

_MAX_LINE_WIDTH = 100
"""Characters per line of a numpy array."""


def value(shown: Any, limits: Limits) -> Cell:
    """Show a plain value, shortened. A missing or unread value is dimmed."""
    if shown is MISSING:
        return Cell("—", "dim")
    if isinstance(shown, NotRead):
        words = limits.code(repr(shown.described)).text if shown.described else "not read"
        return Cell(words, "dim", limits.text(shown.reason).text)
    return limits.code(value_text(shown))


def preview_parts(shown: Preview, limits: Limits) -> tuple[Part, ...]:
    """Show a preview of an artifact."""
    parts: list[Part] = []
    if shown.head:
        columns = (
            "",
            *(limits.text(name if isinstance(name, str) else value_text(name)).text for name in shown.head.columns),
        )
        rows = tuple(
            (value(label, limits), *(value(item, limits) for item in row))
            for label, row in zip(shown.head.index, shown.head.rows, strict=True)
        )
        left_out = shown.head.shape[0] > len(rows) or shown.head.shape[1] > len(shown.head.columns)
        parts.append(Table("Preview", columns, rows, shown.summary if left_out else ""))
    elif shown.picture:
        parts.append(Image("Preview", shown.picture, shown.summary))
    elif shown.has_value:
        parts.append(Preformatted("Preview", tuple(map(plain_line, _lines(shown.value, limits))), shown.summary))
    elif shown.line:
        parts.append(
            Preformatted("Recorded", tuple(map(plain_line, [log_line(shown.line, 5 * limits.chars)])), shown.summary)
        )
    if shown.fields:
        fields = list(shown.fields.items())
        rows = tuple((limits.code(name), value(item, limits)) for name, item in fields[: limits.rows])
        parts.append(Table("Recorded fields", ("field", "value"), rows, shown_of_total(len(rows), len(fields))))
    if shown.imports and not shown.head:
        names = tuple((limits.code(name),) for name in shown.imports[: limits.rows])
        parts.append(Table("Unpickling would import", ("class or function",), names))
    return tuple(parts)


def preview_lines(
    context: ClientContext, find: Callable[[set[str]], list[ArtifactRecord]], limits: Limits
) -> Callable[[Sequence[ArtifactRow]], dict[str, Cell]]:
    """Return a function that previews the small artifacts of a task, each in one line."""

    def preview_by_name(rows: Sequence[ArtifactRow]) -> dict[str, Cell]:
        previews = small_previews(context, find, {row.name: row.size for row in rows})
        return {name: preview_line(preview, limits) for name, preview in previews.items()}

    return preview_by_name


def preview_line(shown: Preview, limits: Limits) -> Cell:
    """Show a preview of an artifact in one line."""
    if shown.line:
        return limits.text(shown.line)
    if shown.has_value and not is_array(shown.value) and not isinstance(shown.value, bytes):
        return value(shown.value, limits)
    return Cell(limits.text(shown.summary).text, "dim")


def _lines(shown: Any, limits: Limits) -> list[str]:
    """Return the first lines of a str, or of the repr of another value."""
    if isinstance(shown, str):
        return [log_line(line, 5 * limits.chars) for line in shown[: 50 * limits.chars].splitlines()[: limits.rows]]
    if is_array(shown) and not shown.dtype.hasobject:
        import numpy as np

        text = np.array2string(shown, threshold=50, edgeitems=3, max_line_width=_MAX_LINE_WIDTH)
    else:
        text = value_text(shown)
    return [log_line(line, 5 * limits.chars) for line in text.splitlines()[: limits.rows]]


@build_view.register
def build_lineage_view(lineage: Lineage, limits: Limits) -> View:
    """Show the task that created the bytes, the tasks that passed them on, and earlier runs with the same bytes."""
    artifact, producer = lineage.artifact, lineage.producer
    facts = [
        ("sha", Cell(limits.code(artifact.sha[:10]).text, "code", limits.text(artifact.sha).text)),
        ("created by", limits.code(producer.pathspec)),
        ("passed on to", Cell(counted(len(lineage.holders), "task"))),
        (
            "earlier runs",
            Cell(f"{len(lineage.earlier_runs):,} of the {counted(lineage.runs_searched, 'earlier run')}"),
        ),
    ]
    if lineage.origin:
        facts.append(("cloned from", limits.code(lineage.origin)))
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
