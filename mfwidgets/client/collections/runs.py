"""The runs of a flow, or of all flows, in the namespace, filtered by tags, status, user, time and values."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING

from mfwidgets.client.collections.base import Collection
from mfwidgets.client.collections.filtered_runs import FilteredRuns
from mfwidgets.client.collections.ranked_runs import RankedRuns, RunSource
from mfwidgets.client.collections.run_tables import RunTables
from mfwidgets.client.collections.tasks import Artifacts, named_artifacts
from mfwidgets.client.run import Run
from mfwidgets.concurrency import parallel_map
from mfwidgets.errors import RunsNotChecked, warn
from mfwidgets.providers.base import RunQuery
from mfwidgets.providers.records import ArtifactRecord, RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.rows import RunRow, proved_rows, run_rows
from mfwidgets.queries.run_filter import ALL_RUNS, RunFilter
from mfwidgets.queries.status.believed import ends_with_end
from mfwidgets.queries.values.value_columns import check_name

if TYPE_CHECKING:
    from mfwidgets.client.answers.run_grid import RunGrid
    from mfwidgets.client.collections.successful_runs import SuccessfulRuns
    from mfwidgets.client.collections.timings import Timings
    from mfwidgets.queries.values.value_filter import ValueFilter

ALL_FLOWS = "all flows"
"""The name of the owner in the title of the runs of all flows."""

_TEXT_PAGE = 500
"""Runs in the first page of a search by text."""

_STATUS_BATCH = 50
"""Runs whose statuses are requested at once, after a search by text."""

_BATCH_SIZE = 16
"""The number of runs whose statuses are read at once, if a filter needs them."""


class Runs(FilteredRuns, RankedRuns, RunTables, Collection[Run]):
    """The runs of a flow, or of all flows, that are in the namespace and pass the filters, newest first.

    Parameters
    ----------
    context
        The context of the flow.
    flow
        The name of the flow. None means all flows.
    selection
        The filter by tags, status, user and time.
    limit
        The maximum number of runs.
    conditions
        The filters by values.
    source
        The runs that are filtered, if they are not those of the whole flow: sorted runs, or a group.
    columns
        The columns that a display shows. Empty means that it chooses.
    """

    def __init__(
        self,
        context: ClientContext,
        flow: str | None,
        selection: RunFilter | None = None,
        limit: int | None = None,
        conditions: "tuple[ValueFilter, ...]" = (),
        source: RunSource | None = None,
        columns: tuple[str, ...] = (),
    ) -> None:
        self._context, self._flow, self._columns = context, flow, columns
        self._filter, self._conditions, self._source = selection or ALL_RUNS, conditions, source
        described = "".join(condition.described() for condition in conditions)
        base = source.title if source else f"runs of {ALL_FLOWS if flow is None else flow}"
        super().__init__(f"{base}{self._filter.described()}{described}", self._runs, limit)

    def _records(self, *, with_status: bool = False) -> Iterator[RunRecord]:
        """Yield the records of the runs, newest first. Reads them while the caller iterates."""
        if self._filter.status:
            return islice((row.record for row in self._of_status(exact_times=False)), self._limit)
        limit = None if self._conditions else self._limit
        with_status = with_status or bool(self._conditions)  # a service's runs are remembered with their status
        return islice(self._meeting(self._selected(limit, with_status=with_status)), self._limit)

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

    def _with(
        self, *, selection: RunFilter | None = None, conditions: "tuple[ValueFilter, ...] | None" = None
    ) -> "Runs":
        """Return the same runs with another filter, or other conditions."""
        return Runs(
            self._context,
            self._flow,
            self._filter if selection is None else selection,
            self._limit,
            self._conditions if conditions is None else conditions,
            self._source,
            self._columns,
        )

    def _from(self, source: RunSource, limit: int | None = None) -> "Runs":
        return Runs(self._context, self._flow, None, limit, (), source, self._columns)

    def _limited(self, count: int) -> "Runs":
        limit = count if self._limit is None else min(count, self._limit)
        return Runs(self._context, self._flow, self._filter, limit, self._conditions, self._source, self._columns)

    def _in_context(self, context: ClientContext) -> "Runs":
        source = self._source.in_context(context) if self._source else None
        return Runs(context, self._flow, self._filter, self._limit, self._conditions, source, self._columns)

    @property
    def _named(self) -> tuple[str, ...]:
        """The names of columns by which the runs are sorted and filtered."""
        conditions = (name for condition in self._conditions for name in condition.conditions)
        return tuple(dict.fromkeys((*(self._source.named if self._source else ()), *conditions)))

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
        # The service does not search texts, and a page with statuses takes ten times as long. So the text comes first.
        later = bool(selection.text) and with_status and self._context.provider.remote and self._source is None
        query = RunQuery(
            tags,
            _TEXT_PAGE if selection.text else limit,
            with_status and not later,
            "" if later else service_status,
            selection.user,
            selection.since_ms,
            selection.until_ms,
            selection.page_size,
        )
        if self._source is not None:  # in any order
            sourced = self._source.records(with_status=with_status)
            return (run for run in sourced if selection.includes(run) and run.tags.issuperset(tags))
        if self._flow is None:
            from mfwidgets.queries.activity import runs_of_all_flows

            records = runs_of_all_flows(self._context, query)
        else:
            records = self._context.provider.runs(self._flow, query)
        # Runs come newest first, so the first run before ``since`` ends the iteration.
        recent = takewhile(lambda run: run.created_ms >= selection.since_ms, records) if selection.since_ms else records
        selected = (run for run in recent if selection.includes(run) and run.tags.issuperset(tags))
        return self._with_statuses(selected, service_status, limit) if later else selected

    def _with_statuses(self, runs: Iterator[RunRecord], service_status: str, limit: int | None) -> Iterator[RunRecord]:
        """Yield runs with their statuses of the service, without those that have another one than the given ones."""
        while batch := list(islice(runs, min(limit or _STATUS_BATCH, _STATUS_BATCH))):
            for run in self._with_status_of_service(batch):
                if not service_status or not run.service_status or run.service_status in service_status.split(","):
                    yield run

    def _with_status_of_service(self, runs: Sequence[RunRecord]) -> list[RunRecord]:
        flows = dict.fromkeys(run.flow for run in runs)
        batches = [self._context.provider.with_status([run for run in runs if run.flow == flow]) for flow in flows]
        filled = {run.path: run for batch in batches for run in batch}
        return [filled[run.path] for run in runs]

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
        if not self._context.provider.remote or self._flow is None:
            return None
        completed = self._selected(self._limit, with_status=True, service_status="completed")
        first = list(islice(completed, 1))
        return chain(first, completed) if self._ends_with_end(first) else None

    def _ends_with_end(self, runs: Sequence[RunRecord]) -> bool:
        """Return whether the last step of the flow is named ``end``. Asks the newest run unless runs are known."""
        flow = self._flow or ""
        newest = runs or list(islice(self._context.provider.runs(flow, RunQuery(limit=1)), 1))
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
        if self._flow is None:  # the flows differ in what the service knows
            if "completed" in (self._filter.statuses or ("completed",)):
                yield from self._with(selection=replace(self._filter, status="completed"))
            return
        from mfwidgets.client.collections.successful_runs import MAX_RUNS_CHECKED

        search = self._search(MAX_RUNS_CHECKED if self._context.provider.remote else None)
        for record in search.find():
            yield Run._of(self._context, record)
        if search.is_limited:
            warn(
                f"Only the newest {search.checked:,} runs of {self._flow} were checked, because the metadata service does "
                "not know which runs completed. Try runs(since=..., until=...).",
                RunsNotChecked,
            )

    def _search(self, max_checked: int | None) -> "SuccessfulRuns":
        """Return a search for the runs that succeeded."""

        def runs(service_status: str) -> Iterator[RunRecord]:
            if service_status:
                return self._meeting(self._selected(1, service_status=service_status))
            return self._records()

        from mfwidgets.client.collections.successful_runs import SuccessfulRuns

        return SuccessfulRuns(self._context, runs, max_checked)

    def _rows(self, limit: int | None = None) -> list[RunRow]:
        """Return the rows of the runs, newest first. ``limit`` is the maximum number of rows."""
        return self._read_rows(limit, lambda _: "exact")

    def _row_pages(self, size: int, skip: int = 0) -> Iterator[list[RunRow]]:
        """Yield pages of ``size`` rows, newest first, without the first ``skip`` rows.

        Each page is read when it is requested. Without a filter by status, only the records of skipped runs are read. The
        statuses are those of a first look: :func:`proved_rows` fills in the rest.
        """
        if self._filter.status:
            rows = islice(self._of_status(exact_times=False), skip, self._limit)
            while page := list(islice(rows, size)):
                yield page
            return
        records = islice(self._meeting(self._selected(None, with_status=True)), skip, self._limit)
        while batch := list(islice(records, size)):
            yield run_rows(self._context, batch, exact_times=False, first_look=True)

    def _proved(self, rows: Sequence[RunRow]) -> list[RunRow]:
        """Return the rows of a page with proved statuses and exact times."""
        return proved_rows(self._context, rows)

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
            or self._source is not None
            or self._context.namespace is not None
            or self._flow is None
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

    def grid(self, limit: int = 30) -> "RunGrid":
        """Return the steps of the last runs as a grid: one row per run, one tile per step.

        Parameters
        ----------
        limit
            The maximum number of runs. The display has at most ``mfwidgets.options.display_max_rows``.

        Returns
        -------
        RunGrid
            The grid. It displays itself. Displaying it costs four bulk requests and one small read for each run, once: runs
            that have ended are remembered.

        Raises
        ------
        MetaflowInvalidArgument
            ``limit`` is not a positive number.

        Examples
        --------
        >>> Flow("ForecastFlow").runs().grid()
        <grid of runs of ForecastFlow>
        """
        from mfwidgets.client.answers.run_grid import RunGrid

        return RunGrid(self, limit)

    def timings(self) -> "Timings":
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
        from mfwidgets.client.collections.timings import Timings

        return Timings(self._context, self._title, self._records)
