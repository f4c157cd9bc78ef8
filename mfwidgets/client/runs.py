"""The runs of a flow: those in the namespace, chosen by tags, status, user and time."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Literal

from mfwidgets.client.collection import Collection
from mfwidgets.client.presentable import runs_to_pandas
from mfwidgets.client.rows import RunRow, run_rows
from mfwidgets.client.run import Run
from mfwidgets.client.run_filter import ANY, RunFilter
from mfwidgets.client.run_states import run_states
from mfwidgets.client.scope import Scope
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.metadata_provider.base import Choice
from mfwidgets.metadata_provider.records import RunRecord

if TYPE_CHECKING:
    import pandas as pd

FEW = 200
"""Of so many runs of a metadata service the exact ends are asked for unbidden."""

_TOGETHER = 16
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
    """

    def __init__(self, scope: Scope, flow: str, wanted: RunFilter | None = None, limit: int | None = None) -> None:
        self.scope, self.flow = scope, flow
        self.wanted = wanted or ANY
        super().__init__(f"runs of {flow}{self.wanted.described()}", self._runs, limit)

    def records(self) -> Iterator[RunRecord]:
        """Yield their records, newest first, reading only as far as the caller goes."""
        return islice(self._chosen(self._limit), self._limit)

    def _chosen(self, limit: int | None, *, with_status: bool = False, service_status: str = "") -> Iterator[RunRecord]:
        wanted, namespace = self.wanted, self.scope.namespace
        tags = wanted.tags if namespace is None else (*wanted.tags, namespace)
        if wanted.status:
            limit, service_status = None, service_status or wanted.service_status
        choice = Choice(
            tags,
            limit,
            with_status or bool(wanted.status),
            service_status,
            wanted.user,
            wanted.since_ms,
            wanted.until_ms,
        )
        found = self.scope.provider.runs(self.flow, choice)
        # They come newest first: before the first moment that is wanted there is none.
        young = takewhile(lambda run: run.created_ms >= wanted.since_ms, found) if wanted.since_ms else found
        fitting = (run for run in young if wanted.admits(run) and run.tags.issuperset(tags))
        return self._of_status(fitting, wanted.status) if wanted.status else fitting

    def _of_status(self, records: Iterator[RunRecord], status: str) -> Iterator[RunRecord]:
        """Leave those of a status: each is proved, several at once."""
        while some := list(islice(records, _TOGETHER)):
            states = run_states(self.scope, some)
            yield from (run for run, state in zip(some, states, strict=True) if state.status == status)

    def successful(self) -> Iterator[Run]:
        """Yield those that succeeded, newest first, each proved.

        A metadata service is asked for those of which it says so; only where there are none (it knows no last step but
        one named ``end``) all are walked.
        """
        good = self._good("completed") if self.scope.provider.remote else iter(())
        first = next(good, None)
        if first is None:
            yield from self._good("")
        else:
            yield first
            yield from good

    def _good(self, service_status: str) -> Iterator[Run]:
        for record in self._chosen(1 if service_status else None, service_status=service_status):
            run = Run.of(self.scope, record)
            if run.successful:
                yield run

    def rows(self, limit: int | None = None) -> list[RunRow]:
        """Return what is known of them, newest first; of the first ``limit`` only, when given."""
        return run_rows(self.scope, self._with_status(limit))

    def _with_status(self, limit: int | None = None) -> list[RunRecord]:
        most = min((most for most in (limit, self._limit) if most is not None), default=None)
        return list(islice(self._chosen(sys.maxsize if most is None else most, with_status=True), most))

    def _runs(self) -> Iterator[Run]:
        return (Run.of(self.scope, record) for record in self.records())

    def cheap_count(self) -> int | None:
        """Return how many there are, where no record needs to be read for that; else None."""
        if self._limit is not None or self.wanted != ANY or self.scope.namespace is not None:
            return None
        return self.scope.provider.count_runs(self.flow)

    def count(self) -> int:
        """Return how many there are; all their records are read, unless nothing chooses among them."""
        cheap = self.cheap_count()
        return super().count() if cheap is None else cheap

    def to_pandas(self, *, times: bool | Literal["auto"] = "auto") -> "pd.DataFrame":
        """Return a table of them, newest first.

        Parameters
        ----------
        times
            Of a metadata service, where the end of each run that completed is a request: True asks for all, False for
            none, so that ``finished_at`` and ``duration`` are empty for these runs; "auto" asks for up to 200 runs, and
            takes the last heartbeats of more for their ends. Local runs have exact times whatever is said here.

        Returns
        -------
        pandas.DataFrame
            ``pathspec``, ``flow``, ``run_id`` (text), ``status`` (category), ``created_at``, ``started_at``,
            ``finished_at`` (UTC), ``duration`` (timedelta), ``user``, ``user_tags``, ``system_tags`` (sorted lists),
            ``origin_run_id`` (of a resumed run, where it was read). ``attrs["times"]`` says what the ends are:
            ``exact``, ``heartbeat`` or ``none``. Costs a handful of small reads a local run that completed; of a service
            a request for 500 runs, and one for each of which a time or a proof is needed.
        """
        if times not in (True, False, "auto"):
            raise MetaflowInvalidArgument(f'times= is True, False or "auto"; not {times!r:.40}.')
        records = self._with_status()
        if not self.scope.provider.remote or times is True or (times == "auto" and len(records) <= FEW):
            kind = "exact"
        elif times == "auto":
            kind = "heartbeat"
        else:
            kind = "none"
        rows = run_rows(self.scope, records, exact_times=kind == "exact")
        if kind == "none":
            rows = [replace(row, finished_ms=None) if row.record.service_status == "completed" else row for row in rows]
        frame = runs_to_pandas(rows)
        frame.attrs["times"] = kind
        return frame
