"""The client's one door upward: how objects show themselves and convert.

What draws and converts stands above the client and is imported on call, so that a script that only reads runs loads
neither pandas nor a template engine.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


class Presentable:
    """Shows itself in a notebook cell."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return text and HTML from one look at the provider (IPython asks this first)."""
        from mfwidgets.views.show import bundle

        shown = bundle(self)
        return {
            mime: text
            for mime, text in shown.items()
            if (include is None or mime in include) and (exclude is None or mime not in exclude)
        }

    def _repr_html_(self) -> str:
        """Return the HTML alone, for front ends that ask for no bundle."""
        return self._repr_mimebundle_()["text/html"]


def runs_to_pandas(rows: Any) -> "pd.DataFrame":
    """Turn rows of runs into a DataFrame."""
    from mfwidgets.frames import runs_frame

    return runs_frame(rows)


def tasks_to_pandas(rows: Any) -> "pd.DataFrame":
    """Turn rows of tasks into a DataFrame."""
    from mfwidgets.frames import tasks_frame

    return tasks_frame(rows)


def artifacts_to_pandas(rows: Any) -> "pd.DataFrame":
    """Turn rows of artifacts into a DataFrame."""
    from mfwidgets.frames import artifacts_frame

    return artifacts_frame(rows)
