"""How long the steps of many runs took."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from functools import partial
from typing import TYPE_CHECKING, Any

from mfwidgets.client.collections.base import Collection
from mfwidgets.concurrency import parallel_map
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.step_timings import StepTiming, read_step_timings
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd


class Timings(Collection[StepTiming]):
    """The durations of the steps of runs: the newest run first, in it the steps in the order of the graph.

    Parameters
    ----------
    scope, title
        Where to read; which runs these are.
    runs
        Starts a new iteration of their records.
    """

    def __init__(self, context: ClientContext, title: str, runs: Callable[[], Iterable[RunRecord]]) -> None:
        self._context, self._records = context, runs
        super().__init__(f"timings of {title}", lambda: iter(self._rows()))

    def _rows(self, executor: Executor | None = None) -> list[StepTiming]:
        """Return them; three bulk questions and one small read for each run, many at once."""
        if executor is not None:
            self._context.check_picklable()
        read = partial(read_step_timings, self._context)
        found = parallel_map(
            read, self._records(), title="runs", executor=executor, max_concurrency=self._context.max_concurrency
        )
        return [timing for some in found for timing in some]

    def to_pandas(self, *, executor: Executor | None = None) -> "pd.DataFrame":
        """Return a table of them.

        Parameters
        ----------
        executor
            Where to read; None takes threads of this process.

        Returns
        -------
        pandas.DataFrame
            ``pathspec`` (of the step), ``flow``, ``run_id``, ``step``, ``status`` (category; of its tasks together),
            ``reason``, ``task_count``, ``task_statuses`` (their number by status), ``attempts`` (of all tasks),
            ``started_at`` (UTC; the earliest start of any attempt), ``finished_at`` (UTC; the latest end), ``duration``
            (when it is over), ``elapsed`` (while it runs), ``task_time`` (of all tasks together), ``longest_task``,
            ``earlier_attempts`` (time spent in attempts that were tried again). Costs three bulk questions and a small
            read for each run.

        Raises
        ------
        NotPicklableError
            The client cannot go where the executor is.
        """
        return to_frame("steps", self._rows(executor))

    def to_dicts(self, *, executor: Executor | None = None) -> list[dict[str, Any]]:
        """Return the same as plain data, a dict a step."""
        return to_dicts("steps", self._rows(executor))
