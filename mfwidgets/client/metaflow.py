"""The root of the tree, and an explicit client of one provider and namespace."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from os import PathLike
from typing import TYPE_CHECKING, Any, Self, cast, overload

from mfwidgets.client.base import class_of
from mfwidgets.client.collections.chosen_runs import chosen_runs
from mfwidgets.client.collections.runs import Runs
from mfwidgets.client.flow import Flow, visible_flows
from mfwidgets.code_lines import is_plain
from mfwidgets.concurrency import MAX_WORKERS, parallel_map
from mfwidgets.display import Explorable
from mfwidgets.errors import MetaflowNotFound
from mfwidgets.pathspec import PathComponents, kind_of, parse, parse_alias, similar_alias
from mfwidgets.providers.base import Headers
from mfwidgets.queries.context import DEFAULT, ClientContext, _Default, current_context, new_context
from mfwidgets.queries.namespaces import all_namespaces
from mfwidgets.queries.rows import FlowRow, RunRow, run_rows
from mfwidgets.queries.run_filter import Moment, RunStatus
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd
    import requests

    from mfwidgets.client.answers.disk_usage import DiskUsage
    from mfwidgets.client.artifact import DataArtifact
    from mfwidgets.client.run import Run
    from mfwidgets.client.step import Step
    from mfwidgets.client.task import Task

_MAX_MEANT = 3
"""At most this many flows are named if a pathspec lacks its flow."""


class Metaflow(Explorable):
    """All flows of a metadata provider that are visible in a namespace.

    ``Metaflow()`` uses what :func:`mfwidgets.metadata` and :func:`mfwidgets.namespace` selected. With an argument it is
    an independent client: later calls of those functions do not change it. Use two clients to read two deployments at
    once.

    Reads nothing from a service. For a local provider, checks that the folder exists.

    Parameters
    ----------
    metadata
        A selector such as ``local@/home/ann/project`` or ``service@https://...``. The default is the current provider.
    namespace
        A namespace such as ``user:ann``. None selects all runs. The default is the configured namespace.
    headers
        HTTP headers for each request to a metadata service, in addition to those of ``METAFLOW_SERVICE_HEADERS`` and
        ``METAFLOW_SERVICE_AUTH_KEY``. A callable is called before each request, for tokens that expire. Headers are
        sent to the service's host only. They never appear in errors or pickles.
    session
        A ``requests.Session`` that sends the requests, for certificates or proxies.

    Raises
    ------
    InvalidSelector
        The selector is malformed, or its folder does not exist.
    MetaflowInvalidArgument
        The namespace is neither a string nor None.

    Examples
    --------
    >>> [flow.id for flow in Metaflow()]
    ['ForecastFlow', 'HelloFlow', 'ImportFlow', 'ReportFlow', 'SweepFlow', 'TuningFlow']
    >>> everybody = Metaflow(namespace=None)
    >>> len(list(everybody["HelloFlow"]))
    3
    """

    def __init__(
        self,
        metadata: str | PathLike[str] | None = None,
        namespace: str | _Default | None = DEFAULT,
        *,
        headers: Headers | None = None,
        session: "requests.Session | None" = None,
    ) -> None:
        explicit = metadata is not None or headers is not None or session is not None
        self._context: ClientContext = (
            new_context(metadata, namespace, headers, session) if explicit else current_context()
        )
        if namespace is not DEFAULT:
            self._context = replace(self._context, namespace_setting=namespace)

    @classmethod
    def _in_context(cls, context: ClientContext) -> Self:
        """Return the client with this context."""
        client = cls.__new__(cls)
        client._context = context
        return client

    @property
    def metadata(self) -> str:
        """The selector of its metadata provider."""
        return self._context.provider.selector

    @property
    def namespace(self) -> str | None:
        """Its namespace. None selects all runs."""
        return self._context.namespace

    def namespaces(self) -> list[str]:
        """Return the namespaces of the metadata provider, those of most runs first.

        Reads the newest 50 runs of the first 50 flows, in all namespaces. Costs one request for the flows and one for each
        flow. Locally, costs two file reads for each run. The answer is cached for a minute.

        Returns
        -------
        list of str
            Names for :func:`mfwidgets.namespace`: ``user:ann``, ``production:mytoken``.

        Examples
        --------
        >>> Metaflow().namespaces()
        ['user:ann', 'user:bob']
        """
        return all_namespaces(self._context)

    @property
    def flows(self) -> list[Flow]:
        """The flows that have a run in the namespace, by name. Costs one request, and one for each flow.

        Examples
        --------
        >>> Metaflow().flows[:2]
        [Flow('ForecastFlow'), Flow('HelloFlow')]
        """
        return list(self)

    def __iter__(self) -> Iterator[Flow]:
        return visible_flows(self._context)

    def __getitem__(self, name: str) -> Flow:
        return Flow._in_context(self._context, parse(name, "flow"))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._context.provider.flow(name) is not None

    @overload
    def get(self, pathspec: str, attempt: None = None) -> "Flow | Run | Step | Task | DataArtifact": ...
    @overload
    def get(self, pathspec: str, attempt: int) -> "Task | DataArtifact": ...
    def get(self, pathspec: str, attempt: int | None = None) -> "Flow | Run | Step | Task | DataArtifact":
        """Return the object at a pathspec.

        Costs one request for the object and one for its run. An alias costs what :attr:`Flow.latest_run` or
        :attr:`Flow.latest_successful_run` costs.

        Parameters
        ----------
        pathspec
            From ``HelloFlow`` to ``HelloFlow/2/start/1/x``. The run id can also be ``latest``, ``latest-ok`` (the
            newest run that succeeded) or ``latest~2`` (two before the newest).
        attempt
            The number of an attempt, for tasks and artifacts only.

        Returns
        -------
        Flow, Run, Step, Task or DataArtifact
            The class depends on the number of parts. Type checkers see the exact class in
            ``client["HelloFlow"]["2"]["start"]``.

        Raises
        ------
        MetaflowInvalidPathspec
            The pathspec has the wrong form.
        MetaflowNotFound
            The object does not exist.
        MetaflowNamespaceMismatch
            The object is not in the namespace of the client.

        Examples
        --------
        >>> Metaflow().get("ForecastFlow/latest")
        Run('ForecastFlow/1795378919475034')
        >>> Metaflow().get("ForecastFlow/latest~1/start")
        Step('ForecastFlow/1795378913725406/start')
        """
        path = parse(pathspec)
        alias = parse_alias(path[1]) if len(path) > 1 else None
        if alias:
            run = Flow._in_context(self._context, path[:1])._find_alias(alias)
            if run is None:
                kind = "successful run" if alias.successful_only else "run"
                raise MetaflowNotFound(
                    f"{path[0]} does not have enough {kind}s in this namespace for '{path[0]}/{path[1]}'.",
                    pathspec=pathspec,
                )
            path = (path[0], run.id, *path[2:])
        try:
            found = class_of(kind_of(path))._in_context(self._context, path, attempt)
        except MetaflowNotFound as error:
            if alias or not (meant := self._meant_by(path)):
                raise
            hint = f"{error} Did you mean {' or '.join(map(repr, meant))}?"
            raise MetaflowNotFound(hint, pathspec=error.pathspec, suggestions=meant) from None
        return cast("Flow | Run | Step | Task | DataArtifact", found)

    def _meant_by(self, path: PathComponents) -> list[str]:
        """Return the pathspecs that a path with a typo of ``latest`` can mean."""
        alias = similar_alias(path[1] if len(path) > 1 else path[0])
        flows = [path[0]] if len(path) > 1 else (self._context.flow_names() or [])[:_MAX_MEANT]
        return ["/".join((flow, alias, *path[2:])) for flow in flows if alias]

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
        """Return the runs of all flows in the namespace, newest first.

        Reads nothing until the runs are used. A service then needs one request for each flow, many at once, and more for
        flows with many of the runs. Locally, lists the folder of each flow, and reads only the runs that are used. Give
        ``since`` or ``limit`` if there are many runs.

        Parameters
        ----------
        *tags, status, user, since, until, text, project, branch, limit, max_runs, filters, page_size, columns
            As in :meth:`Flow.runs`.

        Returns
        -------
        Runs
            A lazy collection, as of one flow. Sorting and filtering by values read the values of all flows.

        Raises
        ------
        MetaflowInvalidArgument
            An argument has an invalid value, or a filter is unknown or cannot be applied.

        Examples
        --------
        >>> list(Metaflow().runs(status="failed", limit=2))
        [Run('SweepFlow/1795719054748098'), Run('TuningFlow/1795718769596824')]
        >>> Metaflow().runs("nightly", limit=3).to_pandas()[["flow", "status"]]
                 flow     status
        0  TuningFlow  completed
        1  TuningFlow  completed
        2  TuningFlow     failed
        """
        return chosen_runs(
            self._context,
            None,
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

    def disk_usage(self, seconds: float = 60.0) -> "DiskUsage":
        """Return what fills the datastore, by flow. A report: nothing is deleted.

        Lists the objects of up to 500 visible flows, without reading them. A local flow costs its listing: a second for
        100,000 files. A flow in a cloud costs up to three requests, and one for each thousand objects, at most 100 for each
        flow. :meth:`Flow.disk_usage` shows the runs and artifacts of one flow.

        Parameters
        ----------
        seconds
            The time limit. ``left_out`` of the answer says what was not counted.

        Returns
        -------
        DiskUsage
            One row per flow, the largest first. It displays itself.

        Raises
        ------
        MetaflowInvalidArgument
            ``seconds`` is not a number from 0.

        Examples
        --------
        >>> usage = Metaflow().disk_usage()
        >>> [row.name for row in usage][:1], usage.left_out
        (['TuningFlow'], [])
        """
        from mfwidgets.client.answers.disk_usage import disk_usage_of_flows

        return disk_usage_of_flows(self, seconds)

    def _rows(self, limit: int | None = None) -> list[FlowRow]:
        """Return one row per flow, with the facts of its newest run. ``limit`` is the maximum number of flows."""
        flows = list(islice(self, limit))
        newest_runs = parallel_map(
            lambda flow: list(islice(flow.runs(limit=1)._records(), 1)),
            flows,
            max_concurrency=self._context.max_concurrency,
        )
        newest = list(chain.from_iterable(newest_runs))
        rows = {row.record.flow: row for row in run_rows(self._context, newest)}
        return [FlowRow(flow.id, rows.get(flow.id)) for flow in flows]

    def _newest_runs(self, flows: int, runs: int) -> dict[str, list[RunRow]]:
        """Return the rows of the newest runs of the first visible flows, by flow.

        A service gets one request per flow, many at once, and one for each run that is not ``completed``. The ends of
        its runs are their last heartbeats.
        """
        rows_by_flow: dict[str, list[RunRow]] = {}
        names = (record.flow for record in self._context.provider.flows())
        while len(rows_by_flow) < flows and (batch := list(islice(names, MAX_WORKERS))):
            rows = parallel_map(
                lambda flow: Runs(self._context, flow, limit=runs)._quick_rows(),
                batch,
                max_concurrency=self._context.max_concurrency,
            )
            pairs = zip(batch, rows, strict=True)
            rows_by_flow |= {flow: newest for flow, newest in pairs if newest or self._context.namespace is None}
        return dict(islice(rows_by_flow.items(), flows))

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of the flows, by name.

        Returns
        -------
        pandas.DataFrame
            One row per flow: ``flow``, and of its newest run in the namespace ``latest_run`` (pathspec), ``status``
            (category), ``reason``, ``started_at`` (UTC), ``duration``, ``elapsed`` and ``user``. Costs three requests
            per flow, and more if its newest run is not completed.

        Examples
        --------
        >>> Metaflow().to_pandas()[["flow", "status", "user"]]
                   flow     status user
        0  ForecastFlow  completed  ann
        1     HelloFlow  completed  ann
        2    ImportFlow     failed  ann
        3    ReportFlow  completed  ann
        4     SweepFlow  completed  ann
        5    TuningFlow  completed  ann
        """
        return to_frame("flows", self._rows())

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as dicts.

        Returns
        -------
        list of dict
            One dict per flow. Costs what :meth:`to_pandas` costs.
        """
        return to_dicts("flows", self._rows())

    def _ipython_key_completions_(self) -> list[str]:
        return [flow.flow for flow in self._context.provider.flows() if is_plain(flow.flow)]

    def __str__(self) -> str:
        return "Metaflow()"

    def __repr__(self) -> str:
        return "Metaflow()"
