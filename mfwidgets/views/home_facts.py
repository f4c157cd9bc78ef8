"""Reads the facts of the display of all flows, the most important first, within the time that the display has."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import TypeVar

from mfwidgets.concurrency import call_with_timeout, parallel_map
from mfwidgets.deadline import current_deadline
from mfwidgets.errors import DeadlineExceeded, MetaflowException
from mfwidgets.queries.activity import ActiveFlows, newest_visible
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.failures import FailureLine, failure_lines
from mfwidgets.queries.progress import Progress, progress_of
from mfwidgets.queries.rows import RunRow, run_rows
from mfwidgets.queries.values.main_result import main_results
from mfwidgets.times import now_ms, start_of_yesterday

_Item = TypeVar("_Item")

STRIP_RUNS = 20
"""Runs of a flow in its strip."""

RESULT_RUNS = 12
"""Completed runs of a flow whose main result is read. Each costs two requests of a service, once."""

MAX_ACTIVE_FLOWS = 100
"""Flows with runs since yesterday whose runs are read, also if the table shows fewer flows."""

MAX_RECENT_RUNS = 200
"""Runs of a flow since yesterday that are read."""

MAX_EXPLAINED = 10
"""Runs that failed since yesterday and are explained, and runs that run now and show their progress."""

_SEARCH, _ROWS, _FAILURES, _RESULTS = 0.45, 0.55, 0.5, 0.6
"""Shares of the time that is left before each kind of fact is read."""


@dataclass
class HomeFacts:
    """Facts about the flows. What was not read in time is missing.

    Attributes
    ----------
    asked_ms, since_ms
        Now, and the start of yesterday.
    found
        The flows that are visible.
    rows
        The newest runs of each flow, newest first: those of its strip, and all since yesterday.
    failures
        Why runs failed, by pathspec.
    progress
        The steps that run now, by the pathspec of the run.
    results
        The name of the main result of each flow, and its values in the newest completed runs.
    whole
        The flows of which all these runs were read.
    problems
        Errors of flows and runs that could not be read.
    """

    asked_ms: int = field(default_factory=now_ms)
    found: ActiveFlows = field(default_factory=ActiveFlows)
    rows: dict[str, list[RunRow]] = field(default_factory=dict)
    failures: dict[str, FailureLine] = field(default_factory=dict)
    progress: dict[str, list[Progress]] = field(default_factory=dict)
    results: dict[str, tuple[str, list[float | None]]] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    @property
    def since_ms(self) -> int:
        """When yesterday began."""
        return start_of_yesterday(self.asked_ms)

    def flows(self, limit: int) -> list[str]:
        """Return the names of the flows that were active last."""
        return [run.flow for run in self.found.by_activity()[:limit]]

    @property
    def recent(self) -> list[RunRow]:
        """The runs that started since yesterday, newest first."""
        return [row for row in self.newest if row.started_ms >= self.since_ms]

    @property
    def newest(self) -> list[RunRow]:
        """The runs that were read, newest first."""
        rows = [row for of_flow in list(self.rows.values()) for row in of_flow]
        return sorted(rows, key=lambda row: (-row.started_ms, row.pathspec))

    @property
    def failed(self) -> list[RunRow]:
        """The runs that failed or were lost since yesterday, the last first."""
        rows = [row for row in self.newest if row.status in ("failed", "unknown") and stopped_ms(row) >= self.since_ms]
        return sorted(rows, key=lambda row: -stopped_ms(row))

    @property
    def running(self) -> list[RunRow]:
        """The runs that run now, the newest first."""
        return [row for row in self.newest if row.status == "running"]


def stopped_ms(row: RunRow) -> int:
    """Return when a run ended, or its last sign of activity."""
    return max(row.started_ms, row.finished_ms or 0, row.last_activity_ms or 0)


def load_home(context: ClientContext, flow_count: int) -> HomeFacts:
    """Read the facts for a display of this many flows.

    Locally, lists the folder of each flow once, and reads about 150 small files for each flow that is shown, which are
    remembered. Requests the newest run of up to 300 flows from a service, and the runs of those that are shown.

    Raises
    ------
    MetaflowException
        The flows cannot be listed.
    """
    facts = HomeFacts()
    _within(_SEARCH, lambda: facts.found.search(context, flow_count + 1, facts.since_ms, MAX_ACTIVE_FLOWS))
    flows = facts.found.by_activity()
    shown = [run.flow for run in flows[:flow_count]]
    active = [run.flow for run in flows[flow_count:] if run.created_ms >= facts.since_ms]
    _read_rows(facts, context, [*shown, *active])
    _explain(facts, context, shown)

    def read_results(flow: str) -> None:
        completed = [row.record for row in facts.rows.get(flow, ()) if row.status == "completed"]
        facts.results[flow] = main_results(context, completed[:RESULT_RUNS])

    _each(facts, context, _RESULTS, shown, read_results)
    return facts


def _read_rows(facts: HomeFacts, context: ClientContext, flows: Sequence[str]) -> None:
    """Read the newest run of each local flow first: its status matters most. The second time, it is remembered."""

    def read(flow: str, depth: int) -> None:
        runs = newest_visible(context, flow, depth)
        if len(runs) == depth > 1 and runs[-1].created_ms >= facts.since_ms:
            recent = newest_visible(context, flow, MAX_RECENT_RUNS, since_ms=facts.since_ms)
            runs = recent if len(recent) > len(runs) else runs
        if runs:
            facts.rows[flow] = run_rows(context, runs, exact_times=False)
        if depth > 1:
            facts.whole.add(flow)

    for depth in (STRIP_RUNS,) if context.provider.remote else (1, STRIP_RUNS):
        _each(facts, context, _ROWS, flows, partial(read, depth=depth))


def _explain(facts: HomeFacts, context: ClientContext, shown: Sequence[str]) -> None:
    """Read why runs failed: those since yesterday, and the newest of each flow that is shown. Read what runs now."""
    newest = [facts.rows[flow][0] for flow in shown if flow in facts.rows]
    failed = [row for row in (*facts.failed[:MAX_EXPLAINED], *newest) if row.status == "failed"]

    def explain(row: RunRow) -> None:
        if row.status == "running":
            (facts.progress[row.pathspec],) = progress_of(context, [row.record])
        else:
            (facts.failures[row.pathspec],) = failure_lines(context, [row.record])

    rows = {row.pathspec: row for row in (*facts.running[:MAX_EXPLAINED], *failed)}
    _each(facts, context, _FAILURES, list(rows.values()), explain)


def _each(
    facts: HomeFacts, context: ClientContext, share: float, items: Sequence[_Item], read: Callable[[_Item], object]
) -> None:
    """Read a fact of each item, within a share of the time. An item that cannot be read does not stop the others."""
    outer = current_deadline()
    end_s = outer.remaining_s() * (1 - _STARTING * share) if outer else -inf

    def try_to_read(item: _Item) -> None:
        if outer and outer.remaining_s() < end_s:  # what is given up would still occupy a service
            return
        try:
            read(item)
        except DeadlineExceeded:
            raise
        except MetaflowException as error:
            facts.problems.append(str(error))

    _within(share, lambda: parallel_map(try_to_read, items, max_concurrency=context.max_concurrency))


_STARTING = 0.8
"""The share of its time in which the facts of an item begin to be read."""


def _within(share: float, read: Callable[[], object]) -> None:
    """Read within a share of the time that the display has left. What was read until then is kept."""
    deadline = current_deadline()
    if deadline is None or not deadline.is_limited:
        read()
        return
    with suppress(TimeoutError):
        call_with_timeout(deadline.remaining_s() * share, read)
