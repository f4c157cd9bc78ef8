"""Sorts runs by facts, parameters and results, and groups them."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.values.ordering import order
from mfwidgets.run_columns import named_columns
from mfwidgets.safe_repr import repr_of

if TYPE_CHECKING:
    from mfwidgets.client.answers.comparison import Comparison
    from mfwidgets.client.collections.run_groups import RunGroups
    from mfwidgets.client.collections.runs import Runs
    from mfwidgets.client.plots.run_plots import RunPlots
    from mfwidgets.client.run import Run


@dataclass(frozen=True)
class RunSource:
    """Runs that a collection starts from, instead of all runs of a flow.

    Attributes
    ----------
    runs
        The runs that are read.
    title
        A description for users: ``runs of TuningFlow sorted by rmse``.
    """

    runs: "Runs"
    title: str

    @abstractmethod
    def choose(self, records: Sequence[RunRecord]) -> list[RunRecord]:
        """Return the runs in their order. Reads values."""

    def records(self, *, with_status: bool = False) -> Iterator[RunRecord]:
        """Yield the records of the runs. Reads all of them first."""
        yield from self.choose(list(self.runs._records(with_status=with_status)))

    @property
    def named(self) -> tuple[str, ...]:
        """The names of the columns by which the runs are chosen."""
        return self.runs._named

    def in_context(self, context: ClientContext) -> "RunSource":
        """Return the same source, read in another context."""
        return replace(self, runs=self.runs._in_context(context))


@dataclass(frozen=True)
class SortedRuns(RunSource):
    """Runs in the order of columns.

    Attributes
    ----------
    names
        The names of the columns, as the user gave them.
    ascending
        For each column, whether small values come first.
    complete
        Whether runs without a value are left out.
    count
        The maximum number of runs. Later filters choose among these.
    """

    names: tuple[str, ...]
    ascending: tuple[bool, ...]
    complete: bool = False
    count: int | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """The names of the columns by which the runs are sorted."""
        return (*self.names, *self.runs._named)

    def choose(self, records: Sequence[RunRecord]) -> list[RunRecord]:
        """Return the runs in order."""
        if not records:
            return []
        columns = named_columns(self.runs._context, records, self.names, self.runs._title)
        chosen = order([values for _, values in columns], self.ascending, complete=self.complete)
        return [records[position] for position in chosen[: self.count]]


@dataclass(frozen=True)
class FirstRuns(RunSource):
    """The first runs of a collection. Later filters choose among these.

    Attributes
    ----------
    count
        The maximum number of runs.
    """

    count: int

    def choose(self, records: Sequence[RunRecord]) -> list[RunRecord]:
        """Return the first runs."""
        return list(records[: self.count])

    def records(self, *, with_status: bool = False) -> Iterator[RunRecord]:
        """Yield the first runs. Reads no others."""
        return islice(self.runs._limited(self.count)._records(with_status=with_status), self.count)


class RankedRuns:
    """The methods of runs that sort and group."""

    _context: ClientContext
    _title: str
    _from: "Callable[..., Runs]"

    @property
    def plot(self) -> "RunPlots":
        """Charts of the runs: ``runs.plot("rmse")``, ``runs.plot.scatter("alpha", "rmse")`` and others. Reads nothing.

        Examples
        --------
        >>> Flow("TuningFlow").runs().plot.curves("loss_history")
        <chart of runs of TuningFlow: loss_history>
        """
        from mfwidgets.client.plots.run_plots import RunPlots

        return RunPlots(self._runs_themselves())

    def sort_by(self, by: str | Sequence[str], ascending: bool | Sequence[bool] = True) -> "Runs":  # noqa: FBT001, FBT002 - as in pandas
        """Return the runs sorted by facts, parameters or results. Runs without a value come last.

        Reads nothing until the runs are used. Then reads the columns of all runs: two bulk requests for each run and
        each distinct small value once. What was read is remembered.

        Parameters
        ----------
        by
            The name of a column, or several: a fact such as ``duration`` or ``started_at``, a parameter or a result such
            as ``rmse`` or ``metrics.auc``, or a full name such as ``param.alpha``.
        ascending
            Whether small values come first, for all columns or for each.

        Returns
        -------
        Runs
            A lazy collection. Equal runs stay newest first.

        Raises
        ------
        MetaflowInvalidArgument
            An argument has an invalid value. Raised when the runs are used: a name is unknown, or means several columns.

        Examples
        --------
        >>> [run.id for run in Flow("ForecastFlow").runs().sort_by("mean_error")]
        ['1795378892798547', '1795378919475034', '1795378900338660', '1795378913725406']
        """
        names = _names(by)
        if isinstance(ascending, bool):
            rising = (ascending,) * len(names)
        else:
            rising = tuple(ascending) if isinstance(ascending, list | tuple) else ()
        if len(rising) != len(names) or not all(isinstance(item, bool) for item in rising):
            raise MetaflowInvalidArgument(
                f"Expected ascending= to be True, False, or one of them for each of {len(names)} columns, "
                f"got {repr_of(ascending, 60)}."
            )
        words = ", ".join(name if item else f"{name} (descending)" for name, item in zip(names, rising, strict=True))
        return self._from(SortedRuns(self._runs_themselves(), f"{self._title} sorted by {words}", names, rising))

    def head(self, n: int = 5) -> "Runs":
        """Return the first runs, in the order of the collection. Reads nothing until the runs are used.

        Parameters
        ----------
        n
            The maximum number of runs.

        Returns
        -------
        Runs
            A lazy collection. Its first use costs what the collection costs.

        Raises
        ------
        MetaflowInvalidArgument
            ``n`` is not a number of runs.

        Examples
        --------
        >>> [run.id for run in Flow("ForecastFlow").runs().sort_by("mean_error").head(2)]
        ['1795378892798547', '1795378919475034']
        """
        _check_count(n)
        runs = self._runs_themselves()
        return self._from(FirstRuns(runs, f"first {n:,} {self._title}", n))

    def nsmallest(self, n: int, columns: str | Sequence[str]) -> "Runs":
        """Return the runs with the smallest values. Runs without a value are left out.

        Costs what :meth:`sort_by` costs.

        Parameters
        ----------
        n
            The maximum number of runs.
        columns
            The name of a column, or several, as in :meth:`sort_by`.

        Returns
        -------
        Runs
            A lazy collection, the smallest value first.

        Raises
        ------
        MetaflowInvalidArgument
            An argument has an invalid value. Raised when the runs are used: a name is unknown, or means several columns.

        Examples
        --------
        >>> Flow("ForecastFlow").runs().nsmallest(1, "mean_error").first()
        Run('ForecastFlow/1795378892798547')
        """
        return self._extreme(n, columns, "smallest", ascending=True)

    def nlargest(self, n: int, columns: str | Sequence[str]) -> "Runs":
        """Return the runs with the largest values. Runs without a value are left out.

        Costs what :meth:`sort_by` costs.

        Parameters
        ----------
        n
            The maximum number of runs.
        columns
            The name of a column, or several, as in :meth:`sort_by`.

        Returns
        -------
        Runs
            A lazy collection, the largest value first.

        Raises
        ------
        MetaflowInvalidArgument
            An argument has an invalid value. Raised when the runs are used: a name is unknown, or means several columns.

        Examples
        --------
        >>> Flow("ForecastFlow").runs().nlargest(1, "duration").first()
        Run('ForecastFlow/1795378892798547')
        """
        return self._extreme(n, columns, "largest", ascending=False)

    def group_by(self, by: str) -> "RunGroups":
        """Return the runs in groups of equal values.

        Reads nothing until the groups are used. Then costs what :meth:`sort_by` costs.

        Parameters
        ----------
        by
            The name of a column, as in :meth:`sort_by`.

        Returns
        -------
        RunGroups
            A mapping of values to :class:`Runs`. It displays the number of runs of each group, and the best value and the
            median of each result.

        Raises
        ------
        MetaflowInvalidArgument
            ``by`` is not a name. Raised when the groups are used: the name is unknown, or means several columns.

        Examples
        --------
        >>> groups = Flow("ForecastFlow").runs().group_by("alpha")
        >>> {alpha: runs.count() for alpha, runs in groups.items()}
        {0.1: 1, 0.3: 2, 0.5: 1}
        """
        from mfwidgets.client.collections.run_groups import RunGroups

        if not isinstance(by, str) or not by:
            raise MetaflowInvalidArgument(
                f"Expected the name of one column such as 'optimizer', got {repr_of(by, 60)}."
            )
        return RunGroups(self._runs_themselves(), by)

    def compare(self, baseline: "Run | str | int | None" = None) -> "Comparison":
        """Compare the runs: status, parameters and results first, the best marked.

        Costs what :func:`mfwidgets.compare` costs for each run. Sort or limit the runs first: the display shows 20.

        Parameters
        ----------
        baseline
            One of the runs, its pathspec, or its position from 0, as in :func:`mfwidgets.compare`.

        Returns
        -------
        Comparison
            The comparison. It displays itself.

        Raises
        ------
        MetaflowInvalidArgument
            There are fewer than two runs, or the baseline is not one of them.

        Examples
        --------
        >>> Flow("ForecastFlow").runs().nsmallest(2, "mean_error").compare(baseline=0).results["worst"]
        ('Dublin', 'İzmir')
        """
        from mfwidgets.client.answers.comparison import compare

        return compare(*self._runs_themselves(), baseline=baseline)

    def _extreme(self, n: int, columns: str | Sequence[str], word: str, *, ascending: bool) -> "Runs":
        names = _names(columns)
        _check_count(n)
        title = f"{self._title} with the {word} {', '.join(names)}"
        source = SortedRuns(self._runs_themselves(), title, names, (ascending,) * len(names), complete=True, count=n)
        return self._from(source)

    def _runs_themselves(self) -> "Runs":
        from mfwidgets.client.collections.runs import Runs

        assert isinstance(self, Runs)
        return self


def _check_count(n: object) -> None:
    if not isinstance(n, int) or isinstance(n, bool) or n < 0:
        raise MetaflowInvalidArgument(f"Expected n to be a number of runs, 0 or more, got {repr_of(n, 40)}.")


def check_columns(columns: object) -> tuple[str, ...]:
    """Return the names of columns that a display shows. Empty if the display chooses.

    Raises
    ------
    MetaflowInvalidArgument
        ``columns`` is not a list of names.
    """
    return _names(columns) if columns not in ((), [], None) else ()


def _names(by: object) -> tuple[str, ...]:
    """Return the names of columns, short or full."""
    names = (by,) if isinstance(by, str) else tuple(by) if isinstance(by, list | tuple) else ()
    if not names or not all(isinstance(name, str) and name for name in names):
        raise MetaflowInvalidArgument(
            f"Expected the name of a column such as 'duration' or 'rmse', or a list of names, got {repr_of(by, 60)}."
        )
    return names
