"""The charts of the tasks of a step: ``step.tasks().plot``. ``scatter`` and ``hist`` have the names of pandas."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mfwidgets.client.collections.ranked_runs import check_columns
from mfwidgets.client.plots.columns import chart_column
from mfwidgets.client.plots.plot import Plot
from mfwidgets.client.plots.points import NamedColumn, histogram_chart, scatter_chart
from mfwidgets.column_names import task_column
from mfwidgets.display import NamesAttributes
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.values.task_results import columns_of_tasks
from mfwidgets.schema import TASKS

if TYPE_CHECKING:
    from mfwidgets.client.collections.tasks import Tasks


class TaskPlots(NamesAttributes):
    """The charts of tasks, such as those of a foreach: parameters in items against results.

    Each chart costs what ``tasks.to_pandas(items=True, results=True)`` costs. No value is unpickled.

    Parameters
    ----------
    tasks
        The tasks.

    Examples
    --------
    >>> tasks = Flow("SweepFlow").latest_run["fit"].tasks()
    >>> tasks.plot.heatmap("lr", "depth", "rmse")
    <chart of tasks of SweepFlow/1795719073341196/fit: rmse by lr and depth>
    """

    def __init__(self, tasks: "Tasks") -> None:
        self._tasks = tasks

    def scatter(
        self, x: str, y: str, *, color: str | None = None, logx: bool | None = None, logy: bool | None = None
    ) -> Plot:
        """Return a chart of two values, one point for each task.

        Costs what :class:`TaskPlots` says.

        Parameters
        ----------
        x, y
            The names of columns: a key of the items (``lr``), a result (``rmse``), a fact (``duration``), or a full name
            such as ``item.lr``.
        color
            The name of a column that chooses the colour. None means the status.
        logx, logy
            Whether an axis is logarithmic. None decides by the values.

        Returns
        -------
        Plot
            The chart.

        Raises
        ------
        MetaflowInvalidArgument
            A name is unknown, or means several columns.
        """
        rows, columns = self._columns([x, y, *([color] if color is not None else [])])
        return self._plot(scatter_chart("", rows, columns, (logx, logy), "task"))

    def hist(self, column: str, *, logx: bool | None = None) -> Plot:
        """Return a histogram of a value.

        Costs what :class:`TaskPlots` says.

        Parameters
        ----------
        column
            The name of a column, as in :meth:`scatter`.
        logx
            Whether the axis is logarithmic. None decides by the values.

        Returns
        -------
        Plot
            The chart. Text and bools have a bar for each value.

        Raises
        ------
        MetaflowInvalidArgument
            The name is unknown, or means several columns.
        """
        _, (shown,) = self._columns([column])
        return self._plot(histogram_chart(shown, log=logx, noun="task"))

    def heatmap(self, x: str, y: str, value: str) -> Plot:
        """Return a value by two others, such as a metric by two parameters in the items.

        Costs what :class:`TaskPlots` says. If several tasks have the same two values, the first is shown.

        Parameters
        ----------
        x, y
            The names of the columns across and down. Each distinct value is a category.
        value
            The name of the column that chooses the colour.

        Returns
        -------
        Plot
            The chart.

        Raises
        ------
        MetaflowInvalidArgument
            A name is unknown, or means several columns.
        """
        from mfwidgets.render.charts.model import HeatCell, HeatMap

        rows, (x_column, y_column, value_column) = self._columns([x, y, value])
        across, down = (chart_column(*column, categories=True) for column in (x_column, y_column))
        shown = chart_column(*value_column)
        cells = {
            (left, top): HeatCell(left, top, number, row.pathspec, str(row.status), row.record.task_id)
            for row, left, top, number in reversed(
                list(zip(rows, across.values, down.values, shown.values, strict=True))
            )
        }
        heading = f"{shown.axis.label} by {across.axis.label} and {down.axis.label}"
        return self._plot(HeatMap(heading, across.axis, down.axis, tuple(cells.values())[::-1], shown.axis))

    def _columns(self, names: Sequence[str]) -> tuple[list[TaskRow], list[NamedColumn]]:
        """Return the rows of the tasks, and the columns with these names."""
        check_columns(names)
        rows = self._tasks._rows()
        if not rows:
            return [], [(name, ()) for name in names]
        values = columns_of_tasks(self._tasks._context, rows, items=True, results=True)
        columns: list[NamedColumn] = []
        for name in names:
            full = task_column(name, values, self._tasks._title)
            fact = next((column for column in TASKS.columns if column.name == full and full not in values), None)
            columns.append((full, [fact.value(row) for row in rows] if fact else values[full]))
        return rows, columns

    def _plot(self, chart: Any) -> Plot:
        return Plot(chart, self._tasks._title)
