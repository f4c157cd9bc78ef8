"""The model of the picture of a graph: boxes of steps, and regions of foreaches around them."""

from typing import ClassVar

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.render.cell import Cell


@fast_dataclass(frozen=True, slots=True)
class GraphStep:
    """A step in a graph.

    Attributes
    ----------
    status
        Its status cell. None if it did not run.
    facts
        Short lines below its status, such as ``12 tasks``.
    idle
        What the box says if it has no status, such as ``not run``.
    is_stack
        Whether it has several tasks. Its box looks like a stack.
    following
        The names of the next steps. For a loop, that includes its own name.
    pathspec
        Its pathspec. Empty if it did not run.
    """

    name: str
    status: Cell | None
    facts: tuple[str, ...]
    following: tuple[str, ...]
    pathspec: str = ""
    idle: str = "not run"
    is_stack: bool = False


@fast_dataclass(frozen=True, slots=True)
class GraphRegion:
    """Steps that run once per item of a foreach. The picture has an outline around them.

    Attributes
    ----------
    steps
        The names of the steps.
    kind
        ``foreach`` or ``parallel``.
    counts
        The number of items of each foreach around it, and its own: ``("3", "4")``. Empty if unknown.
    title
        A tooltip.
    """

    steps: tuple[str, ...]
    kind: str
    counts: tuple[str, ...]
    title: str


@fast_dataclass(frozen=True, slots=True)
class Graph:
    """A picture of the steps of a flow and their order. A table has the same facts.

    Attributes
    ----------
    steps
        The steps in topological order.
    regions
        The regions of foreaches, those around others first.
    """

    heading: str
    steps: tuple[GraphStep, ...]
    note: str = ""
    regions: tuple[GraphRegion, ...] = ()
    part: ClassVar[str] = "graph"
