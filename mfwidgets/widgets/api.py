"""Opening explorers, and watching runs."""

from typing import Any

from mfwidgets.client.answers.logs import Logs
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.client.task import Task
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.widgets.explorer import Explorer
from mfwidgets.widgets.log_viewer import LogViewer
from mfwidgets.widgets.watch import Watch


def explore(pathspec: str | None = None) -> Explorer:
    """Open an explorer of what the current metadata and namespace show.

    Parameters
    ----------
    pathspec
        What is chosen at first, such as ``HelloFlow/latest``; None is the first flow.

    Returns
    -------
    Explorer
        A widget; ``.selected`` is the object that is chosen in it, ``.to_pandas()`` the table of runs in view.

    Raises
    ------
    MetaflowException
        There is no such object.
    """
    client = Metaflow()
    return Explorer(client, client.get(pathspec) if pathspec is not None else None)


def open_explorer(chosen: Any) -> Explorer:
    """Open an explorer where an object was found, with it chosen."""
    if isinstance(chosen, Metaflow):
        return Explorer(chosen)
    return Explorer(Metaflow._in_context(chosen._context), chosen)


def open_log_viewer(logs: Logs) -> LogViewer:
    """Open a viewer where a log is."""
    return LogViewer(Task._of(logs._context, logs._task), logs.stream)


def watch(run: Run | str, minutes: float = 600.0) -> Watch:
    """Watch a run in a cell: its graph, its steps and what it logs, until it ends.

    Parameters
    ----------
    run
        A run, or its pathspec, such as ``HelloFlow/latest``.
    minutes
        Watched for so long at most.

    Returns
    -------
    Watch
        A widget that works in a thread; ``.stop()`` ends it, ``.wait()`` waits for the run. Looks come every
        second, and every fifteen while nothing changes; each is two requests to a metadata service, a third when attempts
        have ended, and the end of one log.

    Raises
    ------
    MetaflowException
        There is no such run.
    MetaflowInvalidArgument
        It is no run.
    """
    watched = Metaflow().get(run) if isinstance(run, str) else run
    if not isinstance(watched, Run):
        raise MetaflowInvalidArgument(f"watch() takes a run or its pathspec, not {watched!r:.80}.")
    return Watch(watched, minutes)
