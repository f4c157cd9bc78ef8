"""The display of a run: its status and reason, the map of its steps, results, failures and parameters."""

from collections.abc import Iterator, Sequence
from functools import partial
from urllib.parse import quote

from mfwidgets.client.answers.explain_failure import explain_failure
from mfwidgets.client.run import Run
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import steps_of
from mfwidgets.queries.rows import RunRow, TaskRow, run_row, task_errors, task_rows
from mfwidgets.queries.run_snapshot import RunSnapshot, load_run_snapshot
from mfwidgets.queries.usual_durations import usual_durations
from mfwidgets.queries.values.value_columns import parameter_columns
from mfwidgets.redaction import redact_url
from mfwidgets.render.cell import Cell
from mfwidgets.render.view import Part, Table, View
from mfwidgets.views.artifacts import value
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, duration, time, zoned
from mfwidgets.views.earlier_runs import EarlierRuns
from mfwidgets.views.failure import exception_facts, failure_blocks
from mfwidgets.views.in_time import in_time
from mfwidgets.views.item_labels import labels_of_cut_items
from mfwidgets.views.objects import SYSTEM_TAGS, object_name, present, run_facts
from mfwidgets.views.run_parts import task_marks
from mfwidgets.views.run_results import results_parts
from mfwidgets.views.step_map import facts_of_run, step_map
from mfwidgets.views.tables import outline_notes, shown_of_total, tasks_table
from mfwidgets.views.triggers import trigger_data


@build_view.register
def build_run_view(run: Run, limits: Limits) -> View:
    """Show the status and times of a run, the map of its steps, its results, what failed, and its parameters.

    The usual durations of steps are those of earlier runs that are remembered. They cost no request for a run that
    completed, because its results need the list of earlier runs. For a run that runs they cost that list.
    """
    snapshot = load_run_snapshot(run._context, run._record, outline=True)
    context, record = snapshot.context, snapshot.record
    row, tasks, nodes = run_row(snapshot), task_rows(snapshot), steps_of(context, record)
    earlier = EarlierRuns(context, record)
    results = results_parts(snapshot, earlier, limits) if row.status == "completed" else ()
    if row.status == "running" and tasks:
        in_time(earlier.records, [])
    usual = usual_durations(context, earlier.listed, read=False)
    parts: list[Part] = []
    notes = [*outline_notes(snapshot)] if tasks else ["No task has started yet."]
    if tasks:
        parts += step_map(facts_of_run(row, tasks, nodes, task_marks(snapshot, nodes, tasks, notes), usual), limits)
    parts += failed_tasks(context, tasks, limits)
    why = explain_failure(run, snapshot) if row.status == "failed" else None
    parts += failure_blocks(why, limits) if why else ()
    parts += results
    parts += parameters_part(snapshot, limits)
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
    notes += ["run.why() compares this run with the last good run."] if why else []
    described = run_facts(record, limits)
    rest = tuple((Cell(label, "dim"), cell) for label, cell in described if label == SYSTEM_TAGS)
    parts += [Table("Record", ("field", "value"), rest, folded=True)] if rest else []
    return View(
        kind="Run",
        name=object_name(run, limits),
        status=limits.status(row.status),
        reason=limits.text(row.status.reason).text,
        facts=(*present(facts), *(fact for fact in described if fact[0] != SYSTEM_TAGS), *_ui(run)),
        notes=tuple(notes),
        parts=tuple(parts),
    )


def failed_tasks(context: ClientContext, tasks: Sequence[TaskRow], limits: Limits) -> Iterator[Table]:
    """Show the tasks that failed, and those whose failure ``@catch`` handled, with their exceptions."""
    for heading, statuses in (
        ("Tasks that failed", ("failed", "killed")),
        ("Tasks whose failure @catch handled", ("caught",)),
    ):
        rows = [task for task in tasks if task.status in statuses]
        shown = rows[: limits.rows // 4]
        if rows:
            total = shown_of_total(len(shown), len(rows))
            items = in_time(partial(labels_of_cut_items, context, shown), [])
            yield tasks_table(shown, limits, total, heading, task_errors(context, rows), items)


def _trigger_facts(snapshot: RunSnapshot, row: RunRow, limits: Limits) -> list[tuple[str, Cell]]:
    """Show what triggered a run, and the runs that it triggered."""
    facts = trigger_data(snapshot, row)
    return [
        ("triggered by", limits.pathspecs(facts["triggered_by"])),
        ("triggers", limits.pathspecs(facts["triggers"] or ())),
    ]


def _ui(run: Run) -> tuple[tuple[str, Cell], ...]:
    """Link to the run's page in Metaflow's UI, if ``METAFLOW_UI_URL`` is set."""
    url = redact_url(run._context.configuration.get("UI_URL") or "")
    if not url.startswith(("https://", "http://")):
        return ()
    href = f"{url.rstrip('/')}/{'/'.join(quote(part, safe='') for part in run._record.path)}"
    return (("Metaflow UI", Cell(href, "link", value=href)),)


def parameters_part(snapshot: RunSnapshot, limits: Limits) -> tuple[Table, ...]:
    """Show parameters and configs. Only small plain values are read."""
    columns = parameter_columns(snapshot.context, [snapshot.record])
    if not columns:
        return ()
    shown = list(columns.items())[: limits.rows]
    rows = tuple((limits.code(name.removeprefix("param.")), value(column[0], limits)) for name, column in shown)
    note = shown_of_total(len(rows), len(columns))
    return (Table("Parameters", ("parameter", "value"), rows, note, left_out=bool(note)),)
