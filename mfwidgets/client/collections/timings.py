"""The durations of the steps of many runs, as a collection."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from mfwidgets.client.collections.base import Collection
from mfwidgets.concurrency import parallel_map
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.step_timings import StepTiming, read_step_timings, read_timings_of_run
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd


class Timings(Collection[StepTiming]):
    """The durations of the steps of runs, newest run first. The steps of a run are in the order of the graph.

    Parameters
    ----------
    context
        The context of the runs.
    title
        A description of the runs for users.
    runs
        A function that starts a new iteration over the records of the runs.
    """

    def __init__(self, context: ClientContext, title: str, runs: Callable[[], Iterable[RunRecord]]) -> None:
        self._context, self._records = context, runs
        super().__init__(f"timings of {title}", lambda: iter(self._rows()))

    def _rows(self, executor: Executor | None = None) -> list[StepTiming]:
        """Return their rows. Costs four bulk requests and one small read for each run, many at once."""
        if executor is None:
            return list(chain.from_iterable(read_step_timings(self._context, list(self._records()))))
        self._context.check_picklable()
        read = partial(read_timings_of_run, self._context)
        return list(chain.from_iterable(parallel_map(read, self._records(), title="runs", executor=executor)))

    def to_pandas(self, *, executor: Executor | None = None) -> "pd.DataFrame":
        """Return a table of the steps.

        Costs four bulk requests and one small read for each run.

        Parameters
        ----------
        executor
            An executor in which runs are read. None means threads of this process.

        Returns
        -------
        pandas.DataFrame
            One row per step of each run: ``pathspec`` (of the step), ``flow``, ``run_id``, ``step``, ``status``
            (category, of all tasks together), ``reason``, ``task_count``, ``task_statuses`` (number of tasks by
            status), ``attempts`` (of all tasks), ``started_at`` (UTC, the earliest start of any attempt),
            ``finished_at`` (UTC, the latest end), ``duration`` (when it is over), ``elapsed`` (while it runs),
            ``task_time`` (of all tasks together), ``longest_task`` and ``earlier_attempts`` (time spent in attempts
            that were retried).

        Raises
        ------
        NotPicklableError
            The client cannot be sent to the executor.
        """
        return to_frame("steps", self._rows(executor))

    def to_dicts(self, *, executor: Executor | None = None) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as dicts.

        Parameters
        ----------
        executor
            As in :meth:`to_pandas`.

        Returns
        -------
        list of dict
            One dict per step of each run. Costs what :meth:`to_pandas` costs.
        """
        return to_dicts("steps", self._rows(executor))
