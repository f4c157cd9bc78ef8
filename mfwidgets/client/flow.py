"""Flows: the runs of one FlowSpec class."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from mfwidgets.client.base import MetaflowObject, limited
from mfwidgets.client.collections.chosen_runs import chosen_runs
from mfwidgets.client.collections.runs import Runs
from mfwidgets.client.run import Run
from mfwidgets.concurrency import parallel_map
from mfwidgets.errors import MetaflowNamespaceMismatch
from mfwidgets.pathspec import PathComponents, RunAlias
from mfwidgets.providers.base import RunQuery
from mfwidgets.providers.records import FlowRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.namespaces import namespaces_of_flow
from mfwidgets.queries.run_filter import Moment, RunStatus

if TYPE_CHECKING:
    import pandas as pd

    from mfwidgets.client.answers.disk_usage import DiskUsage


class Flow(MetaflowObject, kind="flow"):
    """A flow: ``Flow('HelloFlow')``. Iterating yields its runs in the namespace, newest first.

    Constructing a flow costs one request for the flow and one for its newest run in the namespace.

    Parameters
    ----------
    pathspec
        The name of the flow.
    attempt
        Not for flows. Leave it out.

    Raises
    ------
    MetaflowNotFound
        The flow does not exist.
    MetaflowNamespaceMismatch
        The flow has no run in the namespace.

    Examples
    --------
    >>> flow = Flow("HelloFlow")
    >>> list(flow)
    [Run('HelloFlow/1795378926761243'), Run('HelloFlow/1795378890911792')]
    >>> flow["1795378926761243"]
    Run('HelloFlow/1795378926761243')
    """

    _record: FlowRecord

    def _load(self, path: PathComponents) -> None:
        super()._load(path)
        if not _has_runs(self._context, path[0]):
            hint, namespaces = _namespaces(self._context, path[0])
            raise MetaflowNamespaceMismatch(
                f"{self!r} has no run in the namespace '{self._context.namespace}'.{hint}",
                pathspec=self.pathspec,
                suggestions=namespaces,
            )

    def _find(self, run: None, path: PathComponents) -> FlowRecord | None:  # noqa: ARG002 - a flow has no run
        return self._context.provider.flow(path[0])

    def _run_record(self) -> None:
        return None

    def _tagged_record(self) -> FlowRecord:
        return self._record

    def _child(self, name: str) -> Run | None:
        record = self._context.provider.run(self._record.flow, name)
        if record is None:
            return None
        if not self._context.includes(record):
            # Raises MetaflowNamespaceMismatch, as Metaflow's client does.
            return Run._in_context(self._context, record.path)
        return Run._of(self._context, record)

    def __getitem__(self, name: str) -> Run:
        return cast("Run", super().__getitem__(name))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._context.provider.run(self._record.flow, name) is not None

    def _child_names(self) -> list[str]:
        return limited(run.id for run in self.runs())

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs())

    def is_in_namespace(self) -> bool:
        """Return whether any run of the flow is in the current namespace.

        Returns
        -------
        bool
            Always True without a namespace. Costs one request for the newest run in the namespace.
        """
        from mfwidgets.queries.context import current_context

        return _has_runs(current_context(), self._record.flow)

    @property
    def origin_pathspec(self) -> None:
        """Always None: runs can be resumed, flows cannot."""

    def runs(  # noqa: PLR0913 - one for each filter
        self,
        *tags: str,
        status: RunStatus | None = None,
        user: str | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        text: str | None = None,
        project: str | None = None,
        branch: str | None = None,
        limit: int | None = None,
        max_runs: int | None = None,
        filters: Mapping[str, object] | None = None,
        page_size: int | None = None,
        columns: Sequence[str] = (),
    ) -> Runs:
        """Return the runs of the flow in the namespace, newest first.

        Reads nothing until the runs are used. A service then needs one request for each page of 500 runs. A filter by
        ``status`` also reads the status of each run.

        Parameters
        ----------
        *tags
            User or system tags. A run must have all of them.
        status
            ``completed``, ``caught``, ``failed``, ``running`` or ``unknown``.
        user
            The user who started the run.
        since, until
            The earliest and the latest start. A datetime or a date (local time unless it has a time zone), a string in
            ISO 8601 format, or an age such as ``2d`` for two days ago, with the unit ``m``, ``h``, ``d`` or ``w``.
        text
            A string in the id, the user or a tag of the run. Case does not matter.
        project, branch
            The project and branch that ``@project`` records as tags: ``fraud``, and ``prod``, ``user.ann`` or
            ``test.fast``.
        limit, max_runs
            The maximum number of runs. The second is Metaflow's name.
        filters
            Filters in the form of the metadata service, ``{"user_name:eq": "ann", "ts_epoch:ge": 1767225600000}``. They
            also hold for local runs. The fields are ``user_name``, ``user``, ``ts_epoch``, ``run_number``, ``run_id``,
            ``status``, ``last_heartbeat_ts`` (service only) and ``_tags``. A str with commas, or a list, matches any of its
            values.
        page_size
            The number of runs per request to a service, up to 500. The default is chosen by the provider.
        columns
            The names of the columns that a display of the runs shows, such as ``["alpha", "rmse", "origin_run_id"]``. By
            default it shows the parameters that vary, and results.

        Returns
        -------
        Runs
            A lazy collection. :meth:`Runs.where` filters it by values of parameters and artifacts.

        Raises
        ------
        MetaflowInvalidArgument
            An argument has an invalid value, or a filter is unknown or cannot be applied.

        Examples
        --------
        >>> Flow("ForecastFlow").runs("experiment:alpha", status="completed").to_pandas()[["run_id", "user"]]
                     run_id user
        0  1795378919475034  ann
        1  1795378900338660  ann
        >>> Flow("ForecastFlow").runs(since="2026-11-01", limit=1)[0]
        Run('ForecastFlow/1795378919475034')
        """
        return chosen_runs(
            self._context,
            self._record.flow,
            tags,
            status=status,
            user=user,
            since=since,
            until=until,
            text=text,
            project=project,
            branch=branch,
            limit=limit,
            max_runs=max_runs,
            filters=filters,
            page_size=page_size,
            columns=columns,
        )

    @property
    def latest_run(self) -> Run | None:
        """The newest run in the namespace. None if there is none. Costs one request.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run
        Run('HelloFlow/1795378926761243')
        """
        return next(iter(Runs(self._context, self._record.flow, limit=1)), None)

    @property
    def latest_successful_run(self) -> Run | None:
        """The newest run in the namespace that succeeded. None if there is none.

        Costs two requests if the metadata service can filter by status. Otherwise costs about two requests for each
        run, from the newest run back to the one that succeeded.

        Examples
        --------
        >>> Flow("ImportFlow").latest_run.status
        'failed'
        >>> Flow("ImportFlow").latest_successful_run
        Run('ImportFlow/1795378921892482')
        """
        return next(self.runs().successful(), None)

    def disk_usage(self, seconds: float = 60.0) -> "DiskUsage":
        """Return what the flow takes in the datastore, by part, run and artifact. A report: nothing is deleted.

        A blob is stored once, however many runs refer to it, so ``own_size`` of a run is what disappears with it. All runs
        count, also those of other namespaces.

        Lists the objects of the flow, without reading them. Locally, also reads one small file for each attempt of a task.
        In a cloud, costs one request for each thousand objects, at most 100, and one bulk request for each of the newest
        200 runs.

        Parameters
        ----------
        seconds
            The time limit. ``left_out`` of the answer says what was not counted.

        Returns
        -------
        DiskUsage
            Rows for parts, runs and artifacts, each the largest first. It displays itself.

        Raises
        ------
        MetaflowInvalidArgument
            ``seconds`` is not a number from 0.
        DataException
            The datastore cannot be listed.

        Examples
        --------
        >>> usage = Flow("HelloFlow").disk_usage()
        >>> sorted({row.kind for row in usage})
        ['artifact', 'part', 'run']
        """
        from mfwidgets.client.answers.disk_usage import disk_usage_of_flow

        return disk_usage_of_flow(self, seconds)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of the runs in the namespace, newest first.

        Returns
        -------
        pandas.DataFrame
            One row per run. The columns and the costs are those of :meth:`Runs.to_pandas`.

        Examples
        --------
        >>> Flow("HelloFlow").to_pandas()[["run_id", "status", "duration"]]
                     run_id     status               duration
        0  1795378926761243  completed 0 days 00:00:00.416000
        1  1795378890911792  completed 0 days 00:00:00.523000
        """
        return self.runs().to_pandas()

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as dicts.

        Returns
        -------
        list of dict
            One dict per run. Costs what :meth:`to_pandas` costs.
        """
        return self.runs().to_dicts()

    def _find_alias(self, alias: RunAlias) -> Run | None:
        """Return the run of an alias: ``latest``, ``latest-ok`` or ``latest~2``. None if there are too few runs."""
        runs = self.runs().successful() if alias.successful_only else iter(self.runs(limit=alias.back + 1))
        return next(islice(runs, alias.back, None), None)


def visible_flows(context: ClientContext) -> Iterator[Flow]:
    """Yield the flows that have a run in the namespace, in the order of the provider.

    Costs one request for the flows, and one for each flow that is not known to be visible, many at once.
    """
    records = iter(context.provider.flows())
    try:
        while batch := list(islice(records, context.max_concurrency)):
            visible = parallel_map(
                lambda record: _has_runs(context, record.flow), batch, max_concurrency=context.max_concurrency
            )
            yield from (Flow._of(context, record) for record, shown in zip(batch, visible, strict=True) if shown)
    finally:  # also if the caller gives up
        if (index := context.index) is not None:
            index.flush()


def _has_runs(context: ClientContext, flow: str) -> bool:
    """Return whether the flow is visible. It is if it has a run in the namespace, or if all runs are visible.

    That is remembered about a service if the namespace is a system tag. Nobody can remove such a tag, or a run.
    """
    namespace = context.namespace
    if namespace is None:
        return True
    index, fact = context.index if context.provider.remote else None, f"visible in {namespace}"
    if index is not None and index.flow_fact(flow, fact) is True:
        return True
    newest = next(iter(Runs(context, flow, limit=1)._records()), None)
    if index is not None and newest is not None and namespace in newest.system_tags:
        index.keep_flow_fact(flow, fact, content=True)
    return newest is not None


def _namespaces(context: ClientContext, flow: str) -> tuple[str, list[str]]:
    """Return a sentence about the namespaces of the newest runs of a flow, and these namespaces."""
    namespaces = namespaces_of_flow(context, flow)
    if not namespaces:
        return "" if next(context.provider.runs(flow, RunQuery(limit=1)), None) else " It has no runs.", []
    names = namespaces[:5]
    return (
        f" It has runs in {', '.join(repr(name) for name in names)}: "
        f"switch with namespace({names[0]!r}), or see all runs with namespace(None)."
    ), names
