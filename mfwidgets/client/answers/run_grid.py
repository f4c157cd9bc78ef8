"""The last runs of a flow and their steps as a grid: one row per run, one column per step."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from mfwidgets.display import Displayable
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.hidden_characters import visible
from mfwidgets.queries.rows import RunRow
from mfwidgets.queries.step_timings import StepTiming, read_step_timings
from mfwidgets.safe_repr import repr_of
from mfwidgets.tables import to_frame

if TYPE_CHECKING:
    import pandas as pd

    from mfwidgets.client.collections.runs import Runs

STEP_PREFIX = "step."
"""Before the name of a step in the names of columns. A step can have the name of another column."""


class RunGrid(Displayable):
    """The steps of the last runs: which failed, which were slow. It shows itself with a tile for each step of each run.

    Parameters
    ----------
    runs
        The runs.
    limit
        The maximum number of runs.

    Raises
    ------
    MetaflowInvalidArgument
        ``limit`` is not a positive number.

    Examples
    --------
    >>> Flow("ForecastFlow").runs().grid()
    <grid of runs of ForecastFlow>
    """

    def __init__(self, runs: "Runs", limit: int) -> None:
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            raise MetaflowInvalidArgument(f"Expected limit= to be a positive number, got {repr_of(limit, 80)}.")
        self._runs, self._limit = runs, limit

    @cached_property
    def _rows(self) -> list[RunRow]:
        return self._runs._rows(self._limit)

    @cached_property
    def _timings(self) -> list[list[StepTiming]]:
        return read_step_timings(self._runs._context, [row.record for row in self._rows])

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of the steps that ran in any of these runs, from start to end. Costs what :meth:`to_pandas` costs.

        Examples
        --------
        >>> Flow("ForecastFlow").runs().grid().steps
        ('start', 'fit', 'compare', 'end')
        """
        return merged_steps(self._timings)

    def to_pandas(self) -> "pd.DataFrame":
        """Return the grid as a table.

        Costs what ``runs.to_pandas()`` costs, and for each run four bulk requests and one small read. Runs that have ended
        are remembered. The durations of the steps are in ``runs.timings().to_pandas()``.

        Returns
        -------
        pandas.DataFrame
            One row per run, newest first: the columns of ``runs.to_pandas()``, and ``step.NAME`` with the status of each
            step. It is missing if the step did not run.

        Raises
        ------
        MetaflowException
            The runs cannot be read.

        Examples
        --------
        >>> Flow("ImportFlow").runs().grid().to_pandas()[["run_id", "status", "step.start", "step.fetch"]].head(2)
                     run_id     status step.start step.fetch
        0  1795378924251567     failed  completed     failed
        1  1795378921892482  completed  completed  completed
        """
        statuses = {
            f"{STEP_PREFIX}{step}": [_status_of(step, timings) for timings in self._timings] for step in self.steps
        }
        return to_frame("runs", self._rows, statuses)

    def __repr__(self) -> str:
        return visible(f"<grid of {self._runs._title}>")


def _status_of(step: str, timings: Iterable[StepTiming]) -> str | None:
    status = next((timing.status for timing in timings if timing.step == step), None)
    return None if status is None else str(status)


def merged_steps(timings: Iterable[Sequence[StepTiming]]) -> tuple[str, ...]:
    """Return the names of the steps of several runs, in the order of their graphs. The first run decides.

    A step that only other runs have comes after the step that it follows there.
    """
    order: list[str] = []
    known: set[str] = set()
    for of_run in timings:
        place = 0
        for timing in of_run:
            if timing.step in known:
                place = order.index(timing.step) + 1
            else:
                order.insert(place, timing.step)
                known.add(timing.step)
                place += 1
    return tuple(order)
