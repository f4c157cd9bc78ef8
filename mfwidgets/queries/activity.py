"""Which flows were active last, and the runs of all flows together, newest first.

Local flows are looked at in the order of the times in their newest run ids, so flows that were not active cost one listing.
A service is requested flow by flow, first for the flows that were active last time.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from itertools import islice
from math import inf

from mfwidgets.concurrency import parallel_map
from mfwidgets.deadline import current_deadline
from mfwidgets.errors import MetaflowException
from mfwidgets.providers.base import RunQuery
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.times import now_ms

MAX_FLOWS_ASKED = 300
"""A display asks a service about at most this many flows. Each costs a request of a few milliseconds."""

MAX_RUNS_SEARCHED = 20_000
"""A display reads at most this many local runs of others to find flows that are visible in a namespace."""

MAX_OTHER_RUNS = 2_000
"""To find the newest visible runs of one local flow, a display reads at most this many runs."""

_RECENTLY_ACTIVE = 100
"""Flows that were active last when their newest run was requested before. They come first."""

_FIRST_PAGE = 20
"""Runs in the first page of a flow of a service, if all its runs are merged with those of other flows."""

_UNREAD, _READ = 0, 1


def runs_of_all_flows(context: ClientContext, query: RunQuery) -> Iterator[RunRecord]:
    """Yield the runs of all flows, newest first. The caller filters them, as for the runs of one flow.

    Lists the folder of each local flow, and reads only the runs that the caller takes. Requests the first page
    of each flow from a service, many at once.
    """
    provider = context.provider
    names = provider.flow_names()
    if not provider.remote:
        starts = ((provider.newest_start(flow), flow) for flow in names)
        bounds = [(inf if ms is None else ms, flow) for ms, flow in starts if ms != 0]
        yield from _merged(bounds, lambda flow: _opened(context, flow, query))
        return
    limit = min(query.limit or _FIRST_PAGE, _FIRST_PAGE)
    opened = {flow: provider.runs(flow, _with_limit(query, limit)) for flow in names}
    newest = parallel_map(lambda runs: next(runs, None), opened.values(), title="flows")
    heads = {flow: run for flow, run in zip(opened, newest, strict=True) if run is not None}
    yield from _merged([(run.created_ms, flow) for flow, run in heads.items()], opened.__getitem__, heads)


def _with_limit(query: RunQuery, limit: int) -> RunQuery:
    return replace(query, limit=limit)


def _opened(context: ClientContext, flow: str, query: RunQuery) -> Iterator[RunRecord]:
    """Yield the runs of a local flow. Empty if the folder is not a flow."""
    if _is_flow(context, flow):
        yield from context.provider.runs(flow, query)


def _is_flow(context: ClientContext, name: str) -> bool:
    with suppress(MetaflowException):  # a broken record of a flow does not hide its runs
        return context.provider.flow(name) is not None
    return True


def _merged(
    bounds: Sequence[tuple[float, str]],
    open_flow: Callable[[str], Iterator[RunRecord]],
    heads: dict[str, RunRecord] | None = None,
) -> Iterator[RunRecord]:
    """Yield the runs of several flows, newest first. Reads the next run of a flow only if it can be the next of all."""
    queue: list[tuple[float, int, str]] = [(-ms, _READ if heads else _UNREAD, flow) for ms, flow in bounds]
    heapify(queue)
    opened: dict[str, Iterator[RunRecord]] = {}
    read = dict(heads or {})
    while queue:
        _, kind, flow = heappop(queue)
        if kind == _READ:
            run = read[flow]
            yield run
            heappush(queue, (-run.created_ms, _UNREAD, flow))
            continue
        if flow not in opened:
            opened[flow] = open_flow(flow)
        following = next(opened[flow], None)
        if following is not None:
            read[flow] = following
            heappush(queue, (-following.created_ms, _READ, flow))


@dataclass
class ActiveFlows:
    """The flows that are visible in the namespace, by their last activity. Filled while it searches.

    Attributes
    ----------
    newest
        The newest visible run of each flow, by name.
    total
        The number of flows in any namespace. For a local folder, other folders can be among them.
    asked
        The flows that were looked at.
    searched_ms
        All visible flows with a run after this time were found. None if nothing was searched.
    with_runs
        The number of local flows with runs in any namespace. None if not all folders were listed.
    has_enough
        Whether the search ended because enough flows were found.
    """

    newest: dict[str, RunRecord] = field(default_factory=dict)
    total: int = -1
    asked: list[str] = field(default_factory=list)
    searched_ms: float | None = None
    with_runs: int | None = None
    has_enough: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether no flow was left out."""
        return self.searched_ms == 0 and len(self.asked) == self.total

    def search(self, context: ClientContext, count: int, since_ms: int, maximum: int) -> None:
        """Find ``count`` flows, and up to ``maximum`` flows if they have runs since a time.

        The flows that were active last time come first, so that they are found also if there is no time for the others.
        """
        names = context.provider.flow_names()
        self.total = len(names)
        known = _remembered(context)
        order = in_order_of_asking({flow: known.get(flow, (0, 0)) for flow in names})
        starts: dict[str, int] = {}
        try:
            if context.provider.remote:
                self._ask(context, order[:MAX_FLOWS_ASKED], starts)
            else:
                self._list(context, order, starts)
                self._read(context, starts, count, since_ms, maximum)
        finally:
            now = now_ms()
            visible = {run.flow: run.created_ms for run in self.by_activity()}
            active = starts if context.namespace is None else visible
            found = {flow: (active.get(flow, 0), now) for flow in list(self.asked)}
            _remember(context, {flow: known[flow] for flow in names if flow in known} | found)

    def by_activity(self) -> list[RunRecord]:
        """Return the newest run of each flow, newest first."""
        found = list(self.newest.values())  # a copy, because the search may go on
        return sorted(found, key=lambda run: (-run.created_ms, run.flow))

    def _list(self, context: ClientContext, names: Sequence[str], starts: dict[str, int]) -> None:
        """List the folders of flows, within a share of the time."""
        deadline = current_deadline()
        end_s = deadline.remaining_s() * (1 - _LISTING) if deadline else -inf
        for flow in names:
            if deadline and deadline.remaining_s() < end_s:
                return
            ms = context.provider.newest_start(flow)
            self.asked.append(flow)
            if ms is not None and ms > 0:
                starts[flow] = ms
            elif ms is None and _is_flow(context, flow):
                starts[flow] = _UNKNOWN
        self.with_runs = len(starts)

    def _read(self, context: ClientContext, starts: dict[str, int], count: int, since_ms: int, maximum: int) -> None:
        queue = [(-ms, _UNREAD, flow) for flow, ms in starts.items()]
        heapify(queue)
        visible: dict[str, RunRecord] = {}
        opened: dict[str, Iterator[RunRecord]] = {}
        others = 0
        while queue and others <= MAX_RUNS_SEARCHED:
            bound, kind, flow = heappop(queue)
            self.searched_ms = -bound
            self.has_enough = len(self.newest) >= (count if -bound < since_ms else maximum)
            if self.has_enough:
                return
            if kind == _READ:
                self.newest[flow] = visible[flow]
                continue
            if flow not in opened:
                opened[flow] = _opened(context, flow, RunQuery())
            run = next(opened[flow], None)
            if run is None:
                continue
            if context.includes(run):
                visible[flow] = run
                heappush(queue, (-run.created_ms, _READ, flow))
            else:
                others += 1
                heappush(queue, (-run.created_ms, _UNREAD, flow))
        self.searched_ms = -queue[0][0] if queue else 0

    def _ask(self, context: ClientContext, flows: Sequence[str], starts: dict[str, int]) -> None:
        """Request the newest run of each flow."""
        tags = () if context.namespace is None else (context.namespace,)
        deadline = current_deadline()
        end_s = deadline.remaining_s() * (1 - _ASKING) if deadline else -inf

        def ask(flow: str) -> None:
            if deadline and deadline.remaining_s() < end_s:  # requests that are given up would still occupy the service
                return
            runs = context.provider.runs(flow, RunQuery(tags, limit=1))
            run = next((run for run in runs if context.includes(run)), None)
            if run is not None:
                self.newest[flow] = run
                starts[flow] = run.created_ms
            self.asked.append(flow)

        parallel_map(ask, flows)
        self.searched_ms = 0


def _remembered(context: ClientContext) -> dict[str, tuple[int, int]]:
    """Return when the newest run of each flow started and when it was requested. Empty for flows that are not remembered."""
    content = context.index.flow_fact(_ALL, _fact(context)) if context.index is not None else None
    known: dict[str, tuple[int, int]] = {}
    for flow, moments in content.items() if isinstance(content, dict) else ():
        match moments:
            case [int(started), int(asked)]:
                known[flow] = started, asked
    return known


def _remember(context: ClientContext, known: dict[str, tuple[int, int]]) -> None:
    if context.index is None or len(known) <= _RECENTLY_ACTIVE:  # there is time for so few
        return
    newest = sorted(known, key=lambda flow: -known[flow][0])[:_MAX_REMEMBERED]
    context.index.keep_flow_fact(_ALL, _fact(context), {flow: list(known[flow]) for flow in newest})
    context.index.flush()


def _fact(context: ClientContext) -> str:
    return f"active in {context.namespace}"


_ALL = ""
"""The name under which facts about all flows are remembered. No flow has it."""

_MAX_REMEMBERED = 10_000

_UNKNOWN = 2**62
"""A time after all others, of a flow whose run ids are not times."""

_LISTING, _ASKING = 0.6, 0.8
"""The shares of the time of the search for listing the folders of flows, and for starting requests."""


def in_order_of_asking(known: dict[str, tuple[int, int]]) -> list[str]:
    """Return flows: those that were active last, then those that were requested the longest time ago, or never.

    Parameters
    ----------
    known
        When the newest run of each flow started and when it was requested, in milliseconds. 0 if unknown.
    """
    active = sorted((flow for flow, (started, _) in known.items() if started), key=lambda flow: -known[flow][0])
    first = active[:_RECENTLY_ACTIVE]
    others = set(first)
    return [*first, *sorted((flow for flow in known if flow not in others), key=lambda flow: known[flow][1])]


def newest_visible(
    context: ClientContext, flow: str, limit: int, *, since_ms: int = 0, service_status: str = ""
) -> list[RunRecord]:
    """Return the newest runs of a flow in the namespace. Reads at most 2,000 local runs. Costs one request of a service."""
    tags = () if context.namespace is None else (context.namespace,)
    query = RunQuery(tags, limit, with_status=True, service_status=service_status, since_ms=since_ms)
    runs = islice(context.provider.runs(flow, query), None if context.provider.remote else MAX_OTHER_RUNS)
    return list(islice((run for run in runs if context.includes(run) and run.created_ms >= since_ms), limit))
