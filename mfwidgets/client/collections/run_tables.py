"""Converts runs to tables: facts, parameters, results, artifacts and exceptions."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, Literal

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.failures import failure_columns
from mfwidgets.queries.rows import RunRow
from mfwidgets.queries.run_filter import RunFilter
from mfwidgets.queries.run_memory import listing_once
from mfwidgets.queries.values.reading import SMALL_VALUE_BYTES, Reading
from mfwidgets.queries.values.results import result_columns
from mfwidgets.queries.values.value_columns import (
    Columns,
    artifact_columns,
    check_names,
    check_step,
    parameter_columns,
)
from mfwidgets.run_columns import named_columns
from mfwidgets.safe_repr import repr_of
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd

    from mfwidgets.client.collections.runs import Runs

EXACT_TIMES_LIMIT = 200
"""Up to this many runs, ``to_pandas`` fetches exact end times by default (metadata service only)."""


class RunTables:
    """The methods of runs that return tables."""

    _context: ClientContext
    _filter: RunFilter
    _columns: tuple[str, ...]
    _title: str
    _read_rows: "Callable[[int | None, Callable[[int], str]], list[RunRow]]"
    _in_context: "Callable[[ClientContext], Runs]"

    def to_pandas(  # noqa: PLR0913 - one for each kind of column
        self,
        *,
        times: bool | Literal["auto"] = "auto",
        params: bool = False,
        artifacts: Sequence[str] = (),
        results: bool = False,
        exceptions: bool = False,
        step: str | None = None,
        max_bytes: int = SMALL_VALUE_BYTES,
        unpickle: bool = False,
        executor: Executor | None = None,
    ) -> "pd.DataFrame":
        """Return a table of the runs, newest first.

        Reads about five small files for each completed local run. With a service: one request for every 500 runs, plus
        one for each run whose exact end time or status must be checked. Sends one more bulk request per run for
        parameters, and another for artifacts. Reads each distinct value once.

        Parameters
        ----------
        times
            Whether to fetch exact end times from a service. True costs one request per run. ``"auto"`` is like
            True for up to 200 runs. For more, the end time is the last heartbeat. False leaves ``finished_at`` and
            ``duration`` of completed runs empty. Local runs always have exact times.
        params
            Whether to add a column ``param.<name>`` for each parameter, config and included file.
        artifacts
            Names of artifacts. Each name adds a column ``artifact.<name>``.
        results
            Whether to add a column ``artifact.<name>`` for each result: each number, bool and short text that the end
            task made, and each number in its small dicts (``artifact.metrics.auc``). Parameters are not results.
        exceptions
            Whether to add the columns ``exception`` (``ValueError: negative demand``) and ``failed_task`` (its pathspec)
            of the task that failed first. Costs what :meth:`Run.why` costs for each run that failed.
        step
            The step of the artifacts. None means the end task. If the tasks of the step have different values, the value
            is missing in the table.
        max_bytes
            The maximum size of a value in serialized bytes. Larger values are not read. They are missing in the table.
        unpickle
            Whether to unpickle values that are not builtins, numpy scalars or numpy arrays. Unpickling runs the code
            that pickles name.
        executor
            The executor that reads the values: from ``concurrent.futures``, Dask or loky. None means threads of this
            process.

        Returns
        -------
        pandas.DataFrame
            One row per run, with these columns:

            - ``pathspec``, ``flow``, ``run_id`` (strings)
            - ``status`` (category) and ``reason``
            - ``created_at``, ``started_at`` (UTC)
            - ``finished_at`` (UTC): when the end task finished
            - ``stopped_at`` (UTC): the last sign of activity of a run that failed or was lost
            - ``duration`` (timedelta): from the start to ``finished_at`` or ``stopped_at``
            - ``elapsed`` (timedelta): the time since the start, while the run runs
            - ``user``
            - ``user_tags``, ``system_tags`` (sorted lists)
            - ``origin_run_id``, if it was read

            Columns of values have the narrowest of the dtypes Int64, float64, boolean, string and object.
            ``attrs["times"]`` is ``exact``, ``heartbeat`` or ``none``.

        Raises
        ------
        MetaflowInvalidArgument
            An argument has an invalid value, or one of the columns that the runs should show is unknown.
        NotPicklableError
            The client cannot be sent to the executor.

        Warns
        -----
        ValuesNotRead
            Values were too large or not plain values. They are missing.

        Examples
        --------
        >>> table = Flow("ForecastFlow").runs().to_pandas(params=True, artifacts=["mean_error"])
        >>> table[["run_id", "status", "param.alpha", "artifact.mean_error"]]
                     run_id     status  param.alpha  artifact.mean_error
        0  1795378919475034  completed          0.3             4.147532
        1  1795378913725406     failed          0.3                  NaN
        2  1795378900338660  completed          0.5             4.386638
        3  1795378892798547  completed          0.1             4.035614
        """
        reading = Reading(max_bytes, unpickle, executor)
        rows, kind, values = self._table(
            times, reading, check_names(artifacts), step, params=params, results=results, exceptions=exceptions
        )
        frame = to_frame("runs", rows, values)
        frame.attrs["times"] = kind
        return frame

    def to_dicts(  # noqa: PLR0913 - as above
        self,
        *,
        times: bool | Literal["auto"] = "auto",
        params: bool = False,
        artifacts: Sequence[str] = (),
        results: bool = False,
        exceptions: bool = False,
        step: str | None = None,
        max_bytes: int = SMALL_VALUE_BYTES,
        unpickle: bool = False,
        executor: Executor | None = None,
    ) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as dicts.

        Parameters
        ----------
        times, params, artifacts, results, exceptions, step, max_bytes, unpickle, executor
            As in :meth:`to_pandas`.

        Returns
        -------
        list of dict
            One dict per run. Costs what :meth:`to_pandas` costs.
        """
        reading = Reading(max_bytes, unpickle, executor)
        rows, _, values = self._table(
            times, reading, check_names(artifacts), step, params=params, results=results, exceptions=exceptions
        )
        return to_dicts("runs", rows, values)

    def _table(
        self,
        times: object,
        reading: Reading,
        artifacts: tuple[str, ...],
        step: str | None,
        *,
        params: bool,
        results: bool,
        exceptions: bool,
    ) -> tuple[list[RunRow], str, Columns]:
        """Return the rows, the kind of their times, and the columns of values."""
        check_step(step)
        if results and step is not None:
            raise MetaflowInvalidArgument(
                "Expected results=True without step=: results are those of the end task. Try artifacts=[...] with step=."
            )
        if times not in (True, False, "auto"):
            raise MetaflowInvalidArgument(f'Expected times= to be True, False or "auto", got {repr_of(times, 40)}.')

        def kind(number: int) -> str:
            always = not self._context.provider.remote or bool(self._filter.status) or times is True
            if always or (times == "auto" and number <= EXACT_TIMES_LIMIT):
                return "exact"
            return "heartbeat" if times == "auto" else "none"

        has_values = params or results or artifacts or exceptions or self._columns
        context = listing_once(self._context) if has_values else self._context
        rows = self._in_context(context)._read_rows(None, kind)
        runs = [row.record for row in rows]
        values = parameter_columns(context, runs, reading) if params else {}
        values |= result_columns(context, runs) if results else {}
        values |= artifact_columns(context, runs, artifacts, step, reading) if artifacts else {}
        values |= failure_columns(context, rows) if exceptions else {}
        if self._columns and rows:  # a typo would show in displays only
            named_columns(context, runs, self._columns, self._title, rows)
        return rows, kind(len(rows)), values
