"""Runs in groups of equal values, with the best value and the median of each result."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Any

from mfwidgets.client.collections.ranked_runs import RunSource
from mfwidgets.column_names import headings, short_name
from mfwidgets.display import Displayable
from mfwidgets.errors import NoSuchChild
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.hidden_characters import visible
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.rows import RunRow
from mfwidgets.queries.values.goals import goal_of
from mfwidgets.queries.values.ordering import SortKey, order, sort_key
from mfwidgets.queries.values.results import number_of, result_columns
from mfwidgets.run_columns import named_columns
from mfwidgets.safe_repr import repr_of

if TYPE_CHECKING:
    import pandas as pd

    from mfwidgets.client.collections.runs import Runs

_MAX_NAMED = 8
"""A message names at most this many values."""


@dataclass(frozen=True)
class GroupOfRuns(RunSource):
    """The runs of a group.

    Attributes
    ----------
    members
        Their records, in the order of all runs.
    """

    members: tuple[RunRecord, ...]

    def choose(self, records: Sequence[RunRecord]) -> list[RunRecord]:
        """Return the runs of the group that are among these."""
        members = {member.path for member in self.members}
        return [record for record in records if record.path in members]

    def records(self, *, with_status: bool = False) -> Iterator[RunRecord]:
        """Yield the runs of the group. They are known with their status, so nothing is read."""
        del with_status
        return iter(self.members)


@fast_dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of runs in a table.

    Attributes
    ----------
    value
        The value that its runs share. None if they have none.
    rows
        The rows of its runs.
    numbers
        The numbers of each result by its full name, without missing ones.
    """

    value: Any
    rows: tuple[RunRow, ...]
    numbers: Mapping[str, tuple[float, ...]]

    @property
    def statuses(self) -> Counter[str]:
        """The number of runs by status."""
        return Counter(str(row.status) for row in self.rows)

    def best(self, name: str) -> float | None:
        """Return the best number of a result: the smallest of an error, the largest of a score. None if unknown."""
        numbers, goal = self.numbers.get(name), goal_of(name)
        return None if not numbers or not goal else min(numbers) if goal == "min" else max(numbers)

    def facts(self) -> dict[str, Any]:
        """Return the columns of the group after its value."""
        statuses = self.statuses
        facts: dict[str, Any] = {
            "runs": len(self.rows),
            "completed": statuses["completed"],
            "failed": statuses["failed"],
        }
        for name, heading in zip(self.numbers, headings(list(self.numbers)), strict=True):
            numbers = self.numbers[name]
            if goal_of(name):
                facts[f"{heading} best"] = self.best(name)
            else:
                facts[f"{heading} min"] = min(numbers, default=None)
                facts[f"{heading} max"] = max(numbers, default=None)
            facts[f"{heading} median"] = median(numbers) if numbers else None
        return facts


class RunGroups(Displayable, Mapping[Any, "Runs"]):
    """Runs in groups of equal values, a mapping of values to :class:`Runs`. The group without a value comes last.

    All runs and their values are read on first use. Costs what :meth:`Runs.sort_by` costs.

    Parameters
    ----------
    runs
        The runs.
    by
        The name of the column, as the user gave it.

    Examples
    --------
    >>> groups = Flow("ForecastFlow").runs().group_by("alpha")
    >>> groups.to_pandas()[["alpha", "runs", "failed", "mean_error best"]]
       alpha  runs  failed  mean_error best
    0    0.1     1       0         4.035614
    1    0.3     2       1         4.147532
    2    0.5     1       0         4.386638
    """

    def __init__(self, runs: "Runs", by: str) -> None:
        self._runs, self.by, self._full_name = runs, by, by

    @cached_property
    def _groups(self) -> list[GroupRow]:
        """The groups, ordered by their values."""
        rows = self._runs._rows()
        if not rows:
            return []
        context, records = self._runs._context, [row.record for row in rows]
        ((self._full_name, column),) = named_columns(context, records, [self.by], self._runs._title, rows)
        measured = {
            name: [_measure(value) for value in values] for name, values in result_columns(context, records).items()
        }
        results = {name: numbers for name, numbers in measured.items() if any(number is not None for number in numbers)}
        positions: dict[SortKey | None, list[int]] = {}
        for position in order([column], [True]):
            positions.setdefault(sort_key(column[position]), []).append(position)
        return [
            GroupRow(
                column[members[0]] if key is not None else None,
                tuple(rows[position] for position in members),
                {name: tuple(n for m in members if (n := numbers[m]) is not None) for name, numbers in results.items()},
            )
            for key, members in positions.items()
        ]

    def __getitem__(self, value: Any) -> "Runs":
        for group in self._groups:
            if sort_key(group.value) == sort_key(value):
                title = f"{self._runs._title} where {self._name} is {repr_of(value, 60)}"
                return self._runs._from(GroupOfRuns(self._runs, title, tuple(row.record for row in group.rows)))
        known = ", ".join(repr_of(group.value, 60) for group in self._groups[:_MAX_NAMED])
        raise NoSuchChild(f"No group has the value {repr_of(value, 60)}. Values of {self._name}: {known or 'none'}.")

    def __iter__(self) -> Iterator[Any]:
        return (group.value for group in self._groups)

    def __len__(self) -> int:
        return len(self._groups)

    @property
    def _name(self) -> str:
        return short_name(self.by)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of the groups.

        Returns
        -------
        pandas.DataFrame
            One row per group: the shared value (named like the column), ``runs``, ``completed``, ``failed``, and for each
            numeric result its ``best`` value (or ``min`` and ``max``, if its name does not say what is good) and its
            ``median``. Costs what :meth:`Runs.sort_by` costs, once.
        """
        import pandas as pd

        return pd.DataFrame(self.to_dicts())

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as dicts.

        Returns
        -------
        list of dict
            One dict per group. Costs what :meth:`to_pandas` costs.
        """
        facts = [group.facts() for group in self._groups]
        name = self._name if not facts or self._name not in facts[0] else self._full_name
        return [{name: group.value, **of_group} for group, of_group in zip(self._groups, facts, strict=True)]

    def __repr__(self) -> str:
        return visible(f"<{self._runs._title} grouped by {self.by}>")


def _measure(value: Any) -> float | None:
    """Return a number that can be compared. None for bools, text and infinities."""
    number = None if isinstance(value, bool) or type(value).__name__.startswith("bool") else number_of(value)
    return number if number is not None and abs(number) != float("inf") else None
