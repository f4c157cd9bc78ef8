"""The views in the panes of an explorer. They are the views of objects in cells, with more rows."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from mfwidgets.client.answers.comparison import compare
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.queries.rows import relevant_tasks
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.render.view import View
from mfwidgets.views import show as _show  # noqa: F401 - importing it registers the views
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.grid import tile_grid
from mfwidgets.widgets.selection import Selection

LIMITS = Limits(rows=100)
"""An explorer has more space than a cell."""


def nothing(message: str) -> View:
    """Return a view with only a message."""
    return View("", "", notes=(message,))


def overview(selected: Selection) -> View:
    """Show the selected object."""
    return build_view(selected.target, LIMITS) if selected.target is not None else nothing("Select a run to see it.")


def dag(selected: Selection) -> View:
    """Show the graph of the run."""
    return build_view(selected.run.dag(), LIMITS) if selected.run else nothing("Select a run to see its graph.")


def timeline(selected: Selection) -> View:
    """Show the timeline of the run."""
    return build_view(selected.run.timeline(), LIMITS) if selected.run else nothing("Select a run to see its timeline.")


def tasks(selected: Selection) -> View:
    """Show the tasks of the step as tiles and as a table, or all tasks of the run."""
    if selected.step:
        step = Step._of(remembering_context(selected.step._context), selected.step._record)
        view = build_view(step, LIMITS)
        if any(part.part == "tile_grid" for part in view.parts):
            return view
        return replace(view, parts=(*tile_grid(step.grid(), LIMITS), *view.parts))
    return build_view(selected.run.tasks(), LIMITS) if selected.run else nothing("Select a run to see its tasks.")


def artifacts(selected: Selection) -> View:
    """Show the artifact, the artifacts of the task, or all artifacts of the run."""
    if selected.artifact:
        return build_view(selected.artifact, LIMITS)
    if selected.task:
        return build_view(selected.task.artifacts, LIMITS)
    return (
        build_view(selected.run.artifacts(), LIMITS) if selected.run else nothing("Select a run to see its artifacts.")
    )


def code(selected: Selection) -> View:
    """Show the code package of the task or the run."""
    if selected.run is None:
        return nothing("Select a run to see its code.")
    package = (selected.task and selected.task.code) or selected.run.code
    if package is None:
        return nothing(
            "No code is stored for this run. Metaflow stores a code package for remote steps. "
            "With METAFLOW_FEAT_ALWAYS_UPLOAD_CODE_PACKAGE=1 it stores one for all runs."
        )
    return build_view(package, LIMITS)


def log_text(selected: Selection) -> Task | None:
    """Return the task for the log: the selected task, or a running or failed or the only task of the step or run."""
    holder = selected.step or selected.run
    if selected.task or holder is None:
        return selected.task
    rows = holder.tasks()._rows()
    relevant = relevant_tasks(rows)
    return Task._of(holder._context, relevant[0].record) if len(relevant) == 1 or relevant is not rows else None


def compared(runs: Sequence[Run]) -> View:
    """Show the differences between the ticked runs."""
    if len(runs) < 2:  # noqa: PLR2004 - a comparison needs two
        return nothing("Tick two or more runs on the left to compare them.")
    return build_view(compare(*runs), LIMITS)


PANES: dict[str, Callable[[Selection], View]] = {
    "Overview": overview,
    "DAG": dag,
    "Timeline": timeline,
    "Tasks": tasks,
    "Artifacts": artifacts,
    "Code": code,
}
"""The panes in the order of their tabs. Cards, logs and the comparison are separate: they are not views of one object."""
