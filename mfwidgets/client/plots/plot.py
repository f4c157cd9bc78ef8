"""A chart that shows itself in a cell, and gives its picture and its numbers."""

from pathlib import Path
from typing import TYPE_CHECKING

from mfwidgets.display import Displayable
from mfwidgets.hidden_characters import visible

if TYPE_CHECKING:
    from os import PathLike

    import pandas as pd

    from mfwidgets.render.charts.model import AnyChart


class Plot(Displayable):
    """A chart. It shows itself as a static picture with its numbers as a folded table. Its values are already read.

    Parameters
    ----------
    chart
        The model of the chart.
    title
        A description of the objects: ``runs of TuningFlow``.

    Examples
    --------
    >>> plot = Flow("ForecastFlow").runs().plot("mean_error")
    >>> plot
    <chart of runs of ForecastFlow: mean_error over time>
    >>> plot.to_pandas()[["run", "mean_error", "status"]].head(2)
                    run  mean_error     status
    0  1795378919475034    4.147532  completed
    1  1795378913725406         NaN     failed
    """

    def __init__(self, chart: "AnyChart", title: str) -> None:
        self._chart, self._title = chart, title

    def to_svg(self, path: "str | PathLike[str] | None" = None) -> "str | Path":
        """Return the picture as SVG, or write it to a file. Reads nothing.

        Colours follow the theme of the page that shows the file. It needs no scripts, fonts or other files.

        Parameters
        ----------
        path
            The file. An existing file is overwritten. None returns the SVG.

        Returns
        -------
        str or pathlib.Path
            The SVG, or the file.

        Raises
        ------
        OSError
            The file cannot be written.

        Examples
        --------
        >>> Flow("ForecastFlow").runs().plot.hist("mean_error").to_svg()[:4]
        '<svg'
        """
        from mfwidgets.render.html import svg_of

        svg = svg_of(self._chart)
        if path is None:
            return svg
        file = Path(path)
        file.write_text(svg, encoding="utf-8")
        return file

    def to_pandas(self) -> "pd.DataFrame":
        """Return the numbers of the chart. Reads nothing.

        Returns
        -------
        pandas.DataFrame
            One row per point, line, bar or bin, as in the table below the picture.
        """
        import pandas as pd

        numbers = self._chart.numbers
        return pd.DataFrame(list(numbers.rows), columns=list(numbers.columns))

    def __repr__(self) -> str:
        return visible(f"<chart of {self._title}: {self._chart.heading}>")
