"""The displays of parts of a run: its graph and its timeline."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mfwidgets.client.answers.run_parts import RunGraph, RunTimeline
from mfwidgets.client.run import Run
from mfwidgets.errors import MetaflowException
from mfwidgets.providers.records import TaskKey
from mfwidgets.queries.lineage.foreach_items import is_cut, whole_items, whole_texts
from mfwidgets.queries.lineage.graph import steps_of
from mfwidgets.queries.lineage.task_graph import critical_tasks
from mfwidgets.queries.rows import RunRow, TaskRow, run_row, task_rows
from mfwidgets.queries.run_snapshot import RunSnapshot, load_run_snapshot
from mfwidgets.queries.usual_durations import usual_durations
from mfwidgets.render.view import Part, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.earlier_runs import EarlierRuns
from mfwidgets.views.in_time import in_time
from mfwidgets.views.item_labels import item_labels
from mfwidgets.views.objects import object_name
from mfwidgets.views.run_charts import step_graph
from mfwidgets.views.step_map import cloned_tasks, facts_of_run, step_map
from mfwidgets.views.tables import outline_notes, steps_table
from mfwidgets.views.task_bars import TaskMarks
from mfwidgets.views.timeline_tasks import notable_tasks, tasks_in_time

MAX_CRITICAL_PATH_TASKS = 2_000
"""The critical path of a larger run takes too long for a display."""

_MAX_LABELLED = 600
"""The items of a larger run are read only for the tasks in its table."""


def task_marks(
    snapshot: RunSnapshot,
    nodes: Mapping[str, object],
    tasks: Sequence[TaskRow],
    notes: list[str],
) -> TaskMarks:
    """Return the critical path and the clones of a run, and the whole items that metadata has cut."""
    return TaskMarks(_critical(snapshot, nodes, tasks), cloned_tasks(snapshot), whole=_whole(snapshot, tasks, notes))


def _whole(snapshot: RunSnapshot, tasks: Sequence[TaskRow], notes: list[str]) -> Mapping[TaskKey, str]:
    """Return whole items, of a large run only those of tasks that did not complete. Reads nothing if none is cut."""
    named = [row for row in tasks if len(tasks) <= _MAX_LABELLED or row.status != "completed"][:_MAX_LABELLED]
    if not any(map(is_cut, named)):
        return {}
    return in_time(lambda: whole_texts(snapshot.context, named), notes) or {}


def _critical(snapshot: RunSnapshot, nodes: Mapping[str, object], tasks: Sequence[TaskRow]) -> set[TaskKey]:
    """Return the critical path. Empty if it would take too long, or is unknown."""
    if len(snapshot.tasks) > MAX_CRITICAL_PATH_TASKS or snapshot.counted or not nodes:
        return set()
    try:
        return {task.key for task in critical_tasks(snapshot, [task.state for task in tasks])}
    except MetaflowException:
        return set()


@build_view.register
def build_graph_view(shown: RunGraph, limits: Limits) -> View:
    """Show the graph and the table of the steps."""
    snapshot = load_run_snapshot(shown.run._context, shown.run._record, outline=True)
    tasks, nodes = task_rows(snapshot), steps_of(snapshot.context, snapshot.record)
    row = run_row(snapshot)
    graph = step_graph(nodes, tasks, limits, is_running=row.status == "running")
    parts = (*graph, *((steps_table(tasks, list(nodes), limits, nodes),) if tasks else ()))
    return _part_of(shown.run, "Graph", row, parts, limits)


@build_view.register
def build_timeline_view(shown: RunTimeline, limits: Limits) -> View:
    """Show the tasks of each step on one axis of time, and a table of those that matter most.

    Compares the steps with the last ten runs that completed. Their timings cost four bulk requests and one small read
    each, once. Reads the lists of foreaches, as :func:`whole_items` does.
    """
    snapshot = load_run_snapshot(shown.run._context, shown.run._record, outline=True)
    context, notes = snapshot.context, list(outline_notes(snapshot))
    tasks, nodes, row = task_rows(snapshot), steps_of(context, snapshot.record), run_row(snapshot)
    marks = task_marks(snapshot, nodes, tasks, notes)
    notable = notable_tasks(tasks, marks.critical, limits.rows)
    named = tasks if len(tasks) <= _MAX_LABELLED else notable
    items = (in_time(lambda: whole_items(context, named), notes) if named else None) or []
    labels = {
        task.record.key: limits.text(label).text
        for task, label in zip(named, item_labels(items), strict=False)
        if label
    }
    marks = replace(marks, labels=labels)
    earlier = EarlierRuns(context, snapshot.record)
    usual = (in_time(lambda: usual_durations(context, earlier.records(), read=True), notes) if tasks else None) or {}
    parts: tuple[Part, ...] = ()
    if tasks:
        facts = facts_of_run(row, tasks, nodes, marks, usual)
        parts = step_map(facts, limits, "Timeline", detailed=True)
        parts += tasks_in_time(notable, len(tasks), facts, limits)
    return _part_of(shown.run, "Timeline", row, parts, limits, notes)


def _part_of(
    run: Run, kind: str, row: RunRow, parts: tuple[Part, ...], limits: Limits, notes: Sequence[str] = ()
) -> View:
    return View(
        kind=kind,
        name=object_name(run, limits),
        status=limits.status(row.status),
        reason=limits.text(row.status.reason).text,
        notes=tuple(limits.text(note).text for note in notes) if parts else ("No task has started yet.",),
        parts=parts,
    )
