"""The root of the tree: a provider and a namespace, as an explicit client."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from os import PathLike
from typing import TYPE_CHECKING, Any, Self, cast, overload

from mfwidgets.client.base import class_of
from mfwidgets.client.collections.runs import Runs
from mfwidgets.client.flow import Flow, visible_flows
from mfwidgets.concurrency import MAX_WORKERS, parallel_map
from mfwidgets.display import Explorable
from mfwidgets.errors import MetaflowNotFound
from mfwidgets.pathspec import kind_of, parse, parse_alias
from mfwidgets.providers.service_http import Headers
from mfwidgets.queries.context import DEFAULT, ClientContext, _Default, current_context, new_context
from mfwidgets.queries.rows import FlowRow, RunRow, run_rows
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd
    import requests

    from mfwidgets.client.artifact import DataArtifact
    from mfwidgets.client.run import Run
    from mfwidgets.client.step import Step
    from mfwidgets.client.task import Task


class Metaflow(Explorable):
    """All flows that a provider and a namespace show.

    ``Metaflow()`` looks at what :func:`mfwidgets.metadata` and :func:`mfwidgets.namespace` chose. With an argument it
    is a client of its own, which those functions do not touch, so that two deployments can be read side by side.

    Parameters
    ----------
    metadata
        A selector such as ``local@/home/ann/project``; left out, the current provider.
    namespace
        Such as ``user:ann``; None sees all runs; left out, the configured namespace.
    headers
        Sent with each request to a metadata service, beside what ``METAFLOW_SERVICE_HEADERS`` and
        ``METAFLOW_SERVICE_AUTH_KEY`` say; a callable is asked anew for each request, for tokens that expire. They go to
        no other host, into no error and no pickle.
    session
        A ``requests.Session`` to send them with, for certificates, proxies and the like.

    Examples
    --------
    >>> theirs = Metaflow(metadata="local@/data/other-team", namespace=None)  # doctest: +SKIP
    >>> theirs.get("TrainFlow/latest")  # doctest: +SKIP
    """

    def __init__(
        self,
        metadata: str | PathLike[str] | None = None,
        namespace: str | _Default | None = DEFAULT,
        *,
        headers: Headers | None = None,
        session: "requests.Session | None" = None,
    ) -> None:
        own = metadata is not None or headers is not None or session is not None
        self._context: ClientContext = new_context(metadata, namespace, headers, session) if own else current_context()
        if namespace is not DEFAULT:
            self._context = replace(self._context, namespace_setting=namespace)

    @classmethod
    def _in_context(cls, context: ClientContext) -> Self:
        """Return the client that sees what a scope does."""
        made = cls.__new__(cls)
        made._context = context
        return made

    @property
    def metadata(self) -> str:
        """The selector of its provider."""
        return self._context.provider.selector

    @property
    def namespace(self) -> str | None:
        """Its namespace; None sees all runs."""
        return self._context.namespace

    @property
    def flows(self) -> list[Flow]:
        """The flows that have a run in the namespace, by name."""
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
        """Find any object by its pathspec.

        Parameters
        ----------
        pathspec
            ``HelloFlow`` to ``HelloFlow/2/start/1/x``; for the run id also ``latest``, ``latest-ok`` (the newest that
            succeeded) or ``latest~2`` (two before the newest).
        attempt
            Of tasks and artifacts only.

        Returns
        -------
        Flow, Run, Step, Task or DataArtifact
            By the number of parts. A type checker cannot count them: ``client["HelloFlow"]["2"]["start"]`` has exact types.

        Raises
        ------
        MetaflowInvalidPathspec, MetaflowNotFound, MetaflowNamespaceMismatch
            As the classes' own constructors do.
        """
        path = parse(pathspec)
        alias = parse_alias(path[1]) if len(path) > 1 else None
        if alias:
            run = Flow._in_context(self._context, path[:1])._find_alias(alias)
            if run is None:
                kind = "successful run" if alias.successful_only else "run"
                raise MetaflowNotFound(
                    f"'{path[0]}/{path[1]}': {path[0]} has not that many {kind}s in this namespace.", pathspec=pathspec
                )
            path = (path[0], run.id, *path[2:])
        return cast(
            "Flow | Run | Step | Task | DataArtifact", class_of(kind_of(path))._in_context(self._context, path, attempt)
        )

    def _rows(self, limit: int | None = None) -> list[FlowRow]:
        """Return its flows, each with what is known of its newest run; the first ``limit`` only, when given."""
        flows = list(islice(self, limit))
        newest = [run for flow in flows for run in islice(flow.runs()._records(), 1)]
        known = {row.record.flow: row for row in run_rows(self._context, newest)}
        return [FlowRow(flow.id, known.get(flow.id)) for flow in flows]

    def _newest_runs(self, flows: int, runs: int) -> dict[str, list[RunRow]]:
        """Return what is known of the newest runs of the first flows that the namespace shows, flow by flow.

        Of a metadata service one request a flow, many at once, and one for each run that is not simply completed; the
        ends of runs are their last heartbeats then.
        """
        found: dict[str, list[RunRow]] = {}
        names = (record.flow for record in self._context.provider.flows())
        while len(found) < flows and (some := list(islice(names, MAX_WORKERS))):
            rows = parallel_map(
                lambda flow: Runs(self._context, flow, limit=runs)._quick_rows(),
                some,
                max_concurrency=self._context.max_concurrency,
            )
            shown = zip(some, rows, strict=True)
            found |= {flow: newest for flow, newest in shown if newest or self._context.namespace is None}
        return dict(islice(found.items(), flows))

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of its flows, by name.

        Returns
        -------
        pandas.DataFrame
            ``flow``, and of its newest run in the namespace ``latest_run`` (pathspec), ``status`` (category), ``reason``,
            ``started_at`` (UTC), ``duration``, ``elapsed``, ``user``. Costs what two rows of a table of runs cost, for each flow.
        """
        return to_frame("flows", self._rows())

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the same as plain data, a dict a flow."""
        return to_dicts("flows", self._rows())

    def _ipython_key_completions_(self) -> list[str]:
        return [flow.flow for flow in self._context.provider.flows()]

    def __str__(self) -> str:
        return "Metaflow()"

    def __repr__(self) -> str:
        return "Metaflow()"
