"""Opening explorers."""

from typing import Any

from mfwidgets.client.metaflow import Metaflow
from mfwidgets.widgets.explorer import Explorer


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


def explorer_of(chosen: Any) -> Explorer:
    """Open an explorer where an object was found, with it chosen."""
    if isinstance(chosen, Metaflow):
        return Explorer(chosen)
    return Explorer(Metaflow.in_scope(chosen._scope), chosen)
