"""What each pane of an explorer shows of what is chosen: views of the objects, drawn as in a cell."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from mfwidgets.client.answers.comparison import compare
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.queries.rows import relevant_tasks
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.render.view import View
from mfwidgets.views import show as _show  # noqa: F401 - it knows what describes what
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.grid import tile_grid
from mfwidgets.widgets.selection import Selection

LIMITS = Limits(rows=100)
"""An explorer has more room than a cell."""


def nothing(what: str) -> View:
    """Say what a pane would show, and what to do for it."""
    return View("", "", notes=(what,))


def overview(selected: Selection) -> View:
    """Show what is chosen, as a cell does."""
    return build_view(selected.target, LIMITS) if selected.target is not None else nothing("Choose a run to see it.")


def dag(selected: Selection) -> View:
    """Show the graph of the run."""
    return build_view(selected.run.dag(), LIMITS) if selected.run else nothing("Choose a run to see its graph.")


def timeline(selected: Selection) -> View:
    """Show the timeline of the run."""
    return build_view(selected.run.timeline(), LIMITS) if selected.run else nothing("Choose a run to see its timeline.")


def tasks(selected: Selection) -> View:
    """Show the tasks of the step, as tiles and as a table; else all of the run."""
    if selected.step:
        step = Step._of(remembering_context(selected.step._context), selected.step._record)
        view = build_view(step, LIMITS)
        if any(part.part == "tile_grid" for part in view.parts):
            return view
        return replace(view, parts=(*tile_grid(step.grid(), LIMITS), *view.parts))
    return build_view(selected.run.tasks(), LIMITS) if selected.run else nothing("Choose a run to see its tasks.")


def artifacts(selected: Selection) -> View:
    """Show the artifact, else those of the task, else all of the run."""
    if selected.artifact:
        return build_view(selected.artifact, LIMITS)
    if selected.task:
        return build_view(selected.task.artifacts, LIMITS)
    return (
        build_view(selected.run.artifacts(), LIMITS) if selected.run else nothing("Choose a run to see its artifacts.")
    )


def code(selected: Selection) -> View:
    """Show the code of the run, where Metaflow stored it."""
    if selected.run is None:
        return nothing("Choose a run to see its code.")
    found = (selected.task and selected.task.code) or selected.run.code
    if found is None:
        return nothing(
            "No code is stored for this run: Metaflow stores a package for remote steps, and for all with "
            "METAFLOW_FEAT_ALWAYS_UPLOAD_CODE_PACKAGE=1."
        )
    return build_view(found, LIMITS)


def log_text(selected: Selection) -> Task | None:
    """Return the task whose log is looked for: the chosen one; of a step or a run one that runs, that failed, or the only one."""
    holder = selected.step or selected.run
    if selected.task or holder is None:
        return selected.task
    rows = holder.tasks()._rows()
    telling = relevant_tasks(rows)
    return Task._of(holder._context, telling[0].record) if len(telling) == 1 or telling is not rows else None


def compared(runs: Sequence[Run]) -> View:
    """Show what differs between the runs that are ticked."""
    if len(runs) < 2:  # noqa: PLR2004 - there is nothing to compare one with
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
"""In the order of the tabs; cards, logs and comparison, which are no views of one object, stand beside them."""
