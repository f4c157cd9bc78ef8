"""Filters runs by conditions on their values, status, user, tags and time."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from mfwidgets.queries.run_filter import RunFilter
from mfwidgets.queries.values.reading import SMALL_VALUE_BYTES, Reading

_TEXT_PAGE = 500
"""Runs in the first page of a search by text."""

_STATUS_BATCH = 50
"""Runs whose statuses are requested at once, after a search by text."""

_BATCH_SIZE = 16
"""The number of runs whose statuses are read at once, if a filter needs them."""

if TYPE_CHECKING:
    from mfwidgets.client.collections.runs import Runs
    from mfwidgets.queries.values.value_filter import ValueFilter


class FilteredRuns:
    """The method of runs that filters."""

    _filter: RunFilter
    _conditions: "tuple[ValueFilter, ...]"
    _with: "Callable[..., Runs]"

    def where(
        self,
        conditions: Mapping[str, Any] | str | None = None,
        /,
        *,
        step: str | None = None,
        max_bytes: int = SMALL_VALUE_BYTES,
        unpickle: bool = False,
        executor: Executor | None = None,
        **more: Any,
    ) -> "Runs":
        """Return the runs that meet conditions on their values, status, user, tags and time.

        Reads nothing until the runs are used. Facts about runs, such as ``status:failed``, then cost what the same
        arguments of :meth:`Flow.runs` cost. For values, sends one bulk request per run for parameters and another for
        artifacts. Reads each distinct value once. If comparing stored hashes is enough, the value is not read. That is
        so for the equality with an exact int, float, bool, str or None.

        Parameters
        ----------
        conditions
            Conditions as a string, such as ``"rmse<0.3 optimizer=adam status:failed since:7d"``. All terms must hold:

            - ``rmse<0.3`` compares a parameter or an artifact with a number or text. The operators are ``=``, ``!=``,
              ``<``, ``<=``, ``>``, ``>=``, and ``~`` for text in the value, in any case. Other values are ``true``,
              ``false``, ``none``, ``nan`` and ``"text in quotes"``. ``optimizer=adam,sgd`` is one of them.
            - ``status:failed`` is a fact about the run, also ``since:7d``, ``until:2026-01-31``, ``tag:nightly``,
              ``user:ann``, ``project:fraud``, ``branch:prod`` and ``id:17``. ``status:failed,running`` is one of them.
              ``-tag:nightly`` is the opposite.
            - Any other word is in the id, the user or a tag of the run.

            Or conditions as a dict of name and condition, as in ``more``.

            ``param.alpha`` is a parameter, ``artifact.rmse`` is an artifact, and ``metrics.auc`` is a value in a dict.
            A name without ``param.`` or ``artifact.`` is a parameter if there is one, else an artifact, else the only
            value in a dict with this name, as in :meth:`sort_by`.
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
            A lazy collection with the same limit. Its conditions are added to those of these runs.

        Raises
        ------
        MetaflowInvalidArgument
            There is no condition, or the string is invalid. The message names the position. Also raised when the runs
            are used, if the function of a condition raised an error, or if a name in the string is a parameter of some
            runs and an artifact of others.

        Warns
        -----
        ValuesNotRead
            When the runs are used: a value was too large, not a plain value, or of a type that cannot be compared, so its
            run is excluded. Or no run has a parameter or artifact with the name.

        Examples
        --------
        >>> list(Flow("ForecastFlow").runs().where("alpha<=0.3 mean_error<4.1 status:completed"))
        [Run('ForecastFlow/1795378892798547')]
        >>> list(Flow("ForecastFlow").runs().where(alpha=0.5))
        [Run('ForecastFlow/1795378900338660')]
        >>> list(Flow("ForecastFlow").runs().where(mean_error=lambda error: error < 4.1))
        [Run('ForecastFlow/1795378892798547')]
        """
        reading = Reading(max_bytes, unpickle, executor)
        from mfwidgets.queries.expressions.selecting import with_conditions  # most runs are not filtered

        selection, added = with_conditions(self._filter, conditions, more, step, reading)
        return self._with(selection=selection, conditions=(*self._conditions, *added))
