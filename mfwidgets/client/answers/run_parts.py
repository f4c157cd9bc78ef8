"""A part of the display of a run, as an answer that displays itself."""

from typing import TYPE_CHECKING, ClassVar

from mfwidgets.display import Displayable
from mfwidgets.hidden_characters import visible

if TYPE_CHECKING:
    from mfwidgets.client.run import Run


class _RunPart(Displayable):
    """A part of the display of a run.

    Attributes
    ----------
    run
        The run.
    """

    _called: ClassVar[str]

    def __init__(self, run: "Run") -> None:
        self.run = run

    def __repr__(self) -> str:
        return visible(f"<{self._called} of {self.run.pathspec}>")


class RunGraph(_RunPart):
    """The graph of a run's steps, with the status of each, and a table of the steps.

    Parameters
    ----------
    run
        The run.

    Examples
    --------
    >>> Flow("HelloFlow").latest_run.dag()
    <graph of HelloFlow/1795378926761243>
    """

    _called = "graph"


class RunTimeline(_RunPart):
    """When the steps and tasks of a run waited and when they worked.

    Parameters
    ----------
    run
        The run.

    Examples
    --------
    >>> Flow("HelloFlow").latest_run.timeline()
    <timeline of HelloFlow/1795378926761243>
    """

    _called = "timeline"
