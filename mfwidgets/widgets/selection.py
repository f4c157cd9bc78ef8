"""The selection of an explorer: an object, its parents, and the line of code that returns it."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from mfwidgets.client.artifact import DataArtifact
from mfwidgets.client.flow import Flow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.views.object_code import object_code


@fast_dataclass(frozen=True, slots=True)
class Selection:
    """An object and its parents. Levels below the object are None.

    Attributes
    ----------
    target
        The object itself. None if nothing is selected.
    """

    target: Any = None
    flow: Flow | None = None
    run: Run | None = None
    step: Step | None = None
    task: Task | None = None
    artifact: DataArtifact | None = None

    @classmethod
    def of(cls, target: Any) -> "Selection":
        """Return the selection of an object. Each parent is read once.

        The objects of the selection share a cache of records. :meth:`in_context` returns objects without that cache.
        """
        levels: dict[str, Any] = {}
        level = _in_context(target, remembering_context(target._context)) if type(target) in _KINDS else None
        while level is not None:
            levels[_KINDS[type(level)]] = level
            level = None if isinstance(level, Flow) else level.parent
        return cls(target, **levels)

    def in_context(self, context: ClientContext) -> "Selection":
        """Return the same objects in another context."""
        return Selection(**{part.name: _in_context(getattr(self, part.name), context) for part in fields(self)})

    @property
    def pathspec(self) -> str:
        """The pathspec of the selected object. Empty if nothing is selected."""
        return str(self.target.pathspec) if self.target is not None else ""


_KINDS = {Flow: "flow", Run: "run", Step: "step", Task: "task", DataArtifact: "artifact"}


def _in_context(target: Any, context: ClientContext) -> Any:
    return type(target)._of(context, target._record, target._attempt) if type(target) in _KINDS else target


def code_snippet(pane: str, selection: Selection, ticked: Sequence[Run] = ()) -> str:
    """Return the line of code for a pane. Empty if nothing is selected.

    The line names metadata and namespace if they are not the current ones.
    """
    if pane == "Compare" and len(ticked) > 1:
        return f"mfwidgets.compare({', '.join(object_code(run) for run in ticked)})"
    if selection.target is None:
        return ""
    target, form = _form(pane, selection)
    return form.format(object_code(target))


def _form(pane: str, selection: Selection) -> tuple[Any, str]:
    """Return the object of the line, and the format string around it."""
    forms: dict[str, Sequence[tuple[Any, str]]] = {
        "DAG": [(selection.run, "{}.dag()")],
        "Timeline": [(selection.run, "{}.timeline()")],
        "Tasks": [(selection.step, "{}.grid()"), (selection.run, "{}.tasks()")],
        "Artifacts": [(selection.artifact, "{}"), (selection.task, "{}.artifacts"), (selection.run, "{}.artifacts()")],
        "Code": [(selection.run, "{}.code")],
        "Cards": [(selection.task or selection.step or selection.run, "{}.cards()")],
        "Logs": [(selection.task, '{}.logs("both")')],
    }
    return next(
        ((target, form) for target, form in forms.get(pane, ()) if target is not None), (selection.target, "{}")
    )
