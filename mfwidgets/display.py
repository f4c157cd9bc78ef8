"""The client's one door upward: how objects show themselves and convert.

What draws and converts stands above the client and is imported on call, so that a script that only reads runs loads
neither pandas nor a template engine.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from os import PathLike

    import pandas as pd

    from mfwidgets.widgets.explorer import Explorer
    from mfwidgets.widgets.log_viewer import LogViewer


class Displayable:
    """Shows itself in a notebook cell."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return text and HTML from one look at the provider (IPython asks this first)."""
        from mfwidgets.views.show import mimebundle

        shown = mimebundle(self)
        return {
            mime: text
            for mime, text in shown.items()
            if (include is None or mime in include) and (exclude is None or mime not in exclude)
        }

    def to_html(self, path: "str | PathLike[str]") -> Path:
        """Write what it shows into one HTML file that needs no other, nor scripts; more rows than a cell shows.

        Parameters
        ----------
        path
            The file; what is there is overwritten.

        Returns
        -------
        pathlib.Path
            The file. Costs what showing costs, without its limit of time.

        Raises
        ------
        MetaflowException
            It cannot be read.
        OSError
            The file cannot be written.
        """
        from mfwidgets.views.show import html_page

        file = Path(path)
        file.write_text(html_page(self), encoding="utf-8")
        return file

    def to_dict(self) -> dict[str, Any]:
        """Return what it shows as plain data: kind, name, status, reason, facts, notes, and parts with their rows.

        Raises
        ------
        MetaflowException
            It cannot be read.
        """
        from mfwidgets.views.show import view_data

        return view_data(self)

    def _repr_html_(self) -> str:
        """Return the HTML alone, for front ends that ask for no bundle."""
        return self._repr_mimebundle_()["text/html"]


class Explorable(Displayable):
    """Opens in an explorer as well."""

    def explore(self) -> "Explorer":
        """Return an explorer with this chosen: flows and runs on the left, what is chosen on the right.

        Returns
        -------
        Explorer
            A widget; ``.selected`` is the object that is chosen in it. Whatever it asks, it asks in threads.
        """
        from mfwidgets.widgets.api import open_explorer

        return open_explorer(self)


def open_log_viewer(logs: Any) -> "LogViewer":
    """Open a viewer of a log."""
    from mfwidgets.widgets.api import open_log_viewer

    return open_log_viewer(logs)


def to_frame(kind: str, rows: Sequence[Any], values: Mapping[str, Sequence[Any]] | None = None) -> "pd.DataFrame":
    """Turn rows of a kind into a DataFrame."""
    from mfwidgets import tables

    return tables.to_frame(kind, rows, values)


def to_dicts(kind: str, rows: Sequence[Any], values: Mapping[str, Sequence[Any]] | None = None) -> list[dict[str, Any]]:
    """Turn rows of a kind into dicts."""
    from mfwidgets import tables

    return tables.to_dicts(kind, rows, values)
