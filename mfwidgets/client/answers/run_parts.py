"""One part of what a run shows, as an object of its own."""

from typing import TYPE_CHECKING, ClassVar

from mfwidgets.display import Displayable

if TYPE_CHECKING:
    from mfwidgets.client.run import Run


class _RunPart(Displayable):
    """A part of a run.

    Attributes
    ----------
    run
        Whose.
    """

    _called: ClassVar[str]

    def __init__(self, run: "Run") -> None:
        self.run = run

    def __repr__(self) -> str:
        return f"<{self._called} of {self.run.pathspec}>"


class RunGraph(_RunPart):
    """The graph of a run's steps, each with its status, and a table of the steps.

    Examples
    --------
    >>> run = Metaflow().get("HelloFlow/latest")
    >>> run.dag()
    <graph of HelloFlow/2>
    """

    _called = "graph"


class RunTimeline(_RunPart):
    """When the steps and tasks of a run waited and worked.

    Examples
    --------
    >>> run = Metaflow().get("HelloFlow/latest")
    >>> run.timeline()
    <timeline of HelloFlow/2>
    """

    _called = "timeline"
