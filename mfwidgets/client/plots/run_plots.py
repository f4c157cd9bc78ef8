"""The charts of runs: ``runs.plot``. ``scatter`` and ``hist`` have the names of pandas."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mfwidgets.client.collections.ranked_runs import check_columns
from mfwidgets.client.plots.columns import chart_column, numbers_in_list
from mfwidgets.client.plots.plot import Plot
from mfwidgets.client.plots.points import NamedColumn, histogram_chart, scatter_chart
from mfwidgets.column_names import find_column, short_name
from mfwidgets.display import NamesAttributes
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.queries.rows import RunRow
from mfwidgets.queries.step_timings import read_step_timings
from mfwidgets.queries.values.column_choice import choose_columns
from mfwidgets.queries.values.goals import goal_of
from mfwidgets.queries.values.results import number_of, result_columns, result_records
from mfwidgets.queries.values.value_columns import ARTIFACT_PREFIX, artifact_columns, parameter_columns
from mfwidgets.run_columns import named_columns
from mfwidgets.safe_repr import repr_of

if TYPE_CHECKING:
    from mfwidgets.client.collections.runs import Runs

MAX_PARALLEL_AXES = 10
"""The most axes that ``parallel()`` chooses."""


class RunPlots(NamesAttributes):
    """The charts of runs. Call it for a chart over time, or one of its methods.

    Each chart reads the columns that it shows: two bulk requests for each run, and each distinct small value once. What was
    read is remembered. No value is unpickled.

    Parameters
    ----------
    runs
        The runs.

    Examples
    --------
    >>> Flow("ForecastFlow").runs().plot("mean_error")
    <chart of runs of ForecastFlow: mean_error over time>
    >>> Flow("TuningFlow").runs().plot.scatter("learning_rate", "rmse", color="optimizer")
    <chart of runs of TuningFlow: rmse by learning_rate>
    """

    def __init__(self, runs: "Runs") -> None:
        self._runs = runs

    def __call__(self, y: str, *, color: str | None = None, logy: bool | None = None) -> Plot:
        """Return a chart of a value over time, with the status of each run.

        Costs what :class:`RunPlots` says.

        Parameters
        ----------
        y
            The name of a column: a result or a parameter (``rmse``, ``metrics.auc``), a fact (``duration``), or a full name.
        color
            The name of a column that chooses the colour. None means the status.
        logy
            Whether the axis is logarithmic. None decides by the values.

        Returns
        -------
        Plot
            The chart.

        Raises
        ------
        MetaflowInvalidArgument
            A name is unknown, or means several columns.
        """
        rows, columns = self._columns(["started_at", y, *([color] if color is not None else [])])
        heading = f"{short_name(columns[1][0])} over time"
        return self._plot(scatter_chart(heading, rows, columns, (None, logy), "run"))

    def scatter(
        self, x: str, y: str, *, color: str | None = None, logx: bool | None = None, logy: bool | None = None
    ) -> Plot:
        """Return a chart of two values, one point for each run.

        Costs what :class:`RunPlots` says.

        Parameters
        ----------
        x, y
            The names of columns.
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
        return self._plot(scatter_chart("", rows, columns, (logx, logy), "run"))

    def hist(self, column: str, *, logx: bool | None = None) -> Plot:
        """Return a histogram of a value.

        Costs what :class:`RunPlots` says.

        Parameters
        ----------
        column
            The name of a column.
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
        return self._plot(histogram_chart(shown, log=logx, noun="run"))

    def parallel(self, columns: Sequence[str] | None = None, *, color: str | None = None) -> Plot:
        """Return parallel coordinates, one line for each run.

        Costs what :class:`RunPlots` says.

        Parameters
        ----------
        columns
            The names of columns, one axis for each. None chooses parameters that vary and results.
        color
            The name of a column that chooses the colour. If its name says what is good, the best run is highlighted. None
            means the last column.

        Returns
        -------
        Plot
            The chart.

        Raises
        ------
        MetaflowInvalidArgument
            A name is unknown, or means several columns. Or there are fewer than two columns.
        """
        from mfwidgets.render.charts.model import ParallelChart, ParallelLine

        given = self._telling() if columns is None else list(check_columns(columns))
        names = [*given, *([color] if color is not None and color not in given else [])]
        if len(names) < 2:  # noqa: PLR2004 - a line needs two ends
            raise MetaflowInvalidArgument(
                f"Expected two or more columns for parallel coordinates, got {repr_of(names, 80)}."
            )
        rows, columns_of_runs = self._columns(names)
        shown = [chart_column(name, values) for name, values in columns_of_runs]
        place = names.index(color) if color is not None else len(names) - 1
        name, values = columns_of_runs[place]
        best = _best(values, name)
        lines = tuple(
            ParallelLine(
                tuple(column.values[number] for column in shown),
                row.pathspec,
                str(row.status),
                row.record.run_id,
                number == best,
            )
            for number, row in enumerate(rows)
        )
        heading = f"Parameters and {short_name(name)}"
        return self._plot(ParallelChart(heading, tuple(column.axis for column in shown), lines, place))

    def curves(self, column: str, *, logy: bool | None = None) -> Plot:
        """Return the lists or arrays of many runs as curves in one picture. The best one is highlighted.

        Costs one bulk request for each run, and reads each distinct list of at most 100 kB once. If the name of the column
        says whether small or large values are good (``loss``, ``accuracy``), the best is the one with the best last value.

        Parameters
        ----------
        column
            The name of an artifact of the end task that is a list of numbers or a one-dimensional array, or a list in a
            dict: ``loss_history``, ``history.loss``.
        logy
            Whether the axis is logarithmic. None decides by the values.

        Returns
        -------
        Plot
            The chart. Above 20 curves it shows their median and the range of the middle 80 %, too.

        Raises
        ------
        MetaflowInvalidArgument
            No run has a list with this name.
        """
        from mfwidgets.render.charts.axes import Axis, axis_of
        from mfwidgets.render.charts.model import Curve, CurvesChart
        from mfwidgets.render.id_cuts import cut_ids

        rows = self._runs._rows()
        lists = self._lists(rows, column)
        last = [values[-1] if values else None for values in lists]
        best = _best(last, column)
        flat = [value for values in lists for value in values]
        labels = cut_ids([row.record.run_id for row in rows])
        curves = tuple(
            Curve(row.record.run_id, values, (), row.pathspec, str(row.status), number == best, label)
            for number, (row, values, label) in enumerate(zip(rows, lists, labels, strict=True))
            if values
        )
        name = short_name(column)
        return self._plot(CurvesChart(name, Axis("position"), axis_of(name, flat, log=logy), curves))

    def durations(self, limit: int = 30) -> Plot:
        """Return the durations of the steps of the runs, one stacked bar for each run.

        Costs four bulk requests and one small read for each run that is not remembered.

        Parameters
        ----------
        limit
            The maximum number of runs.

        Returns
        -------
        Plot
            The chart. The durations of parallel steps overlap, so a bar can be longer than its run took.

        Raises
        ------
        MetaflowInvalidArgument
            ``limit`` is not a number.
        """
        from mfwidgets.render.charts.axes import Axis
        from mfwidgets.render.charts.model import Bar, BarsChart, Piece
        from mfwidgets.render.id_cuts import cut_ids

        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
            raise MetaflowInvalidArgument(f"Expected limit= to be a number from 0, got {repr_of(limit, 40)}.")
        rows = self._runs._rows(limit)
        timings = read_step_timings(self._runs._context, [row.record for row in rows])
        bars = tuple(
            Bar(
                row.record.run_id,
                tuple(
                    Piece(timing.step, timing.duration_ms / 1000, timing.pathspec, str(timing.status or ""))
                    for timing in steps
                    if timing.duration_ms is not None
                ),
                row.pathspec,
                str(row.status),
                label,
            )
            for row, steps, label in zip(rows, timings, cut_ids([row.record.run_id for row in rows]), strict=True)
        )
        return self._plot(BarsChart("Duration by step", Axis("duration", "s"), bars))

    def _columns(self, names: Sequence[str]) -> tuple[list[RunRow], list[NamedColumn]]:
        """Return the rows of the runs, and the columns with these names."""
        check_columns(names)
        rows = self._runs._rows()
        if not rows:
            return [], [(name, ()) for name in names]
        records = [row.record for row in rows]
        return rows, list(named_columns(self._runs._context, records, names, self._runs._title, rows))

    def _telling(self) -> list[str]:
        """Return the full names of the columns that say most about the runs."""
        context, records = self._runs._context, [row.record for row in self._runs._rows()]
        columns = parameter_columns(context, records) | result_columns(context, records)
        return list(choose_columns(columns, [], MAX_PARALLEL_AXES - 2, 2).names)

    def _lists(self, rows: Sequence[RunRow], column: str) -> list[tuple[object, ...]]:
        """Return the numbers of each run's list. Empty for runs without one."""
        context, records = self._runs._context, [row.record for row in rows]
        known = {record.name for row in result_records(context, records) for record in row}
        if not isinstance(column, str) or not column:
            raise MetaflowInvalidArgument(
                f"Expected the name of an artifact such as 'loss_history', got {repr_of(column, 60)}."
            )
        name = column.removeprefix(ARTIFACT_PREFIX)
        artifact, _, path = (name, "", "") if name in known else name.partition(".")
        if artifact not in known:
            names = [f"{ARTIFACT_PREFIX}{name}" for name in sorted(known)]
            find_column(column, names, self._runs._title)  # raises with suggestions, or it is a fact of the schema
            raise MetaflowInvalidArgument(
                f"Expected a list of numbers, got the column {column!r:.80}. Try plot({column!r:.80})."
            )
        (values,) = artifact_columns(context, records, [artifact], None).values()
        lists = [numbers_in_list(value, path) for value in values]
        if not any(lists):
            raise MetaflowInvalidArgument(
                f"Expected lists of numbers or one-dimensional arrays in {column!r:.80}, but no run has one that can be read."
            )
        return lists

    def _plot(self, chart: Any) -> Plot:
        return Plot(chart, self._runs._title)


def _best(values: Sequence[Any], name: str) -> int | None:
    """Return the position of the best value. None if the name does not say what is good."""
    numbers = {place: number for place, value in enumerate(values) if (number := number_of(value)) is not None}
    goal = goal_of(name)
    if not numbers or not goal:
        return None
    choose = min if goal == "min" else max
    return choose(numbers, key=lambda place: numbers[place])
