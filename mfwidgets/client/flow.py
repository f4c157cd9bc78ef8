"""Flows: the runs of one FlowSpec class."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from mfwidgets.client.base import MetaflowObject, limited
from mfwidgets.client.collections.runs import Runs
from mfwidgets.client.run import Run
from mfwidgets.errors import MetaflowNamespaceMismatch
from mfwidgets.pathspec import PathComponents, RunAlias
from mfwidgets.providers.base import RunQuery
from mfwidgets.providers.records import FlowRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.run_filter import Moment, RunStatus, project_tags, run_filter

if TYPE_CHECKING:
    import pandas as pd


_MAX_RUNS_READ = 100
"""So many of the newest runs are asked for their namespaces."""


class Flow(MetaflowObject, kind="flow"):
    """A flow: ``Flow('HelloFlow')``. Iterating gives its runs in the namespace, newest first."""

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

    def _find(self, run: None, path: PathComponents) -> FlowRecord | None:  # noqa: ARG002 - a flow is in no run
        return self._context.provider.flow(path[0])

    def _run_record(self) -> None:
        return None

    def _child(self, name: str) -> Run | None:
        found = self._context.provider.run(self._record.flow, name)
        if found is None:
            return None
        if not self._context.includes(found):
            return Run._in_context(
                self._context, found.path
            )  # raises MetaflowNamespaceMismatch, as Metaflow's client does
        return Run._of(self._context, found)

    def __getitem__(self, name: str) -> Run:
        return cast("Run", super().__getitem__(name))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._context.provider.run(self._record.flow, name) is not None

    def _child_names(self) -> list[str]:
        return limited(run.id for run in self.runs())

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs())

    def is_in_namespace(self) -> bool:
        """Tell whether any of its runs can be seen in the *current* namespace."""
        from mfwidgets.queries.context import current_context

        return _has_runs(current_context(), self._record.flow)

    @property
    def origin_pathspec(self) -> None:
        """None: flows are not resumed, runs are."""

    def runs(  # noqa: PLR0913 - one for each thing that runs are chosen by
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
    ) -> Runs:
        """Return its runs in the namespace, newest first.

        Parameters
        ----------
        *tags
            Tags that a run must all have, user or system.
        status
            ``completed``, ``caught``, ``failed``, ``running`` or ``unknown``; what became of each run is read for that.
        user
            Who started it.
        since, until
            Started not before, not after: a datetime or a date (local, unless they say otherwise), ISO 8601 text, or an
            age: ``2d`` for two days ago, with ``m``, ``h``, ``d`` or ``w``.
        text
            Only runs with this in their id, their user or a tag, whatever its case.
        project, branch
            Of ``@project``, as its tags have them: ``fraud``, and ``prod``, ``user.ann`` or ``test.fast``.
        limit
            The most runs to give.

        Returns
        -------
        Runs
            Nothing is read yet; ``.where()`` chooses further, by values of parameters and artifacts.

        Raises
        ------
        MetaflowInvalidArgument
            One of these is of another kind.
        """
        wanted = run_filter((*tags, *project_tags(project, branch)), status, user, since, until, text)
        return Runs(self._context, self._record.flow, wanted, limit)

    @property
    def latest_run(self) -> Run | None:
        """Its newest run in the namespace; None when there is none."""
        return next(iter(Runs(self._context, self._record.flow, limit=1)), None)

    @property
    def latest_successful_run(self) -> Run | None:
        """Its newest run in the namespace that succeeded; None when there is none. Walks back until it meets one.

        A metadata service that can tell is asked for it; one request more proves it.
        """
        return next(self.runs().successful(), None)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of its runs, newest first, as :meth:`Runs.to_pandas` gives it."""
        return self.runs().to_pandas()

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the same as plain data, a dict a run."""
        return self.runs().to_dicts()

    def _find_alias(self, alias: RunAlias) -> Run | None:
        """Return the run that ``latest``, ``latest-ok`` or ``latest~2`` means; None when there are not so many."""
        runs = self.runs().successful() if alias.successful_only else iter(self.runs(limit=alias.back + 1))
        return next(islice(runs, alias.back, None), None)


def visible_flows(context: ClientContext) -> Iterator[Flow]:
    """Yield the flows that have a run in the namespace, in the provider's order."""
    for record in context.provider.flows():
        if _has_runs(context, record.flow):
            yield Flow._of(context, record)


def _has_runs(context: ClientContext, flow: str) -> bool:
    """Tell whether a flow can be seen: without a namespace always, else when a run of it can."""
    return context.namespace is None or next(iter(Runs(context, flow, limit=1)), None) is not None


def _namespaces(context: ClientContext, flow: str) -> tuple[str, list[str]]:
    """Say which namespaces the newest runs of a flow are in, and return them."""
    found = dict.fromkeys(
        tag
        for run in islice(context.provider.runs(flow, RunQuery(limit=_MAX_RUNS_READ)), _MAX_RUNS_READ)
        for tag in sorted(run.system_tags)
        if tag.startswith(("user:", "production:"))
    )
    if not found:
        return "" if next(context.provider.runs(flow, RunQuery(limit=1)), None) else " It has no runs at all.", []
    names = list(found)[:5]
    return (
        f" It has runs in {', '.join(repr(name) for name in names)}: "
        f"switch with namespace({names[0]!r}), or see all runs with namespace(None)."
    ), names
