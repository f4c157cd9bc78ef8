"""Displays of collections of runs, steps, tasks and artifacts."""

from collections.abc import Sequence
from typing import NamedTuple

from mfwidgets.client.collections.run_groups import RunGroups
from mfwidgets.client.collections.runs import Runs
from mfwidgets.client.collections.tasks import Artifacts, Tasks
from mfwidgets.client.step import Steps
from mfwidgets.errors import warnings_as_notes
from mfwidgets.queries.lineage.graph import step_order
from mfwidgets.queries.rows import RunRow, task_errors, task_rows
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.render.view import Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.context import context_facts, no_runs_notes
from mfwidgets.views.flow_facts import trend_facts
from mfwidgets.views.in_time import in_time
from mfwidgets.views.item_labels import labels_of_cut_items
from mfwidgets.views.measures import measure_cells
from mfwidgets.views.objects import Facts
from mfwidgets.views.run_table import load_run_table, overview, runs_table
from mfwidgets.views.step import tasks_part
from mfwidgets.views.tables import (
    artifacts_part,
    outline_notes,
    prioritize_tasks,
    shown_of_total,
    steps_table,
    tasks_table,
)


class RunsPart(NamedTuple):
    """The newest runs of a collection.

    Attributes
    ----------
    rows
        The runs that are shown.
    facts, tables, notes
        Facts about them, their table, and notes. If there are no runs, notes explain that.
    """

    rows: Sequence[RunRow] = ()
    facts: Facts = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


def runs_part(runs: Runs, limits: Limits) -> RunsPart:
    """Read the newest runs, and facts about them."""
    with warnings_as_notes() as warned:
        part = _runs_part(runs, limits)
    return part._replace(notes=(*part.notes, *(limits.text(note).text for note in dict.fromkeys(warned))))


def _runs_part(runs: Runs, limits: Limits) -> RunsPart:
    rows = runs._rows(limits.rows + 1)
    if not rows:
        return RunsPart(notes=no_runs_notes(runs, limits))
    shown = rows[: limits.rows]
    if len(rows) <= limits.rows:
        note = ""
    else:
        total = runs._cheap_count()
        note = f"the newest {len(shown)}" if total is None else shown_of_total(len(shown), total)
    table = load_run_table(runs, shown)
    facts = (*overview(shown, limits), *trend_facts(runs, table, limits))
    return RunsPart(shown, facts, (runs_table(table, limits, note),), table.notes)


@build_view.register
def build_runs_view(runs: Runs, limits: Limits) -> View:
    """Show the newest runs, with the parameters that vary and the results."""
    part = runs_part(runs._in_context(remembering_context(runs._context)), limits)
    facts = (*context_facts(runs._context, limits), *part.facts)
    return View(*_titled(runs._title, limits), facts=facts, parts=part.tables, notes=part.notes)


@build_view.register
def build_groups_view(groups: RunGroups, limits: Limits) -> View:
    """Show the number of runs in each group, and the best value and the median of each result."""
    table = groups.to_dicts()
    shown = table[: limits.rows]
    names = list(shown[0]) if shown else []
    cells = [
        measure_cells([row[name] for row in shown], name, limits, is_result=number > 0)
        for number, name in enumerate(names)
    ]
    part = Table(
        "Groups",
        tuple(limits.text(name).text for name in names),
        tuple(zip(*cells, strict=True)),
        shown_of_total(len(shown), len(table)),
        sticky=True,
        left_out=len(shown) < len(table),
    )
    return View(
        *_titled(repr(groups)[1:-1], limits),
        notes=() if shown else no_runs_notes(groups._runs, limits),
        parts=(part,) if shown else (),
    )


@build_view.register
def build_steps_view(steps: Steps, limits: Limits) -> View:
    """Show the steps."""
    snapshot = Tasks(steps._context, steps._run, None)._snapshot(remembering_context(steps._context), outline=True)
    rows = task_rows(snapshot)
    notes = outline_notes(snapshot) if rows else ("No task has started yet.",)
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
    """Show the tasks of a run, oldest first, or those of a step with their items and results, failures first."""
    snapshot = tasks._snapshot(remembering_context(tasks._context), outline=True)
    rows = task_rows(snapshot)
    notes: tuple[str, ...] = () if rows else ("There are no tasks.",)
    if tasks._step is not None:
        facts, parts, more, _ = tasks_part(snapshot, rows, limits)
        return View(*_titled(tasks._title, limits), facts=facts, notes=(*notes, *more), parts=parts)
    shown, note = prioritize_tasks(rows, limits.rows)
    items = in_time(lambda: labels_of_cut_items(snapshot.context, shown), [])
    table = tasks_table(shown, limits, note, errors=task_errors(snapshot.context, shown), items=items)
    return View(*_titled(tasks._title, limits), notes=notes, parts=(table,) if rows else ())


def _titled(title: str, limits: Limits) -> tuple[str, str]:
    """Split ``runs of HelloFlow`` into ``Runs of`` and ``HelloFlow``."""
    kind, _, owner = title.partition(" of ")
    return f"{limits.text(kind.capitalize()).text} of", limits.text(owner).text
