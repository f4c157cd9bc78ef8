"""The views in the panes of an explorer. They are the views of objects in cells, with more rows."""

from collections.abc import Callable, Sequence

from mfwidgets.client.answers.comparison import compare
from mfwidgets.client.code import NO_CODE
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.queries.relevant_task import relevant_task
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.render.view import View
from mfwidgets.views import show as _show  # noqa: F401 - importing it registers the views
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
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
        return build_view(step, LIMITS)
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
        return nothing(NO_CODE)
    return build_view(package, LIMITS)


def log_text(selected: Selection) -> Task | None:
    """Return the task for the log: the selected task, or the task that matters most in the step or run."""
    holder = selected.step or selected.run
    if selected.task or holder is None:
        return selected.task
    relevant = relevant_task(holder.tasks()._rows())
    return Task._of(holder._context, relevant.row.record) if relevant else None


def compared(runs: Sequence[Run]) -> View:
    """Show the differences between the ticked runs."""
    if len(runs) < 2:  # noqa: PLR2004 - a comparison needs two
        return nothing("Select two or more runs in the table to compare them.")
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
