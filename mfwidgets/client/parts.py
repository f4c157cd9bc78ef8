"""One part of what a run shows, as an object of its own."""

from typing import TYPE_CHECKING

from mfwidgets.client.presentable import Presentable

if TYPE_CHECKING:
    from mfwidgets.client.run import Run


class RunGraph(Presentable):
    """The graph of a run's steps, each with what became of it, and beside the picture a table that tells the same.

    Attributes
    ----------
    run
        Whose.
    """

    def __init__(self, run: "Run") -> None:
        self.run = run

    def __repr__(self) -> str:
        return f"<graph of {self.run.pathspec}>"


class RunTimeline(Presentable):
    """When the steps and tasks of a run waited and worked.

    Attributes
    ----------
    run
        Whose.
    """

    def __init__(self, run: "Run") -> None:
        self.run = run

    def __repr__(self) -> str:
        return f"<timeline of {self.run.pathspec}>"
