"""Estimates how much longer a run will take, from its own tasks and from what its steps usually take."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.step_timings import planned_of, status_of_step
from mfwidgets.queries.usual_durations import Usual

MIN_DONE = 2
"""One task that ended says little about the others of its step."""


class TimeLeft(NamedTuple):
    """An estimate.

    Attributes
    ----------
    ms
        Milliseconds.
    step
        The step that will take this long. Empty if the whole run will.
    """

    ms: int
    step: str


def time_left(
    rows: Sequence[TaskRow], nodes: Mapping[str, Mapping[str, Any]], usual: Mapping[str, Usual], now_ms: int
) -> TimeLeft | None:
    """Return how much longer a run will take, or the slowest of its running steps. None if nothing says so.

    The whole run is estimated if each step on the way to its end is. A step that takes longer than usual, and a switch,
    which can skip steps or repeat them, are not estimated.

    Parameters
    ----------
    rows
        The tasks of the run.
    nodes
        The graph, in topological order.
    usual
        What steps usually take.
    now_ms
        The time.
    """
    by_step: dict[str, list[TaskRow]] = {name: [] for name in nodes}
    for row in rows:
        by_step.setdefault(row.record.step, []).append(row)
    if any(row.status in ("failed", "killed") for row in rows):
        return None
    left = {name: _left_of_step(group, usual.get(name), now_ms) for name, group in by_step.items()}
    whole = _whole_run(left, nodes)
    if whole is not None:
        return TimeLeft(whole, "")
    running = [(ms, name) for name, ms in left.items() if ms is not None and by_step[name] and ms > 0]
    return TimeLeft(*max(running)) if running else None


def _left_of_step(rows: Sequence[TaskRow], usual: Usual | None, now_ms: int) -> int | None:
    """Return what is left of a step. None if it is unknown."""
    if not rows:
        return usual.duration_ms if usual else None
    if status_of_step(rows) in ("completed", "caught"):
        return 0
    durations = [row.duration_ms for row in rows if row.status == "completed" and row.duration_ms is not None]
    if len(durations) >= MIN_DONE:
        return _left_of_tasks(rows, fmean(durations), now_ms)
    began = min((row.first_started_ms for row in rows if row.first_started_ms is not None), default=None)
    if usual is None or began is None:
        return None
    left = usual.duration_ms - (now_ms - began)
    return left if left > 0 else None


def _left_of_tasks(rows: Sequence[TaskRow], mean_ms: float, now_ms: int) -> int:
    """Return what is left if the other tasks take as long as those that ended, and as many run at once as now."""
    running = [row for row in rows if row.status == "running"]
    passed = [now_ms - row.started_ms if row.started_ms is not None else 0 for row in running]
    waiting = max(planned_of(rows) - len(rows), 0)
    work = sum(max(mean_ms - ms, 0) for ms in passed) + waiting * mean_ms
    return round(work / max(len(running), 1))


def _whole_run(left: Mapping[str, int | None], nodes: Mapping[str, Mapping[str, Any]]) -> int | None:
    """Return the longest way through the graph. None if a part of it is unknown."""
    if not nodes or any("switch" in str(node.get("type")) for node in nodes.values()):
        return None
    total: dict[str, int] = {}
    for name in reversed(list(nodes)):
        here = left.get(name)
        if here is None:
            return None
        total[name] = here + max((total.get(str(other), 0) for other in nodes[name].get("next") or ()), default=0)
    return max(total.values())
