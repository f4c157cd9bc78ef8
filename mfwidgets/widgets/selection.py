"""What is selected in an explorer: an object, what it belongs to, and the line of code that gives it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mfwidgets.client.artifact import DataArtifact
from mfwidgets.client.flow import Flow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.errors import MetaflowException
from mfwidgets.queries.context import current_context


@dataclass(frozen=True, slots=True)
class Selection:
    """An object of a flow, and those above it; None below.

    Attributes
    ----------
    chosen
        The object itself; None for nothing.
    """

    chosen: Any = None
    flow: Flow | None = None
    run: Run | None = None
    step: Step | None = None
    task: Task | None = None
    artifact: DataArtifact | None = None

    @classmethod
    def of(cls, chosen: Any) -> "Selection":
        """Return the selection of an object; those above it are asked for."""
        found: dict[str, Any] = {}
        kinds = {Flow: "flow", Run: "run", Step: "step", Task: "task", DataArtifact: "artifact"}
        one = chosen
        while one is not None and type(one) in kinds:
            found[kinds[type(one)]] = one
            one = None if isinstance(one, Flow) else one.parent
        return cls(chosen, **found)

    @property
    def pathspec(self) -> str:
        """The pathspec of what is chosen; empty for nothing."""
        return str(self.chosen.pathspec) if self.chosen is not None else ""


def code_snippet(pane: str, selection: Selection, ticked: Sequence[Run] = ()) -> str:
    """Return the line for a pane; empty where nothing is chosen.

    It is short where the current metadata and namespace are those of the explorer, else it names them.
    """
    if pane == "Compare" and len(ticked) > 1:
        return f"mfwidgets.compare({', '.join(_object(run) for run in ticked)})"
    if selection.chosen is None:
        return ""
    whose, form = _form(pane, selection)
    return form.format(_object(whose))


def _form(pane: str, chosen: Selection) -> tuple[Any, str]:
    """Return what the line begins with, and how it goes on."""
    forms: dict[str, Sequence[tuple[Any, str]]] = {
        "DAG": [(chosen.run, "{}.dag()")],
        "Timeline": [(chosen.run, "{}.timeline()")],
        "Tasks": [(chosen.step, "{}.grid()"), (chosen.run, "{}.tasks()")],
        "Artifacts": [(chosen.artifact, "{}"), (chosen.task, "{}.artifacts"), (chosen.run, "{}.artifacts()")],
        "Code": [(chosen.run, "{}.code")],
        "Cards": [(chosen.task, "mfwidgets.get_cards({})")],
        "Logs": [(chosen.task, '{}.logs("both")')],
    }
    return next(((whose, form) for whose, form in forms.get(pane, ()) if whose is not None), (chosen.chosen, "{}"))


def _object(found: Any) -> str:
    if _is_current(found):
        return f"{type(found).__name__}({found.pathspec!r})"
    context = found._context
    return f"Metaflow({context.provider.address!r}, {context.namespace!r}).get({found.pathspec!r})"


def _is_current(found: Any) -> bool:
    """Tell whether the current metadata and namespace are those that an object was found in."""
    try:
        here, there = current_context(), found._context
        same = (there.provider.address, there.namespace) == (here.provider.address, here.namespace)
    except MetaflowException:  # there is no current one, or no default namespace
        return False
    return same
