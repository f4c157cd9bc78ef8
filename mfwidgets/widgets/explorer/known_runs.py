"""The runs of a table: what is known about each, and their order. It reads nothing: a reader fills it in.

Records come first. Facts that need more reading, and values, follow for the runs that are in view.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.rows import RunRow
from mfwidgets.queries.status.rules import Status
from mfwidgets.queries.values.ordering import order
from mfwidgets.queries.values.value_columns import Columns
from mfwidgets.schema import RUNS
from mfwidgets.widgets.explorer.run_groups import Group, Line, grouped_lines

FACT_COLUMNS = {column.name: column for column in RUNS.columns if column.name not in ("pathspec", "flow", "created_at")}
"""The columns that every run has, by name."""

_OF_RECORDS = frozenset(["run_id", "started_at", "user", "user_tags", "system_tags"])
"""Facts that a record has."""

_UNREAD = Status("unknown", "not read yet")

MAX_SUMMARISED = 1_000
"""A header summarises the values of this many of the newest runs."""

Sort = Sequence[tuple[str, bool]]
"""The names of columns, and whether small values come first."""


def needs_rows(name: str) -> bool:
    """Return whether a column is a fact that a record alone does not have, such as the status."""
    return name in FACT_COLUMNS and name not in _OF_RECORDS


def needs_values(name: str) -> bool:
    """Return whether a column has parameters or results."""
    return name not in FACT_COLUMNS


@dataclass(slots=True)
class KnownRun:
    """A run, as far as it has been read.

    Attributes
    ----------
    row
        Its facts. Before they are read, only those of the record are true.
    values
        Its parameters and results by full name. None before they are read.
    """

    row: RunRow
    has_row: bool = False
    values: dict[str, Any] | None = None

    def knows(self, name: str) -> bool:
        """Return whether the value of a column has been read."""
        if needs_values(name):
            return self.values is not None
        return self.has_row or not needs_rows(name)

    def value(self, name: str) -> Any:
        """Return the value of a column. None if it is missing or has not been read."""
        if needs_values(name):
            return (self.values or {}).get(name)
        return FACT_COLUMNS[name].value(self.row) if self.knows(name) else None


@dataclass(eq=False)
class KnownRuns:
    """The runs of a table, newest first, and the order in which they are shown.

    Attributes
    ----------
    total
        The number of runs, if it is known before all of them are read.
    complete
        Whether all records have been read.
    shown
        The places of the runs in the order of the table. None means newest first.
    lines
        The rows of a table with groups. None means a row for each run.
    names
        The full names of all parameters and results.
    notes
        Sentences that say why there are no runs.
    read_count
        How often facts or values were filled in for one of the newest runs, which headers summarise.
    """

    runs: list[KnownRun] = field(default_factory=list)
    total: int | None = None
    complete: bool = False
    shown: list[int] | None = None
    lines: list[Line] | None = None
    names: dict[str, None] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    read_count: int = 0

    def extend(self, records: Iterable[RunRecord]) -> None:
        """Add runs at the end."""
        self.runs += [KnownRun(RunRow(record, _UNREAD, None, None)) for record in records]

    def set_rows(self, places: Sequence[int], rows: Sequence[RunRow]) -> None:
        """Fill in the facts of runs."""
        for place, row in zip(places, rows, strict=True):
            self.runs[place].row, self.runs[place].has_row = row, True
        self._count(places)

    def set_values(self, places: Sequence[int], columns: Columns) -> None:
        """Fill in the parameters and results of runs."""
        for number, place in enumerate(places):
            values = {name: column[number] for name, column in columns.items()}
            self.runs[place].values = {name: value for name, value in values.items() if value is not None}
        self.names |= dict.fromkeys(columns)
        self._count(places)

    def _count(self, places: Sequence[int]) -> None:
        self.read_count += any(place < MAX_SUMMARISED for place in places)

    @property
    def row_count(self) -> int:
        """The number of rows of the table."""
        return len(self.runs) if self.lines is None else len(self.lines)

    def rows(self, start: int, stop: int) -> list[Line]:
        """Return some rows of the table: places of runs, and groups."""
        stop = min(max(stop, 0), self.row_count)
        start = min(max(start, 0), stop)
        if self.lines is not None:
            return self.lines[start:stop]
        return list(range(start, stop)) if self.shown is None else list(self.shown[start:stop])

    def places(self, start: int, stop: int) -> list[int]:
        """Return the places of the runs in some rows of the table."""
        return [line for line in self.rows(start, stop) if isinstance(line, int)]

    def places_of(self, pathspecs: Container[str]) -> list[int]:
        """Return the places of the runs with these pathspecs, newest first."""
        return [place for place, run in enumerate(self.runs) if run.row.pathspec in pathspecs]

    def places_in_group(self, key: str) -> list[int]:
        """Return the places of the runs of a group."""
        return next((line.places for line in self.lines or () if isinstance(line, Group) and line.key == key), [])

    def column(self, name: str, places: Iterable[int] | None = None) -> list[Any]:
        """Return the values of a column, newest first. None for those that are missing or not read."""
        return [self.runs[place].value(name) for place in (range(len(self.runs)) if places is None else places)]

    def unknown(self, names: Iterable[str], places: Iterable[int]) -> list[int]:
        """Return the places of the runs whose columns have not all been read."""
        names = list(names)
        return [place for place in places if not all(map(self.runs[place].knows, names))]

    def sort(self, sort: Sort) -> None:
        """Change the order of the table. Runs without a value come last."""
        if not sort:
            self.shown = None
            return
        columns = [self.column(name) for name, _ in sort]
        self.shown = order(columns, [ascending for _, ascending in sort])

    def group(self, name: str, folded: Container[str]) -> None:
        """Put the rows of the table into groups with the same value of a column. An empty name means no groups.

        Parameters
        ----------
        name
            The full name of the column.
        folded
            The keys of the groups whose runs are hidden.
        """
        if not name:
            self.lines = None
            return
        places = range(len(self.runs)) if self.shown is None else self.shown
        by_value = self.shown is None
        self.lines = grouped_lines(places, lambda place: self.runs[place].value(name), folded, by_value=by_value)

    def read_runs(self) -> list[KnownRun]:
        """Return the runs whose facts have been read, in the order of the table, without groups."""
        places = range(len(self.runs)) if self.shown is None else self.shown
        return [run for place in places if (run := self.runs[place]).has_row]

    def columns_of_values(self, places: Sequence[int] | None = None) -> Columns:
        """Return the parameters and results of the runs whose values have been read."""
        known = [
            values
            for place in (range(len(self.runs)) if places is None else places)
            if (values := self.runs[place].values) is not None
        ]
        return {name: [values.get(name) for values in known] for name in self.names}
