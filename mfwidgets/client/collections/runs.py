"""The runs of a flow: those in the namespace, chosen by tags, status, user and time."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Any, Literal

from mfwidgets.client.collections.base import Collection
from mfwidgets.client.collections.tasks import Artifacts, found_artifacts
from mfwidgets.client.collections.timings import Timings
from mfwidgets.client.run import Run
from mfwidgets.concurrency import parallel_map
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.providers.base import RunQuery
from mfwidgets.providers.records import ArtifactRecord, RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.rows import RunRow, run_rows
from mfwidgets.queries.run_filter import ALL_RUNS, RunFilter
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
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd

EXACT_TIMES_LIMIT = 200
"""Of so many runs of a metadata service the exact ends are asked for unbidden."""

_BATCH_SIZE = 16
"""So many runs are asked at once for what became of them, where that decides whether they are wanted."""


class Runs(Collection[Run]):
    """The runs of a flow that are in the namespace and wanted, newest first.

    Parameters
    ----------
    scope, flow
        Where to read, and whose runs.
    wanted
        Which of them.
    limit
        The most runs to give.
    conditions
        What their values must be.
    """

    def __init__(
        self,
        context: ClientContext,
        flow: str,
        wanted: RunFilter | None = None,
        limit: int | None = None,
        conditions: tuple[ValueFilter, ...] = (),
    ) -> None:
        self._context, self._flow = context, flow
        self._filter, self._conditions = wanted or ALL_RUNS, conditions
        where = "".join(condition.described() for condition in conditions)
        super().__init__(f"runs of {flow}{self._filter.described()}{where}", self._runs, limit)

    def _records(self) -> Iterator[RunRecord]:
        """Yield their records, newest first, reading only as far as the caller goes."""
        if self._filter.status:
            return islice((row.record for row in self._of_status()), self._limit)
        return islice(self._meeting(self._chosen(None if self._conditions else self._limit)), self._limit)

    def where(
        self,
        wanted: Mapping[str, Any] | None = None,
        /,
        *,
        step: str | None = None,
        max_bytes: int = SMALL_VALUE_BYTES,
        unpickle: bool = False,
        executor: Executor | None = None,
        **more: Any,
    ) -> "Runs":
        """Return those of them whose parameters and artifacts have certain values.

        Parameters
        ----------
        wanted, **more
            By name of a parameter or an artifact: a value that it must equal, by Python's ``==``, or a function that is
            given the value and tells whether it will do. As a dict for names that are no words of Python, or that are
            parameters of this method.
        step
            Whose artifacts: a run will do when one task of this step meets all conditions. None is the end task.
        max_bytes, unpickle, executor
            What values are read and where, as in :meth:`to_pandas`.

        Returns
        -------
        Runs
            As lazy as these, with the same limit. Costs one bulk question a run for parameters, another for artifacts;
            equal hashes are read once, and an exact int, float, bool, str or None is recognised by its hash alone.

        Raises
        ------
        MetaflowInvalidArgument
            Nothing is wanted; when used, a function of yours raised.

        Warns
        -----
        ValuesNotRead
            When used: a value was too large or no plain one, so that its run is left out; a name is nowhere.

        Examples
        --------
        >>> flow.runs(since="7d").where(alpha=0.1, score=lambda value: value > 0.9)  # doctest: +SKIP
        """
        if not isinstance(wanted, Mapping | None):
            raise MetaflowInvalidArgument(f"where() takes names and values, or a dict of them; not {wanted!r:.60}.")
        conditions = ValueFilter({**(wanted or {}), **more}, step, Reading(max_bytes, unpickle, executor))
        return Runs(self._context, self._flow, self._filter, self._limit, (*self._conditions, conditions))

    def find_artifacts(self, name: str) -> Artifacts:
        """Return the artifacts of this name of all tasks of these runs, the newest run first; no value is read.

        One bulk question for each run.
        """
        wanted = {check_name(name)}

        def named() -> Iterator[ArtifactRecord]:
            runs = self._records()
            while some := list(islice(runs, _BATCH_SIZE)):
                yield from chain.from_iterable(
                    parallel_map(
                        lambda run: self._context.provider.artifacts(run.path, wanted),
                        some,
                        title="runs",
                        max_concurrency=self._context.max_concurrency,
                    )
                )

        return found_artifacts(self._context, f"artifacts {name!r} of {self._title}", named)

    def _in_context(self, context: ClientContext) -> "Runs":
        return Runs(context, self._flow, self._filter, self._limit, self._conditions)

    def _meeting(self, runs: Iterator[RunRecord]) -> Iterator[RunRecord]:
        for condition in self._conditions:
            runs = condition.filter_runs(self._context, runs)
        return runs

    def _chosen(self, limit: int | None, *, with_status: bool = False, service_status: str = "") -> Iterator[RunRecord]:
        """Yield those that are wanted, their status left aside."""
        wanted, namespace = self._filter, self._context.namespace
        tags = wanted.tags if namespace is None else (*wanted.tags, namespace)
        choice = RunQuery(tags, limit, with_status, service_status, wanted.user, wanted.since_ms, wanted.until_ms)
        found = self._context.provider.runs(self._flow, choice)
        # They come newest first: before the first moment that is wanted there is none.
        young = takewhile(lambda run: run.created_ms >= wanted.since_ms, found) if wanted.since_ms else found
        return (run for run in young if wanted.includes(run) and run.tags.issuperset(tags))

    def _of_status(self) -> Iterator[RunRow]:
        """Yield what is known of those of the wanted status: each is proved, several at once."""
        chosen = self._chosen(None, with_status=True, service_status=self._filter.service_status)
        records = self._meeting(chosen)
        while some := list(islice(records, _BATCH_SIZE)):
            yield from (row for row in run_rows(self._context, some) if row.status == self._filter.status)

    def successful(self) -> Iterator[Run]:
        """Yield those that succeeded, newest first, each proved.

        A metadata service is asked for those of which it says so; only where there are none (it knows no last step but
        one named ``end``) all are walked.
        """
        good = self._good("completed") if self._context.provider.remote else iter(())
        first = next(good, None)
        if first is None:
            yield from self._good("")
        else:
            yield first
            yield from good

    def _good(self, service_status: str) -> Iterator[Run]:
        chosen = self._chosen(1, service_status=service_status) if service_status else None
        records = self._meeting(chosen) if chosen else self._records()
        for record in records:
            run = Run._of(self._context, record)
            if run.successful:
                yield run

    def _rows(self, limit: int | None = None) -> list[RunRow]:
        """Return what is known of them, newest first; of the first ``limit`` only, when given."""
        return self._read_rows(limit, lambda _: "exact")

    def _row_pages(self, size: int, skip: int = 0) -> Iterator[list[RunRow]]:
        """Yield what is known of them, newest first, so many at a time, the first ``skip`` left out.

        No page is read before it is asked for; of those that are left out only the records are.
        """
        if self._filter.status:
            rows = islice(self._of_status(), skip, self._limit)
            while page := list(islice(rows, size)):
                yield page
            return
        records = islice(self._meeting(self._chosen(None, with_status=True)), skip, self._limit)
        while some := list(islice(records, size)):
            yield run_rows(self._context, some)

    def _quick_rows(self) -> list[RunRow]:
        """Return what is known of them, newest first; the ends of runs of a service are their last heartbeats."""
        return self._read_rows(None, lambda _: "heartbeat")

    def _read_rows(self, limit: int | None, kind: Callable[[int], str]) -> list[RunRow]:
        """Return rows whose times are of the kind that their number suggests: ``exact``, ``heartbeat`` or ``none``."""
        most = min((most for most in (limit, self._limit) if most is not None), default=sys.maxsize)
        if self._filter.status:  # which each of them had to be read for
            return list(islice(self._of_status(), most))
        chosen = self._chosen(None if self._conditions else most, with_status=True)
        records = list(islice(self._meeting(chosen), most))
        times = kind(len(records))
        rows = run_rows(self._context, records, exact_times=times == "exact")
        if times == "none":
            return [replace(row, finished_ms=None) if row.record.service_status == "completed" else row for row in rows]
        return rows

    def _runs(self) -> Iterator[Run]:
        return (Run._of(self._context, record) for record in self._records())

    def _cheap_count(self) -> int | None:
        """Return how many there are, where no record needs to be read for that; else None."""
        if (
            self._limit is not None
            or self._filter != ALL_RUNS
            or self._conditions
            or self._context.namespace is not None
        ):
            return None
        return self._context.provider.count_runs(self._flow)

    def count(self) -> int:
        """Return how many there are; all their records are read, unless nothing chooses among them."""
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
        """Return a table of them, newest first.

        Parameters
        ----------
        times
            Of a metadata service, where the end of each run that completed is a request: True asks for all, False for
            none, so that ``finished_at`` and ``duration`` are empty for these runs; "auto" asks for up to 200 runs, and
            takes the last heartbeats of more for their ends. Local runs have exact times whatever is said here.
        params
            Add a column ``param.<name>`` for each parameter, config and included file.
        artifacts
            Add a column ``artifact.<name>`` for each of these names.
        step
            Whose artifacts; None takes the end task's. Where its tasks have different values, none is shown.
        max_bytes
            Larger values are left out; bytes, serialized.
        unpickle
            Read values that are neither builtins nor numpy scalars and arrays as well, which runs what their pickles say.
        executor
            Where values are read: an executor of ``concurrent.futures``, or one like it (Dask's, loky's); None takes
            threads of this process.

        Returns
        -------
        pandas.DataFrame
            ``pathspec``, ``flow``, ``run_id`` (text), ``status`` (category), ``reason``, ``created_at``, ``started_at``,
            ``finished_at`` (UTC; of its end task), ``stopped_at`` (UTC; the last sign of activity of a run that failed or
            was lost), ``duration`` (timedelta; until one of both), ``elapsed`` (since its start, while it runs), ``user``,
            ``user_tags``, ``system_tags`` (sorted lists), ``origin_run_id`` (of a resumed run, where it was read).
            ``attrs["times"]`` says what the ends are:
            ``exact``, ``heartbeat`` or ``none``. Costs a handful of small reads a local run that completed; of a service
            a request for 500 runs, and one for each of which a time or a proof is needed. Parameters cost one bulk
            question a run, artifacts another, and one read for each distinct value. Columns of values have the narrowest
            dtype of Int64, float64, boolean, string and object that keeps them.

        Raises
        ------
        NotPicklableError
            The client cannot go where the executor is.

        Warns
        -----
        ValuesNotRead
            Values were too large or no plain ones; they are missing.
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
        """Return the same as plain data, a dict a run; the parameters are those of :meth:`to_pandas`."""
        reading = Reading(max_bytes, unpickle, executor)
        rows, _, values = self._table(times, reading, check_names(artifacts), step, params=params)
        return to_dicts("runs", rows, values)

    def _table(
        self, times: object, reading: Reading, artifacts: tuple[str, ...], step: str | None, *, params: bool
    ) -> tuple[list[RunRow], str, Columns]:
        """Return rows, what their times are, and columns of values."""
        check_step(step)
        if times not in (True, False, "auto"):
            raise MetaflowInvalidArgument(f'times= is True, False or "auto"; not {times!r:.40}.')

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
        """Return how long the steps of each of them took."""
        return Timings(self._context, self._title, self._records)
