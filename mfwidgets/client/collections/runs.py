"""The runs of a flow in the namespace, filtered by tags, status, user, time and values."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Any, Literal

from mfwidgets.client.collections.base import Collection
from mfwidgets.client.collections.successful_runs import MAX_RUNS_CHECKED, SuccessfulRuns
from mfwidgets.client.collections.tasks import Artifacts, named_artifacts
from mfwidgets.client.collections.timings import Timings
from mfwidgets.client.run import Run
from mfwidgets.concurrency import parallel_map
from mfwidgets.errors import MetaflowInvalidArgument, RunsNotChecked, warn
from mfwidgets.providers.base import RunQuery
from mfwidgets.providers.records import ArtifactRecord, RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.rows import RunRow, run_rows
from mfwidgets.queries.run_filter import ALL_RUNS, RunFilter
from mfwidgets.queries.status.believed import ends_with_end
from mfwidgets.queries.values.reading import SMALL_VALUE_BYTES, Reading
from mfwidgets.queries.values.value_columns import (
    Columns,
    artifact_columns,
    check_name,
    check_names,
    check_step,
    parameter_columns,
)
from mfwidgets.queries.values.value_filter import ValueFilter
from mfwidgets.safe_repr import repr_of
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd

EXACT_TIMES_LIMIT = 200
"""Up to this many runs, ``to_pandas`` fetches exact end times by default (metadata service only)."""

_BATCH_SIZE = 16
"""The number of runs whose statuses are read at once, if a filter needs them."""


class Runs(Collection[Run]):
    """The runs of a flow that are in the namespace and pass the filters, newest first.

    Parameters
    ----------
    context
        The context of the flow.
    flow
        The name of the flow.
    selection
        The filter by tags, status, user and time.
    limit
        The maximum number of runs.
    conditions
        The filters by values.
    """

    def __init__(
        self,
        context: ClientContext,
        flow: str,
        selection: RunFilter | None = None,
        limit: int | None = None,
        conditions: tuple[ValueFilter, ...] = (),
    ) -> None:
        self._context, self._flow = context, flow
        self._filter, self._conditions = selection or ALL_RUNS, conditions
        described = "".join(condition.described() for condition in conditions)
        super().__init__(f"runs of {flow}{self._filter.described()}{described}", self._runs, limit)

    def _records(self) -> Iterator[RunRecord]:
        """Yield the records of the runs, newest first. Reads them while the caller iterates."""
        if self._filter.status:
            return islice((row.record for row in self._of_status(exact_times=False)), self._limit)
        return islice(self._meeting(self._selected(None if self._conditions else self._limit)), self._limit)

    def where(
        self,
        conditions: Mapping[str, Any] | None = None,
        /,
        *,
        step: str | None = None,
        max_bytes: int = SMALL_VALUE_BYTES,
        unpickle: bool = False,
        executor: Executor | None = None,
        **more: Any,
    ) -> "Runs":
        """Return the runs whose parameters and artifacts have certain values.

        Reads nothing until the runs are used. Then sends one bulk request per run for parameters and another for
        artifacts. Reads each distinct value once. If comparing stored hashes is enough, the value is not read. That is
        so for an exact int, float, bool, str or None.

        Parameters
        ----------
        conditions
            Conditions as a dict of name and condition. Needed for names that are not Python identifiers, or that are
            parameters of this method.
        step
            The step of the artifacts. A run matches if one task of this step meets all conditions. None means the end
            task.
        max_bytes, unpickle, executor
            Which values are read and where, as in :meth:`to_pandas`.
        **more
            A condition for each name of a parameter or artifact: a value that it must equal (Python's ``==``), or a
            function that is called with the value and returns whether it matches.

        Returns
        -------
        Runs
            A lazy collection with the same limit.

        Raises
        ------
        MetaflowInvalidArgument
            There is no condition. Also raised when the runs are used, if the function of a condition raised an error.

        Warns
        -----
        ValuesNotRead
            When the runs are used: a value was too large or not a plain value, so its run is excluded. Or no run has a
            parameter or artifact with the name.

        Examples
        --------
        >>> list(Flow("ForecastFlow").runs().where(alpha=0.5))
        [Run('ForecastFlow/1795378900338660')]
        >>> list(Flow("ForecastFlow").runs().where(mean_error=lambda error: error < 4.1))
        [Run('ForecastFlow/1795378892798547')]
        """
        if not isinstance(conditions, Mapping | None):
            raise MetaflowInvalidArgument(
                f"Expected name=value pairs or a dict of them in where(), got {repr_of(conditions, 60)}."
            )
        value_filter = ValueFilter({**(conditions or {}), **more}, step, Reading(max_bytes, unpickle, executor))
        return Runs(self._context, self._flow, self._filter, self._limit, (*self._conditions, value_filter))

    def find_artifacts(self, name: str) -> Artifacts:
        """Return the artifacts with this name, of all tasks of these runs, without their values.

        Parameters
        ----------
        name
            The name of the artifact.

        Returns
        -------
        Artifacts
            A lazy collection, newest run first. Costs one bulk request for each run when it is used.

        Examples
        --------
        >>> Flow("ForecastFlow").runs().find_artifacts("worst").count()
        6
        """
        names = {check_name(name)}

        def named() -> Iterator[ArtifactRecord]:
            runs = self._records()
            while batch := list(islice(runs, _BATCH_SIZE)):
                yield from chain.from_iterable(
                    parallel_map(
                        lambda run: self._context.provider.artifacts(run.path, names),
                        batch,
                        title="runs",
                        max_concurrency=self._context.max_concurrency,
                    )
                )

        return named_artifacts(self._context, f"artifacts {name!r} of {self._title}", named)

    def _in_context(self, context: ClientContext) -> "Runs":
        return Runs(context, self._flow, self._filter, self._limit, self._conditions)

    def _meeting(self, runs: Iterator[RunRecord]) -> Iterator[RunRecord]:
        for condition in self._conditions:
            runs = condition.filter_runs(self._context, runs)
        return runs

    def _selected(
        self, limit: int | None, *, with_status: bool = False, service_status: str = ""
    ) -> Iterator[RunRecord]:
        """Yield the runs that pass all filters except the status."""
        selection, namespace = self._filter, self._context.namespace
        tags = selection.tags if namespace is None else (*selection.tags, namespace)
        query = RunQuery(
            tags,
            limit,
            with_status,
            service_status,
            selection.user,
            selection.since_ms,
            selection.until_ms,
            selection.page_size,
        )
        records = self._context.provider.runs(self._flow, query)
        # Runs come newest first, so the first run before ``since`` ends the iteration.
        recent = takewhile(lambda run: run.created_ms >= selection.since_ms, records) if selection.since_ms else records
        return (run for run in recent if selection.includes(run) and run.tags.issuperset(tags))

    def _of_status(self, *, exact_times: bool = True) -> Iterator[RunRow]:
        """Yield the rows of the runs with the selected status. Checks the statuses of several runs at once."""
        selected, size = self._completed() if self._filter.statuses == ("completed",) else None, _BATCH_SIZE
        if selected is None:
            selected = self._selected(None, with_status=True, service_status=self._filter.service_status)
        elif not exact_times and not self._conditions:
            size = self._limit or size  # all of them are completed, so no further page is needed
        records = self._meeting(selected)
        while batch := list(islice(records, size)):
            rows = run_rows(self._context, batch, exact_times=exact_times)
            yield from (row for row in rows if row.status in self._filter.statuses)

    def _completed(self) -> Iterator[RunRecord] | None:
        """Return the runs that a service calls completed. None if it may call other runs failed that completed."""
        if not self._context.provider.remote:
            return None
        completed = self._selected(self._limit, with_status=True, service_status="completed")
        first = list(islice(completed, 1))
        return chain(first, completed) if self._ends_with_end(first) else None

    def _ends_with_end(self, runs: Sequence[RunRecord]) -> bool:
        """Return whether the last step of the flow is named ``end``. Asks the newest run unless runs are known."""
        newest = runs or list(islice(self._context.provider.runs(self._flow, RunQuery(limit=1)), 1))
        return bool(newest) and ends_with_end(self._context, newest[0])

    def successful(self) -> Iterator[Run]:
        """Yield the runs that succeeded, newest first.

        Costs one or two requests for each yielded run, to check its status. A metadata service filters by the status
        that it recorded. It records ``completed`` only if the last step is named ``end``. If no recorded run is
        completed, all runs are checked, many at once: up to 200 runs of a service. None is checked if the last step of the
        newest run is named ``end``, because then the service knows.

        Yields
        ------
        Run
            A run whose :attr:`Run.successful` is True.

        Warns
        -----
        RunsNotChecked
            The service does not know which runs completed, and has more than 200.

        Examples
        --------
        >>> [run.id for run in Flow("ForecastFlow").runs().successful()]
        ['1795378919475034', '1795378900338660', '1795378892798547']
        """
        search = self._search(MAX_RUNS_CHECKED if self._context.provider.remote else None)
        for record in search.find():
            yield Run._of(self._context, record)
        if search.is_limited:
            warn(
                f"Only the newest {search.checked:,} runs of {self._flow} were checked, because the metadata service does "
                "not know which runs completed. Try runs(since=..., until=...).",
                RunsNotChecked,
            )

    def _search(self, max_checked: int | None) -> SuccessfulRuns:
        """Return a search for the runs that succeeded."""

        def runs(service_status: str) -> Iterator[RunRecord]:
            if service_status:
                return self._meeting(self._selected(1, service_status=service_status))
            return self._records()

        return SuccessfulRuns(self._context, runs, max_checked)

    def _rows(self, limit: int | None = None) -> list[RunRow]:
        """Return the rows of the runs, newest first. ``limit`` is the maximum number of rows."""
        return self._read_rows(limit, lambda _: "exact")

    def _row_pages(self, size: int, skip: int = 0) -> Iterator[list[RunRow]]:
        """Yield pages of ``size`` rows, newest first, without the first ``skip`` rows.

        Each page is read when it is requested. Without a filter by status, only the records of skipped runs are read.
        """
        if self._filter.status:
            rows = islice(self._of_status(), skip, self._limit)
            while page := list(islice(rows, size)):
                yield page
            return
        records = islice(self._meeting(self._selected(None, with_status=True)), skip, self._limit)
        while batch := list(islice(records, size)):
            yield run_rows(self._context, batch)

    def _quick_rows(self) -> list[RunRow]:
        """Return the rows of the runs, newest first. With a service, the last heartbeat counts as the end of a run."""
        return self._read_rows(None, lambda _: "heartbeat")

    def _read_rows(self, limit: int | None, kind: Callable[[int], str]) -> list[RunRow]:
        """Return rows. ``kind`` maps the number of rows to the kind of times: ``exact``, ``heartbeat`` or ``none``."""
        maximum = min((number for number in (limit, self._limit) if number is not None), default=sys.maxsize)
        if self._filter.status:  # the filter has read the rows already
            return list(islice(self._of_status(exact_times=kind(0) == "exact"), maximum))
        selected = self._selected(None if self._conditions else maximum, with_status=True)
        records = list(islice(self._meeting(selected), maximum))
        times = kind(len(records))
        rows = run_rows(self._context, records, exact_times=times == "exact")
        if times == "none":
            return [replace(row, finished_ms=None) if row.record.service_status == "completed" else row for row in rows]
        return rows

    def _runs(self) -> Iterator[Run]:
        return (Run._of(self._context, record) for record in self._records())

    def _cheap_count(self) -> int | None:
        """Return the number of runs if it can be counted without reading records, otherwise None."""
        if (
            self._limit is not None
            or self._filter != ALL_RUNS
            or self._conditions
            or self._context.namespace is not None
        ):
            return None
        return self._context.provider.count_runs(self._flow)

    def count(self) -> int:
        """Return the number of runs.

        Returns
        -------
        int
            Costs as much as an iteration. Without filters and without a namespace: sends one request, or lists a
            folder.

        Examples
        --------
        >>> Flow("ForecastFlow").runs("experiment:alpha").count()
        3
        """
        cheap = self._cheap_count()
        return super().count() if cheap is None else cheap

    def to_pandas(
        self,
        *,
        times: bool | Literal["auto"] = "auto",
        params: bool = False,
        artifacts: Sequence[str] = (),
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
            An argument has an invalid value.
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
        rows, kind, values = self._table(times, reading, check_names(artifacts), step, params=params)
        frame = to_frame("runs", rows, values)
        frame.attrs["times"] = kind
        return frame

    def to_dicts(
        self,
        *,
        times: bool | Literal["auto"] = "auto",
        params: bool = False,
        artifacts: Sequence[str] = (),
        step: str | None = None,
        max_bytes: int = SMALL_VALUE_BYTES,
        unpickle: bool = False,
        executor: Executor | None = None,
    ) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as dicts.

        Parameters
        ----------
        times, params, artifacts, step, max_bytes, unpickle, executor
            As in :meth:`to_pandas`.

        Returns
        -------
        list of dict
            One dict per run. Costs what :meth:`to_pandas` costs.
        """
        reading = Reading(max_bytes, unpickle, executor)
        rows, _, values = self._table(times, reading, check_names(artifacts), step, params=params)
        return to_dicts("runs", rows, values)

    def _table(
        self, times: object, reading: Reading, artifacts: tuple[str, ...], step: str | None, *, params: bool
    ) -> tuple[list[RunRow], str, Columns]:
        """Return the rows, the kind of their times, and the columns of values."""
        check_step(step)
        if times not in (True, False, "auto"):
            raise MetaflowInvalidArgument(f'Expected times= to be True, False or "auto", got {repr_of(times, 40)}.')

        def kind(number: int) -> str:
            always = not self._context.provider.remote or bool(self._filter.status) or times is True
            if always or (times == "auto" and number <= EXACT_TIMES_LIMIT):
                return "exact"
            return "heartbeat" if times == "auto" else "none"

        rows = self._read_rows(None, kind)
        runs = [row.record for row in rows]
        values = parameter_columns(self._context, runs, reading) if params else {}
        values |= artifact_columns(self._context, runs, artifacts, step, reading) if artifacts else {}
        return rows, kind(len(rows)), values

    def timings(self) -> Timings:
        """Return the durations of the steps of these runs.

        Returns
        -------
        Timings
            A lazy collection. Using it costs four bulk requests and one small read for each run.

        Examples
        --------
        >>> timings = Flow("ForecastFlow").runs(limit=1).timings().to_pandas()
        >>> timings[["step", "status", "task_count", "duration"]]
              step     status  task_count               duration
        0    start  completed           1 0 days 00:00:00.023000
        1      fit  completed          12 0 days 00:00:00.454000
        2  compare  completed           1 0 days 00:00:00.008000
        3      end  completed           1 0 days 00:00:00.002000
        """
        return Timings(self._context, self._title, self._records)
