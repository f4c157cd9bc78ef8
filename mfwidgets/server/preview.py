"""The facts that the sidebar shows of an object when the pointer rests on it, and why it failed."""

from collections.abc import Sequence
from typing import Any

from mfwidgets.client.artifact import DataArtifact
from mfwidgets.client.collections.runs import Runs
from mfwidgets.client.flow import Flow
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.queries.artifact_rows import artifact_rows
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.failures import first_failed
from mfwidgets.queries.rows import TaskRow, run_row, task_errors, task_rows
from mfwidgets.queries.run_snapshot import load_run_snapshot
from mfwidgets.queries.status.rules import Status
from mfwidgets.queries.step_timings import step_timing
from mfwidgets.queries.values.main_result import main_result
from mfwidgets.queries.values.preview import small_previews
from mfwidgets.queries.values.results import result_columns
from mfwidgets.queries.values.value_columns import ARTIFACT_PREFIX
from mfwidgets.render.sanitize import single_line
from mfwidgets.times import age_text, duration_text, now_ms, time_text, zone_text
from mfwidgets.views.artifacts import preview_line, value
from mfwidgets.views.cells import Limits, items_text, size_text

_LIMITS = Limits(chars=200)

_MAX_RESULTS = 4
"""Results of a run that are shown, the main one first."""

Facts = list[list[str]]
"""Labels and texts."""


def preview(context: ClientContext, pathspec: str) -> dict[str, Any]:
    """Return a few facts about an object. Nothing is unpickled.

    A run costs what its display costs without its parameters: its tasks, the results of one that completed, and the
    exception of one that failed. An artifact costs its record and at most 50 kB.

    Parameters
    ----------
    context
        The provider and the namespace.
    pathspec
        A flow, run, step, task or artifact. A flow has the facts of its newest run.

    Returns
    -------
    dict
        ``pathspec``, ``status`` (null without one), ``reason``, and ``facts``: labels and texts.

    Raises
    ------
    MetaflowException
        The object does not exist or cannot be read.
    """
    shown = Metaflow._in_context(context).get(pathspec)
    status: Status | None = None
    facts: Facts = []
    if isinstance(shown, Flow):
        newest = next(iter(Runs(context, shown.id, limit=1)), None)
        if newest is not None:
            status, facts = _run(newest)
            facts.insert(0, ["newest run", newest.id])
    elif isinstance(shown, Run):
        status, facts = _run(shown)
    elif isinstance(shown, Step):
        rows = shown.tasks()._rows()
        step = step_timing(shown._record.run, shown.id, rows)
        status = step.status
        facts = [*_times(step.started_ms, step.duration_ms, step.elapsed_ms), *_exception(context, rows)]
        facts.insert(0, ["tasks", f"{step.task_count:,} of {step.planned_tasks:,}"])
    elif isinstance(shown, Task):
        row = shown._row()
        status = row.status
        facts = [*_times(row.started_ms, row.duration_ms, row.elapsed_ms), *_exception(context, [row])]
        facts += [["item", items_text(row)]] if row.item.values else []
        facts += [["attempts", str(len(row.attempts))]] if len(row.attempts) > 1 else []
    elif isinstance(shown, DataArtifact):
        facts = _artifact(context, shown)
    return {
        "pathspec": pathspec,
        "status": str(status) if status else None,
        "reason": single_line(status.reason, _LIMITS.chars) if status else "",
        "facts": [[label, single_line(text, _LIMITS.chars)] for label, text in facts if text],
    }


def _run(run: Run) -> tuple[Status, Facts]:
    snapshot = load_run_snapshot(run._context, run._record, outline=True)
    row = run_row(snapshot)
    facts = _times(row.started_ms, row.duration_ms, row.elapsed_ms)
    if row.status == "failed":
        facts += _exception(snapshot.context, task_rows(snapshot))
    if row.status == "completed":
        columns = result_columns(snapshot.context, [snapshot.record])
        main = main_result(columns)
        names = sorted(columns, key=lambda name: name != main)[:_MAX_RESULTS]
        facts += [[name.removeprefix(ARTIFACT_PREFIX), value(columns[name][0], _LIMITS).text] for name in names]
    return row.status, [*facts, ["user", row.record.user]]


def _times(started_ms: int | None, duration_ms: int | None, elapsed_ms: int | None) -> Facts:
    started = f"{time_text(started_ms)} {zone_text()}, {age_text(now_ms() - started_ms)}" if started_ms else ""
    return [
        ["started", started],
        ["duration", "" if duration_ms is None else duration_text(duration_ms)],
        ["elapsed", "" if elapsed_ms is None else duration_text(elapsed_ms)],
    ]


def _exception(context: ClientContext, rows: Sequence[TaskRow]) -> Facts:
    """Return the last line of the exception of the task that failed first."""
    failed = first_failed(row for row in rows if row.status in ("failed", "killed", "caught"))
    line = task_errors(context, [failed]).get(failed.pathspec, "") if failed else ""
    return [["exception", line]] if line else []


def _artifact(context: ClientContext, artifact: DataArtifact) -> Facts:
    record = artifact._record
    rows = [row for row in artifact_rows(context, record.path[:4]) if row.name == record.name]
    if not rows:
        return []
    row = rows[0]
    previews = small_previews(context, lambda names: [record] if record.name in names else [], {row.name: row.size})
    holds = preview_line(previews[row.name], _LIMITS).text if row.name in previews else ""
    return [["type", row.type or ""], ["size", "" if row.size is None else size_text(row.size)], ["holds", holds]]
