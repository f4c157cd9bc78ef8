"""Displays of collections of runs, steps, tasks and artifacts."""

from mfwidgets.client.collections.runs import Runs
from mfwidgets.client.collections.tasks import Artifacts, Tasks
from mfwidgets.client.step import Steps
from mfwidgets.queries.lineage.graph import step_order
from mfwidgets.queries.rows import task_errors, task_rows
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.render.view import Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.context import context_facts, no_runs_notes
from mfwidgets.views.tables import (
    artifacts_part,
    prioritize_tasks,
    runs_table,
    shown_of_total,
    steps_table,
    tasks_table,
)


def runs_part(runs: Runs, limits: Limits) -> tuple[tuple[Table, ...], tuple[str, ...]]:
    """Return the table of the newest runs, or notes that explain an empty result."""
    rows = runs._rows(limits.rows + 1)
    if not rows:
        return (), no_runs_notes(runs, limits)
    shown = rows[: limits.rows]
    if len(rows) <= limits.rows:
        note = ""
    else:
        total = runs._cheap_count()
        note = f"the newest {len(shown)}" if total is None else shown_of_total(len(shown), total)
    return (runs_table(shown, limits, note),), ()


@build_view.register
def build_runs_view(runs: Runs, limits: Limits) -> View:
    """Show the newest runs."""
    tables, notes = runs_part(runs._in_context(remembering_context(runs._context)), limits)
    return View(*_titled(runs._title, limits), facts=context_facts(runs._context, limits), parts=tables, notes=notes)


@build_view.register
def build_steps_view(steps: Steps, limits: Limits) -> View:
    """Show the steps."""
    snapshot = Tasks(steps._context, steps._run, None)._snapshot(remembering_context(steps._context))
    rows = task_rows(snapshot)
    notes = () if rows else ("No task has started yet.",)
    return View(
        *_titled(steps._title, limits),
        notes=notes,
        parts=(steps_table(rows, step_order(snapshot.context, steps._run), limits),) if rows else (),
    )


@build_view.register
def build_artifacts_view(artifacts: Artifacts, limits: Limits) -> View:
    """Show the artifacts. Reads no value."""
    tables = artifacts_part(artifacts._rows(), limits)
    notes = () if tables else ("There are no artifacts.",)
    return View(*_titled(artifacts._title, limits), notes=notes, parts=tables)


@build_view.register
def build_tasks_view(tasks: Tasks, limits: Limits) -> View:
    """Show the tasks, oldest first. If not all fit, completed tasks come last."""
    snapshot = tasks._snapshot(remembering_context(tasks._context))
    rows = task_rows(snapshot)
    shown, note = prioritize_tasks(rows, limits.rows)
    table = tasks_table(shown, limits, note, errors=task_errors(snapshot.context, shown))
    notes = () if rows else ("There are no tasks.",)
    return View(*_titled(tasks._title, limits), notes=notes, parts=(table,) if rows else ())


def _titled(title: str, limits: Limits) -> tuple[str, str]:
    """Split ``runs of HelloFlow`` into ``Runs of`` and ``HelloFlow``."""
    kind, _, owner = title.partition(" of ")
    return f"{limits.text(kind.capitalize()).text} of", limits.text(owner).text
