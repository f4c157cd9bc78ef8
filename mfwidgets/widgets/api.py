"""Functions that open widgets."""

from typing import TYPE_CHECKING, Any

from mfwidgets.client.answers.logs import Logs
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.metaflow_objects import ours
from mfwidgets.client.run import Run
from mfwidgets.client.task import Task
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.safe_repr import repr_of
from mfwidgets.widgets.explorer import Explorer
from mfwidgets.widgets.log_viewer import LogViewer
from mfwidgets.widgets.watch import Watch

if TYPE_CHECKING:
    from mfwidgets.display import Explorable


def explore(pathspec: "str | Explorable | None" = None) -> Explorer:
    """Open an explorer of the current metadata provider and namespace.

    The call costs the record of the start object. Everything else is read in threads: the first page of runs and the
    panes that the user opens. A page has 50 runs and costs one request to a metadata service, plus one per run that is
    not simply completed.

    Parameters
    ----------
    pathspec
        The object to select first, such as ``HelloFlow/latest``, or an object, also of Metaflow's own client. None selects
        the first flow.

    Returns
    -------
    Explorer
        A widget. ``.selected`` is the selected object, ``.to_pandas()`` is the visible page of runs.

    Raises
    ------
    MetaflowException
        The object does not exist or cannot be read.

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
        return open_explorer(start)
    client = Metaflow()
    return Explorer(client, client.get(start) if start is not None else None)


def open_explorer(start: Any) -> Explorer:
    """Open an explorer in the context of an object, and select the object."""
    if isinstance(start, Metaflow):
        return Explorer(start)
    return Explorer(Metaflow._in_context(start._context), start)


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
