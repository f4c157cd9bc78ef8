"""What is selected in an explorer: an object, what it belongs to, and the line of code that gives it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from mfwidgets.client.artifact import DataArtifact
from mfwidgets.client.flow import Flow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.errors import MetaflowException
from mfwidgets.queries.context import ClientContext, current_context
from mfwidgets.queries.snapshot_provider import remembering_context


@dataclass(frozen=True, slots=True)
class Selection:
    """An object of a flow, and those above it; None below.

    Attributes
    ----------
    target
        The object itself; None for nothing.
    """

    target: Any = None
    flow: Flow | None = None
    run: Run | None = None
    step: Step | None = None
    task: Task | None = None
    artifact: DataArtifact | None = None

    @classmethod
    def of(cls, target: Any) -> "Selection":
        """Return the selection of an object; those above it are asked for, each once.

        Its objects answer from what was asked: :meth:`in_context` returns objects that ask again.
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
        """The pathspec of what is selected; empty for nothing."""
        return str(self.target.pathspec) if self.target is not None else ""


_KINDS = {Flow: "flow", Run: "run", Step: "step", Task: "task", DataArtifact: "artifact"}


def _in_context(target: Any, context: ClientContext) -> Any:
    return type(target)._of(context, target._record, target._attempt) if type(target) in _KINDS else target


def code_snippet(pane: str, selection: Selection, ticked: Sequence[Run] = ()) -> str:
    """Return the line for a pane; empty if nothing is selected.

    It is short where the current metadata and namespace are those of the explorer, else it names them.
    """
    if pane == "Compare" and len(ticked) > 1:
        return f"mfwidgets.compare({', '.join(_object(run) for run in ticked)})"
    if selection.target is None:
        return ""
    whose, form = _form(pane, selection)
    return form.format(_object(whose))


def _form(pane: str, selection: Selection) -> tuple[Any, str]:
    """Return what the line begins with, and how it goes on."""
    forms: dict[str, Sequence[tuple[Any, str]]] = {
        "DAG": [(selection.run, "{}.dag()")],
        "Timeline": [(selection.run, "{}.timeline()")],
        "Tasks": [(selection.step, "{}.grid()"), (selection.run, "{}.tasks()")],
        "Artifacts": [(selection.artifact, "{}"), (selection.task, "{}.artifacts"), (selection.run, "{}.artifacts()")],
        "Code": [(selection.run, "{}.code")],
        "Cards": [(selection.task, "mfwidgets.get_cards({})")],
        "Logs": [(selection.task, '{}.logs("both")')],
    }
    return next(((whose, form) for whose, form in forms.get(pane, ()) if whose is not None), (selection.target, "{}"))


def _object(target: Any) -> str:
    if _is_current(target):
        return f"{type(target).__name__}({target.pathspec!r})"
    context = target._context
    return f"Metaflow({context.provider.address!r}, {context.namespace!r}).get({target.pathspec!r})"


def _is_current(target: Any) -> bool:
    """Tell whether the current metadata and namespace are those that an object was found in."""
    try:
        here, there = current_context(), target._context
        same = (there.provider.address, there.namespace) == (here.provider.address, here.namespace)
    except MetaflowException:  # there is no current one, or no default namespace
        return False
    return same
