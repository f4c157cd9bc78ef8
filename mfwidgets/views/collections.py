"""What collections of runs, steps and tasks show."""

from mfwidgets.client.graph import step_order
from mfwidgets.client.runs import Runs
from mfwidgets.client.step import Steps
from mfwidgets.client.tasks import Artifacts, Tasks
from mfwidgets.render.view import Table, View
from mfwidgets.views.cells import Limits
from mfwidgets.views.describe import describe
from mfwidgets.views.empty import why_no_runs
from mfwidgets.views.failures import errors_of
from mfwidgets.views.scope import scope_facts
from mfwidgets.views.tables import artifacts_part, left_out, most_telling, runs_table, steps_table, tasks_table


def runs_part(runs: Runs, limits: Limits) -> tuple[tuple[Table, ...], tuple[str, ...]]:
    """Return the table of the newest runs, or the notes that explain why there are none."""
    rows = runs.rows(limits.rows + 1)
    if not rows:
        return (), why_no_runs(runs, limits)
    shown = rows[: limits.rows]
    if len(rows) <= limits.rows:
        note = ""
    else:
        total = runs.cheap_count()
        note = f"the newest {len(shown)}" if total is None else left_out(len(shown), total)
    return (runs_table(shown, limits, note),), ()


@describe.register
def describe_runs(runs: Runs, limits: Limits) -> View:
    """Show the newest runs."""
    tables, notes = runs_part(runs, limits)
    return View(*_titled(runs.title, limits), facts=scope_facts(runs.scope, limits), parts=tables, notes=notes)


@describe.register
def describe_steps(steps: Steps, limits: Limits) -> View:
    """Show the steps with their statuses."""
    rows = Tasks(steps.scope, steps.run, None).rows()
    notes = () if rows else ("No task has begun yet.",)
    return View(
        *_titled(steps.title, limits),
        notes=notes,
        parts=(steps_table(rows, step_order(steps.scope, steps.run), limits),) if rows else (),
    )


@describe.register
def describe_artifacts(artifacts: Artifacts, limits: Limits) -> View:
    """Show the artifacts; no value is read."""
    tables = artifacts_part(artifacts.rows(), limits)
    notes = () if tables else ("There are none.",)
    return View(*_titled(artifacts.title, limits), notes=notes, parts=tables)


@describe.register
def describe_tasks(tasks: Tasks, limits: Limits) -> View:
    """Show the tasks, oldest first."""
    rows = tasks.rows()
    shown, note = most_telling(rows, limits.rows)
    table = tasks_table(shown, limits, note, errors=errors_of(tasks.scope, shown))
    notes = () if rows else ("There are none.",)
    return View(*_titled(tasks.title, limits), notes=notes, parts=(table,) if rows else ())


def _titled(title: str, limits: Limits) -> tuple[str, str]:
    """Return what ``runs of HelloFlow`` are and whose."""
    what, _, whose = title.partition(" of ")
    return f"{limits.text(what.capitalize()).text} of", limits.text(whose).text
