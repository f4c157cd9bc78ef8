"""The display of a step: its status and times, its tasks at a glance, and a table of their items and results."""

from collections.abc import Sequence

from mfwidgets.client.answers.grid import Grid, GridCell
from mfwidgets.client.step import Step
from mfwidgets.queries.rows import TaskRow, task_errors, task_rows
from mfwidgets.queries.run_snapshot import RunSnapshot
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.queries.step_timings import planned_of, step_timing
from mfwidgets.queries.values.results import number_of
from mfwidgets.queries.values.value_columns import ARTIFACT_PREFIX
from mfwidgets.render.cell import EMPTY
from mfwidgets.render.view import Part, Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, duration, time, zoned
from mfwidgets.views.grid import colours_of
from mfwidgets.views.objects import Facts, object_name, present, run_facts
from mfwidgets.views.sweep import Sweep, load_sweep
from mfwidgets.views.sweep_table import shown_places, sweep_facts, sweep_tables
from mfwidgets.views.tables import outline_notes, prioritize_tasks, status_counts, tasks_table
from mfwidgets.views.tiles import tile_grid


@build_view.register
def build_step_view(step: Step, limits: Limits) -> View:
    """Show the times of a step, and its tasks: those that failed, then the best."""
    snapshot = step.tasks()._snapshot(remembering_context(step._context), outline=True)
    rows = task_rows(snapshot)
    timing = step_timing(step._record.run, step.id, rows)
    status = timing.status
    more, table, notes, sweep = tasks_part(snapshot, rows, limits)
    tiles = _tiles(step, rows, sweep, limits) if sweep else ()
    counts = status_counts(timing.task_count, timing.task_statuses, timing.planned_tasks)
    facts = [
        ("tasks", counts if timing.planned_tasks > 1 else EMPTY),
        *more,
        (zoned("created"), time(step._record.created_ms)),
        (zoned("started"), time(timing.started_ms)),
        (zoned("finished"), time(timing.finished_ms)),
        ("duration", duration(timing.duration_ms)),
        ("elapsed", duration(timing.elapsed_ms)),
        ("earlier attempts", duration(timing.earlier_attempts_ms)),
    ]
    return View(
        kind="Step",
        name=object_name(step, limits),
        status=limits.status(status),
        reason=limits.text(status.reason).text if status else "",
        facts=(*present(facts), *run_facts(step._record.run, limits)),
        notes=(*outline_notes(snapshot), *notes) if rows else ("No task has started yet.",),
        parts=(*tiles, *table),
    )


def tasks_part(
    snapshot: RunSnapshot, rows: Sequence[TaskRow], limits: Limits
) -> tuple[Facts, tuple[Part, ...], tuple[str, ...], Sweep | None]:
    """Return facts, the table and notes of the tasks of a step, and its sweep if they are in a foreach.

    An outline of a very large step has no sweep: its values would be thousands of requests.
    """
    context = snapshot.context
    if snapshot.counted or not any(row.item.path for row in rows):
        shown, note = prioritize_tasks(rows, limits.rows)
        table = (tasks_table(shown, limits, note, errors=task_errors(context, shown)),) if rows else ()
        return (), table, (), None
    sweep = load_sweep(context, rows, limits.rows)
    errors = task_errors(context, [sweep.rows[place] for place in shown_places(sweep, limits.rows)])
    parts: tuple[Table, ...] = sweep_tables(sweep, len(rows), limits, errors)
    return tuple(sweep_facts(sweep, limits)), parts, tuple(limits.text(note).text for note in sweep.notes), sweep


def _tiles(step: Step, rows: list[TaskRow], sweep: Sweep, limits: Limits) -> tuple[Part, ...]:
    """Show a tile for each task, coloured by its main result, or by its status. None for a few completed tasks alone."""
    if planned_of(rows) <= 1:
        return ()
    lines = Grid(step, rows=rows).lines
    by = "status"
    if sweep.best_by and sweep.has_all:
        by = sweep.best_by.removeprefix(ARTIFACT_PREFIX)
        column = sweep.columns[sweep.best_by]
        values = {row.record.key: number_of(value) for row, value in zip(sweep.rows, column, strict=True)}
        lines = {
            name: [GridCell(cell.row, values.get(cell.row.record.key)) for cell in line] for name, line in lines.items()
        }
    cells = [cell for line in lines.values() for cell in line]
    labels = {row.record.key: limits.text(text).text for row, text in zip(sweep.rows, sweep.labels, strict=True)}
    return tile_grid(lines, planned_of(rows), colours_of(by, cells), labels, limits, with_numbers=False)
