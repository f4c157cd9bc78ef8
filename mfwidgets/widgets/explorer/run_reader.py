"""Reads the runs of a table in threads.

Records come first, then the facts and values of what is in view, then those that a sort needs. A newer question replaces the
older one, and the work of the older one stops.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Literal

from mfwidgets.concurrency import LatestTask, parallel_map
from mfwidgets.deadline import check_deadline
from mfwidgets.queries.rows import proved_rows, run_rows
from mfwidgets.queries.status.states import is_believed
from mfwidgets.queries.values.results import result_columns
from mfwidgets.queries.values.value_columns import parameter_columns
from mfwidgets.views.cells import Limits
from mfwidgets.views.context import no_runs_notes
from mfwidgets.widgets.explorer.known_runs import KnownRuns, Sort, needs_rows, needs_values

if TYPE_CHECKING:
    from mfwidgets.client.collections.runs import Runs
    from mfwidgets.providers.records import RunRecord
    from mfwidgets.queries.context import ClientContext

FIRST_BATCH, BATCH = 100, 1_000
"""Records that are read before the table shows them, first and later."""

CHUNK = 100
"""Runs whose values are read at once. Then the table shows them."""

READ_AHEAD, READ_AHEAD_REMOTE = 500, 100
"""The newest runs whose values are read without being asked for: the histograms of headers need some."""

_ANY_VALUE = "artifact."
"""Stands for all parameters and results: they are read together."""

MAX_FOLLOWED = 10
"""Running runs that are read again at once: one record and the facts of each."""

_PAUSE_S = 0.3
"""Changes outside of the view are reported at most this often."""

Change = Literal["order", "facts", "rows"]
"""There are other runs or another order, or more is known about the same runs, or only about those in view."""


class RunReader:
    """Fills a table of runs.

    Parameters
    ----------
    on_change
        Called with what changed.
    on_error
        Called with an error that ended the reading.

    Attributes
    ----------
    runs
        What is known. Hold ``lock`` while you read it.
    working
        What is being read, for people. Empty if nothing is.
    """

    def __init__(self, on_change: Callable[[Change], object], on_error: Callable[[Exception], object]) -> None:
        self.runs, self.lock, self.working = KnownRuns(), threading.RLock(), ""
        self.source: Runs | None = None
        self._on_change, self._on_error = on_change, on_error
        self._window = (0, 0)
        self._sort: tuple[tuple[str, bool], ...] = ()
        self._group, self._folded = "", frozenset[str]()
        self._pinned: frozenset[str] = frozenset()
        self._wanted: tuple[str, ...] = ()
        self._sorted: tuple[object, ...] = ()
        self._has_news = False
        self._records, self._facts = LatestTask(), LatestTask()

    def load(self, find: "Callable[[], Runs]") -> None:
        """Read other runs. The table keeps the former ones until the first of the new ones are known.

        Parameters
        ----------
        find
            Returns the runs. It is called in a thread, because it reads the flow.
        """
        self._facts.drop()
        self.working, found = "Reading runs\u2026", KnownRuns()
        self._records.ask(lambda: self._read_records(find, found), lambda _: self._loaded(found), self._failed)

    def clear(self) -> None:
        """Show no runs."""
        self._facts.drop()
        with self.lock:
            self.runs, self.source, self._sorted = KnownRuns(), None, ()
        self._on_change("order")

    def _read_records(self, find: "Callable[[], Runs]", found: KnownRuns) -> None:
        source = find()
        found.total = source._cheap_count()
        reported = 0.0
        for batch in _batches(source._records(with_status=True)):
            check_deadline()
            with self.lock:
                check_deadline()
                found.extend(batch)
                first = self.runs is not found
                self.runs, self.source, self._sorted = found, source, ()
            if first or time.monotonic() - reported > _PAUSE_S:
                reported = time.monotonic()
                self._on_change("order" if first else "facts")
                if first:
                    self.fill()
        with self.lock:
            check_deadline()
            self.runs, self.source = found, source
        if not found.runs:
            found.notes = no_runs_notes(source, Limits())

    def _loaded(self, found: KnownRuns) -> None:
        with self.lock:
            found.complete, found.total, self.working = True, len(found.runs), ""
        self._on_change("order")
        self.fill()

    def _failed(self, error: Exception) -> None:
        self.working = ""
        self._on_error(error)

    def look_at(self, start: int, stop: int, names: Sequence[str]) -> None:
        """Note which rows and columns are in view."""
        self._window, self._wanted = (start, stop), tuple(names)

    def show(self, start: int, stop: int, names: Sequence[str]) -> None:
        """Read the columns of the rows in view, if they have not been read."""
        self.look_at(start, stop, names)
        self.fill()

    def sort(self, sort: Sort) -> None:
        """Sort the table, after reading the columns that this needs. Until then it keeps its order."""
        self._sort = tuple((name, bool(ascending)) for name, ascending in sort)
        self.fill()

    def group(self, name: str, folded: Iterable[str]) -> None:
        """Group the table by a column, after reading it and the results of all runs. An empty name means no groups.

        Parameters
        ----------
        name
            The full name of the column.
        folded
            The keys of the groups whose runs are hidden.
        """
        self._group, self._folded = name, frozenset(folded)
        self.fill()

    def pin(self, pathspecs: Iterable[str]) -> None:
        """Read what is shown of some runs, wherever they are in the table."""
        self._pinned = frozenset(pathspecs)
        self.fill()

    def fill(self) -> None:
        """Read what is missing: first for the rows in view, then for the order, then for the headers."""
        runs = self.runs
        if runs.runs:
            self._facts.ask(lambda: self._fill(runs), lambda _: self._filled(), self._failed)

    def _filled(self) -> None:
        worked, self.working = self.working, "" if self.runs.complete else self.working
        if worked or self._has_news:  # what is in view is reported at once
            self._on_change("rows")

    def _fill(self, runs: KnownRuns) -> None:
        self._has_news = False
        in_view = self._in_view(runs)
        self._read(runs, in_view, [*self._wanted, "status"], "")
        self._prove(runs, in_view)
        state = (self._sort, self._group, self._folded, len(runs.runs))
        if runs.complete and state != self._sorted:
            names = [*(name for name, _ in self._sort), *([self._group, "status", _ANY_VALUE] if self._group else ())]
            everything = range(len(runs.runs))
            self._read(runs, everything, names, "Reading the columns of the order")
            with self.lock:
                runs.sort(self._sort)
                runs.group(self._group, self._folded)
                self._sorted = state
            self._on_change("order")
            self._read(runs, self._in_view(runs), [*self._wanted, "status"], "")
        limit = READ_AHEAD_REMOTE if self.source and self.source._context.provider.remote else READ_AHEAD
        self._read(runs, range(min(len(runs.runs), limit)), ["status", _ANY_VALUE], "Reading results")

    def _in_view(self, runs: KnownRuns) -> list[int]:
        """Return the places of the runs that are visible: pinned ones, and those in the window."""
        pinned = runs.places_of(self._pinned) if self._pinned else []
        return list(dict.fromkeys([*pinned, *runs.places(*self._window)]))

    def _read(self, runs: KnownRuns, places: Iterable[int], names: Sequence[str], title: str) -> None:
        """Read the columns of some runs, in chunks, and report each."""
        source = self.source
        if source is None:
            return
        context = source._context
        with self.lock:
            missing = runs.unknown(names, places)
        reported = 0.0
        for first in range(0, len(missing), CHUNK):
            check_deadline()
            chunk = missing[first : first + CHUNK]
            if title:
                self._has_news = True
                self.working = f"{title}: {first:,} of {len(missing):,} runs"
            for need, read in ((needs_rows, self._read_rows), (needs_values, self._read_values)):
                wanted = [name for name in names if need(name)]
                unread = runs.unknown(wanted, chunk)
                if unread:
                    read(context, runs, unread)
            if not title or time.monotonic() - reported > _PAUSE_S:
                reported = time.monotonic()
                self._on_change("facts" if title else "rows")

    def _read_rows(self, context: "ClientContext", runs: KnownRuns, places: Sequence[int]) -> None:
        records = [runs.runs[place].row.record for place in places]
        rows = run_rows(context, records, exact_times=False, first_look=True)
        with self.lock:
            runs.set_rows(places, rows)

    def _read_values(self, context: "ClientContext", runs: KnownRuns, places: Sequence[int]) -> None:
        records = [runs.runs[place].row.record for place in places]
        columns = parameter_columns(context, records) | result_columns(context, records)
        with self.lock:
            runs.set_values(places, columns)

    def _prove(self, runs: KnownRuns, places: Sequence[int]) -> None:
        """Replace statuses that only the service says."""
        source = self.source
        believed = [place for place in places if runs.runs[place].has_row and is_believed(runs.runs[place].row.status)]
        if believed and source is not None:
            rows = proved_rows(source._context, [runs.runs[place].row for place in believed])
            with self.lock:
                runs.set_rows(believed, rows)
            self._on_change("rows")

    def running_in_view(self) -> list[int]:
        """Return the places of the running runs that are visible. Hold ``lock``."""
        runs = self.runs
        return [place for place in self._in_view(runs) if str(runs.runs[place].row.status) == "running"][:MAX_FOLLOWED]

    def follow(self) -> bool:
        """Read the running runs in view again, in the calling thread. Return whether one of them has changed."""
        with self.lock:
            runs, source, places = self.runs, self.source, self.running_in_view()
            before = [runs.runs[place].row for place in places]
        if source is None or not places:
            return False
        context = source._context
        records = parallel_map(
            lambda row: context.provider.run(*row.record.path), before, max_concurrency=context.max_concurrency
        )
        present = [(place, record) for place, record in zip(places, records, strict=True) if record is not None]
        rows = run_rows(context, [record for _, record in present], exact_times=False, first_look=True)
        with self.lock:
            check_deadline()
            if runs is not self.runs:  # other runs have been read since
                return False
            runs.set_rows([place for place, _ in present], rows)
            ended = [place for place, _ in present if str(runs.runs[place].row.status) != "running"]
            for place in ended:  # it has results now
                runs.runs[place].values = None
            changed = [runs.runs[place].row for place in places] != before
        if changed:
            self._on_change("rows")
        if ended:
            self.fill()
        return changed

    def wait(self, seconds: float) -> bool:
        """Wait until all reading has ended, at most ``seconds``. Return whether it has."""
        return self._records.wait(seconds) and self._facts.wait(seconds)

    def close(self) -> None:
        """Cancel reading."""
        self._records.close()
        self._facts.close()


def _batches(records: "Iterator[RunRecord]") -> "Iterator[list[RunRecord]]":
    """Yield lists of records, the first one small. Yields an empty list if there are no records."""
    yield list(islice(records, FIRST_BATCH))
    while batch := list(islice(records, BATCH)):
        yield batch
