"""The display of a run: its status and reason, parameters, graph, timeline and steps."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from mfwidgets.client.answers.run_parts import RunGraph, RunTimeline
from mfwidgets.client.answers.why import explain_failure
from mfwidgets.client.run import Run
from mfwidgets.client.task import Task
from mfwidgets.datastore.logs import STREAMS
from mfwidgets.errors import MetaflowException
from mfwidgets.providers.records import TaskKey
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import steps_of
from mfwidgets.queries.lineage.task_graph import critical_tasks
from mfwidgets.queries.rows import RunRow, TaskRow, run_row, task_errors, task_rows
from mfwidgets.queries.run_snapshot import RunSnapshot, load_run_snapshot
from mfwidgets.queries.status.rules import Status
from mfwidgets.queries.values.value_columns import parameter_columns
from mfwidgets.redaction import redact_url
from mfwidgets.render.view import Cell, Part, Preformatted, Table, View
from mfwidgets.views.artifacts import value
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, duration, time, zoned
from mfwidgets.views.log import log_block
from mfwidgets.views.objects import object_name, present, run_facts
from mfwidgets.views.run_charts import step_graph, timeline_table
from mfwidgets.views.tables import shown_of_total, steps_table, tasks_table
from mfwidgets.views.triggers import trigger_data
from mfwidgets.views.why import exception_facts, failure_blocks

MAX_CRITICAL_PATH_TASKS = 2_000
"""The critical path of a larger run takes too long for a display."""


@build_view.register
def build_run_view(run: Run, limits: Limits) -> View:
    """Show the status, times, tags, failures, parameters, graph, timeline and steps of a run."""
    snapshot = load_run_snapshot(run._context, run._record)
    context, record = snapshot.context, snapshot.record
    row, tasks, nodes = run_row(snapshot), task_rows(snapshot), steps_of(context, record)
    parts: list[Part] = [*_failures(context, tasks, limits)]
    why = explain_failure(run, snapshot) if row.status == "failed" else None
    parts += failure_blocks(why, limits) if why else ()
    parts += _parameters(snapshot, limits)
    if tasks:
        parts += step_graph(nodes, tasks, limits)
        parts += timeline_table(tasks, list(nodes), _critical(snapshot, nodes), limits)
        parts.append(steps_table(tasks, list(nodes), limits, nodes))
    facts: list[tuple[str, Cell]] = [
        (zoned("started"), time(row.started_ms)),
        (zoned("finished"), time(row.finished_ms)),
        (zoned("stopped"), time(None if row.finished_ms else row.last_activity_ms)),
        ("duration", duration(row.duration_ms)),
        ("elapsed", duration(row.elapsed_ms)),
    ]
    if row.origin_run_id:
        facts.append(("resumed from", limits.code(f"{record.flow}/{row.origin_run_id}")))
    facts += _trigger_facts(snapshot, row, limits)
    facts += exception_facts(why.exception if why else None, limits)
    notes = [] if tasks else ["No task has started yet."]
    notes += ["run.why() compares this run with the last good run."] if why else []
    return View(
        kind="Run",
        name=object_name(run, limits),
        status=limits.status(row.status),
        reason=limits.text(row.status.reason).text,
        facts=(*present(facts), *run_facts(record, limits), *_ui(run)),
        notes=tuple(notes),
        parts=tuple(parts),
    )


def _failures(context: ClientContext, tasks: Sequence[TaskRow], limits: Limits) -> Iterator[Table]:
    """Show the tasks that failed, and those whose failure ``@catch`` handled, with their exceptions."""
    for heading, statuses in (
        ("Tasks that failed", ("failed", "killed")),
        ("Tasks whose failure @catch handled", ("caught",)),
    ):
        rows = [task for task in tasks if task.status in statuses]
        shown = rows[: limits.rows // 4]
        if rows:
            total = shown_of_total(len(shown), len(rows))
            yield tasks_table(shown, limits, total, heading, task_errors(context, rows))


def _trigger_facts(snapshot: RunSnapshot, row: RunRow, limits: Limits) -> list[tuple[str, Cell]]:
    """Show what triggered a run, and the runs that it triggered."""
    facts = trigger_data(snapshot, row)
    return [
        ("triggered by", limits.pathspecs(facts["triggered_by"])),
        ("triggers", limits.pathspecs(facts["triggers"] or ())),
    ]


@build_view.register
def build_graph_view(shown: RunGraph, limits: Limits) -> View:
    """Show the graph and the table of the steps."""
    snapshot = load_run_snapshot(shown.run._context, shown.run._record)
    tasks, nodes = task_rows(snapshot), steps_of(snapshot.context, snapshot.record)
    parts = (*step_graph(nodes, tasks, limits), *((steps_table(tasks, list(nodes), limits, nodes),) if tasks else ()))
    return _part_of(shown.run, "Graph", run_row(snapshot), parts, limits)


class WatchedRun(NamedTuple):
    """A watched run as it is now.

    Attributes
    ----------
    view
        Its graph, its steps, and the last log lines of its newest running task.
    status
        The status of the run, with the reason.
    facts
        What can change except by time alone: the ages in the view are left out.
    """

    view: View
    status: Status
    facts: Hashable


def watched_run(run: Run, limits: Limits) -> WatchedRun:
    """Return a watched run as it is now."""
    snapshot = load_run_snapshot(run._context, run._record)
    tasks, nodes = task_rows(snapshot), steps_of(snapshot.context, snapshot.record)
    steps = (steps_table(tasks, list(nodes), limits, nodes),) if tasks else ()
    row, log = run_row(snapshot), _log_of_newest(snapshot.context, tasks, limits)
    view = _part_of(run, "Run", row, (*step_graph(nodes, tasks, limits), *steps, *log), limits)
    states = tuple((task.record.key, str(task.status), task.state.attempts) for task in tasks)
    return WatchedRun(view, row.status, (str(row.status), states, tuple(block.lines for block in log)))


def _log_of_newest(context: ClientContext, tasks: Sequence[TaskRow], limits: Limits) -> tuple[Preformatted, ...]:
    running = [row for row in tasks if row.status == "running"]
    if not running:
        return ()
    newest = max(running, key=lambda row: row.started_ms or row.record.created_ms)
    task = Task._of(context, newest.record)
    for stream in STREAMS:
        lines = task.logs(stream).last(limits.rows // 2)
        if lines:
            return (log_block(f"{limits.text(task.pathspec).text}, {stream}", lines, limits),)
    return ()


@build_view.register
def build_timeline_view(shown: RunTimeline, limits: Limits) -> View:
    """Show only the timeline."""
    snapshot = load_run_snapshot(shown.run._context, shown.run._record)
    tasks, nodes = task_rows(snapshot), steps_of(snapshot.context, snapshot.record)
    parts = timeline_table(tasks, list(nodes), _critical(snapshot, nodes), limits)
    return _part_of(shown.run, "Timeline", run_row(snapshot), parts, limits)


def _part_of(run: Run, kind: str, row: RunRow, parts: tuple[Part, ...], limits: Limits) -> View:
    return View(
        kind=kind,
        name=object_name(run, limits),
        status=limits.status(row.status),
        reason=limits.text(row.status.reason).text,
        notes=() if parts else ("No task has started yet.",),
        parts=parts,
    )


def _ui(run: Run) -> tuple[tuple[str, Cell], ...]:
    """Link to the run's page in Metaflow's UI, if ``METAFLOW_UI_URL`` is set."""
    url = redact_url(run._context.configuration.get("UI_URL") or "")
    if not url.startswith(("https://", "http://")):
        return ()
    href = f"{url.rstrip('/')}/{'/'.join(quote(part, safe='') for part in run._record.path)}"
    return (("Metaflow UI", Cell(href, "link", value=href)),)


def _parameters(snapshot: RunSnapshot, limits: Limits) -> tuple[Table, ...]:
    """Show parameters and configs. Only small plain values are read."""
    columns = parameter_columns(snapshot.context, [snapshot.record])
    if not columns:
        return ()
    shown = list(columns.items())[: limits.rows]
    rows = tuple((limits.code(name.removeprefix("param.")), value(column[0], limits)) for name, column in shown)
    return (Table("Parameters", ("parameter", "value"), rows, shown_of_total(len(rows), len(columns))),)


def _critical(snapshot: RunSnapshot, nodes: Mapping[str, object]) -> set[TaskKey]:
    """Return the critical path. Empty if it would take too long, or is unknown."""
    if len(snapshot.tasks) > MAX_CRITICAL_PATH_TASKS or not nodes:
        return set()
    try:
        return {task.key for task in critical_tasks(snapshot)}
    except MetaflowException:
        return set()
