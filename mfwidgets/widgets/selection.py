"""What is chosen in an explorer: an object, and what it belongs to."""

from dataclasses import dataclass
from typing import Any

from mfwidgets.client.artifact import DataArtifact
from mfwidgets.client.flow import Flow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task


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
