"""Functions that open widgets."""

from collections.abc import Sequence
from typing import Any

from mfwidgets.client.answers.logs import Logs
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.metaflow_objects import ours
from mfwidgets.client.run import Run
from mfwidgets.client.task import Task
from mfwidgets.display import Explorable
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.safe_repr import repr_of
from mfwidgets.widgets.explorer.widget import Explorer
from mfwidgets.widgets.log_viewer import LogViewer
from mfwidgets.widgets.watch import Watch


def explore(pathspec: "str | Explorable | None" = None, *, where: str = "", columns: Sequence[str] = ()) -> Explorer:
    """Open an explorer of the current metadata provider and namespace.

    The call costs the record of the start object. Everything else is read in threads: the runs of the flow (a service
    sends 500 in a page), then the facts, parameters and results of the runs in view, and of the newest 500 (100 of a
    service) for the headers of the table. An order by a result reads it of all runs. What was read is remembered.

    Parameters
    ----------
    pathspec
        The object to select first, such as ``HelloFlow/latest``, or an object, also of Metaflow's own client. None selects
        the first flow.
    where
        The filter of the table, as in :meth:`Runs.where`: ``"rmse<0.3 status:completed since:7d"``.
    columns
        The names of the columns of the table: facts such as ``duration``, parameters and results such as ``rmse`` or
        ``artifact.rmse``. Empty means that the explorer chooses.

    Returns
    -------
    Explorer
        A widget. ``.selected`` is the selected object, ``.selected_runs`` are the selected runs, ``.runs`` are the runs
        of the table, ``.code`` is the line of code that returns them.

    Raises
    ------
    MetaflowException
        The object does not exist or cannot be read.
    MetaflowInvalidArgument
        The argument is not an object that an explorer shows.

    Examples
    --------
    >>> explorer = explore("HelloFlow/latest")
    >>> explorer.wait()
    True
    >>> explorer.selected
    Run('HelloFlow/...')
    >>> explorer.close()
    """
    start = ours(pathspec)
    if start is not None and not isinstance(start, str):
        if not isinstance(start, Explorable):
            raise MetaflowInvalidArgument(
                f"Expected a pathspec such as 'HelloFlow/latest', a flow, a run or a part of one, got {repr_of(start, 80)}."
            )
        return _opened(start, where, columns)
    client = Metaflow()
    return Explorer(client, client.get(start) if start is not None else None, where, columns)


def open_explorer(start: Any) -> Explorer:
    """Open an explorer in the context of an object, and select the object."""
    return _opened(start, "", ())


def _opened(start: Any, where: str, columns: Sequence[str]) -> Explorer:
    if isinstance(start, Metaflow):
        return Explorer(start, None, where, columns)
    return Explorer(Metaflow._in_context(start._context), start, where, columns)


def open_log_viewer(logs: Logs) -> LogViewer:
    """Open a viewer of the task of a log."""
    return LogViewer(Task._of(logs._context, logs._task), logs.stream)


def watch(run: Run | str, minutes: float = 600.0) -> Watch:
    """Show a run in a cell until it ends: its graph, its steps and the end of its logs.

    A thread polls the run every second, and up to every 15 s while nothing changes. A poll costs two requests to a
    metadata service, a third one if attempts have ended, and the end of one log.

    Parameters
    ----------
    run
        A run, its pathspec such as ``HelloFlow/latest``, or Metaflow's own run or result of a ``Runner``.
    minutes
        The time limit. Then the watching stops, not the run.

    Returns
    -------
    Watch
        A widget. ``.stop()`` stops the watching, ``.wait()`` waits for the end of the run.

    Raises
    ------
    MetaflowException
        The run does not exist or cannot be read.
    MetaflowInvalidArgument
        The object is not a run.

    Examples
    --------
    >>> watching = watch("HelloFlow/latest")
    >>> watching.wait(60)
    True
    >>> watching.ended
    'The run is completed.'
    """
    run = ours(run)
    target = Metaflow().get(run) if isinstance(run, str) else run
    if not isinstance(target, Run):
        raise MetaflowInvalidArgument(f"Expected a run or its pathspec, got {repr_of(target, 80)}.")
    return Watch(target, minutes)
