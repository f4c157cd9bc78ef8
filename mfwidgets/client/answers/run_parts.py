"""The graph and the timeline of a run, as answers that display themselves and give their pictures and tables."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mfwidgets.display import Displayable, renderer
from mfwidgets.hidden_characters import visible
from mfwidgets.queries.part_rows import graph_rows, timeline_rows
from mfwidgets.queries.run_snapshot import load_run_snapshot
from mfwidgets.tables import to_frame

if TYPE_CHECKING:
    from os import PathLike

    import pandas as pd

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

    def to_svg(self, path: "str | PathLike[str] | None" = None) -> "str | Path":
        """Return the picture as SVG, or write it to a file.

        Colours follow the theme of the page that shows the file. It needs no scripts, fonts or other files. Costs what
        displaying it costs, without the time limit of a display.

        Parameters
        ----------
        path
            The file. An existing file is overwritten. None returns the SVG.

        Returns
        -------
        str or pathlib.Path
            The SVG, or the file. Before the first task has started, it says so.

        Raises
        ------
        MetaflowException
            The run cannot be read.
        OSError
            The file cannot be written.

        Examples
        --------
        >>> Flow("ForecastFlow").latest_run.timeline().to_svg()[:4]
        '<svg'
        """
        svg = renderer().svg_file(self)
        if path is None:
            return svg
        file = Path(path)
        file.write_text(svg, encoding="utf-8")
        return file

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

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of the steps, in the order of the graph.

        Costs three bulk requests about the tasks, and the graph.

        Returns
        -------
        pandas.DataFrame
            One row per step: ``pathspec`` (missing if it did not run), ``step``, ``type``, ``previous`` and ``next`` (lists
            of names of steps), ``foreach`` (the name of the list that it splits), ``status`` (category, of all tasks
            together), ``reason``, ``task_count``, ``planned_tasks``, ``started_at`` and ``finished_at`` (UTC),
            ``duration`` (timedelta, when it is over) and ``elapsed`` (while it runs).

        Raises
        ------
        MetaflowException
            The run cannot be read.

        Examples
        --------
        >>> Flow("ForecastFlow").latest_run.dag().to_pandas()[["step", "type", "previous", "next", "task_count"]]
              step           type   previous       next  task_count
        0    start  split-foreach         []      [fit]           1
        1      fit         linear    [start]  [compare]          12
        2  compare           join      [fit]      [end]           1
        3      end            end  [compare]         []           1
        """
        snapshot = load_run_snapshot(self.run._context, self.run._record)
        return to_frame("graph", graph_rows(snapshot.context, snapshot))


class RunTimeline(_RunPart):
    """When the tasks of a run waited and when they worked, on one axis of time.

    Marks the critical path, and compares each step with its median over the last ten runs that completed. Showing it costs
    what showing the run costs, and four bulk requests and one small read for each of these runs, once.

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

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of the attempts of all tasks, by the time at which the tasks were queued.

        Costs three bulk requests about the tasks. Medians of earlier runs are not part of it.

        Returns
        -------
        pandas.DataFrame
            One row per attempt, and one for each task that has not started: ``pathspec`` (of the task), ``step``,
            ``task_id``, ``foreach_index``, ``attempt``, ``status`` (category), ``reason``, ``created_at`` (when the task was
            queued), ``started_at`` and ``finished_at`` (UTC), ``duration`` (timedelta, when the attempt is over) and
            ``elapsed`` (while it runs). ``frame.duration.dt.total_seconds()`` gives seconds.

        Raises
        ------
        MetaflowException
            The run cannot be read.

        Examples
        --------
        >>> Flow("ForecastFlow").latest_run.timeline().to_pandas()[["step", "task_id", "attempt", "status"]].tail(2)
               step task_id  attempt     status
        13  compare      14        0  completed
        14      end      15        0  completed
        """
        return to_frame("timeline", timeline_rows(load_run_snapshot(self.run._context, self.run._record)))
