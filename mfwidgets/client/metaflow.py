"""The root of the tree: a provider and a namespace, as an explicit client."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from os import PathLike
from typing import TYPE_CHECKING, Any, Self

from mfwidgets.client.base import MetaflowObject, class_of
from mfwidgets.client.flow import Flow, visible_flows
from mfwidgets.client.presentable import Explorable, to_dicts, to_frame
from mfwidgets.client.rows import FlowRow, RunRow, run_rows
from mfwidgets.client.runs import Runs
from mfwidgets.client.scope import DEFAULT, Scope, _Default, current_scope, new_scope
from mfwidgets.errors import MetaflowNotFound
from mfwidgets.fan_out import MOST, each
from mfwidgets.metadata_provider.service_http import Headers
from mfwidgets.pathspec import kind_of, parse, parse_alias

if TYPE_CHECKING:
    import pandas as pd
    import requests


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
        self._scope: Scope = new_scope(metadata, namespace, headers, session) if own else current_scope()
        if namespace is not DEFAULT:
            self._scope = replace(self._scope, chosen=namespace)

    @classmethod
    def in_scope(cls, scope: Scope) -> Self:
        """Return the client that sees what a scope does."""
        made = cls.__new__(cls)
        made._scope = scope
        return made

    @property
    def metadata(self) -> str:
        """The selector of its provider."""
        return self._scope.provider.selector

    @property
    def namespace(self) -> str | None:
        """Its namespace; None sees all runs."""
        return self._scope.namespace

    @property
    def flows(self) -> list[Flow]:
        """The flows that have a run in the namespace, by name."""
        return list(self)

    def __iter__(self) -> Iterator[Flow]:
        return visible_flows(self._scope)

    def __getitem__(self, name: str) -> Flow:
        return Flow.in_scope(self._scope, parse(name, "flow"))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._scope.provider.flow(name) is not None

    def get(self, pathspec: str, attempt: int | None = None) -> Any:
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
            By the number of parts.

        Raises
        ------
        MetaflowInvalidPathspec, MetaflowNotFound, MetaflowNamespaceMismatch
            As the classes' own constructors do.
        """
        path = parse(pathspec)
        alias = parse_alias(path[1]) if len(path) > 1 else None
        if alias:
            run = Flow.in_scope(self._scope, path[:1]).find_alias(alias)
            if run is None:
                kind = "successful run" if alias.successful_only else "run"
                raise MetaflowNotFound(f"'{path[0]}/{path[1]}': {path[0]} has not that many {kind}s in this namespace.")
            path = (path[0], run.id, *path[2:])
        found: MetaflowObject = class_of(kind_of(path)).in_scope(self._scope, path, attempt)
        return found

    def rows(self, limit: int | None = None) -> list[FlowRow]:
        """Return its flows, each with what is known of its newest run; the first ``limit`` only, when given."""
        flows = list(islice(self, limit))
        newest = [run for flow in flows for run in islice(flow.runs().records(), 1)]
        known = {row.record.flow: row for row in run_rows(self._scope, newest)}
        return [FlowRow(flow.id, known.get(flow.id)) for flow in flows]

    def newest_runs(self, flows: int, runs: int) -> dict[str, list[RunRow]]:
        """Return what is known of the newest runs of the first flows that the namespace shows, flow by flow.

        Of a metadata service one request a flow, many at once, and one for each run that is not simply completed; the
        ends of runs are their last heartbeats then.
        """
        found: dict[str, list[RunRow]] = {}
        names = (record.flow for record in self._scope.provider.flows())
        while len(found) < flows and (some := list(islice(names, MOST))):
            rows = each(
                lambda flow: Runs(self._scope, flow, limit=runs).quick_rows(), some, at_once=self._scope.at_once
            )
            shown = zip(some, rows, strict=True)
            found |= {flow: newest for flow, newest in shown if newest or self._scope.namespace is None}
        return dict(islice(found.items(), flows))

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of its flows, by name.

        Returns
        -------
        pandas.DataFrame
            ``flow``, and of its newest run in the namespace ``latest_run`` (pathspec), ``status`` (category),
            ``started_at`` (UTC), ``user``. Costs what two rows of a table of runs cost, for each flow.
        """
        return to_frame("flows", self.rows())

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the same as plain data, a dict a flow."""
        return to_dicts("flows", self.rows())

    def _ipython_key_completions_(self) -> list[str]:
        return [flow.flow for flow in self._scope.provider.flows()]

    def __str__(self) -> str:
        return "Metaflow()"

    def __repr__(self) -> str:
        return "Metaflow()"
