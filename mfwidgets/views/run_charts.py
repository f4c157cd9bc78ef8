"""The graph of a run. The table next to it shows the same facts as text and numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from mfwidgets.deadline import stoppable
from mfwidgets.queries.lineage.regions import foreach_regions, item_counts
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.step_timings import step_timing
from mfwidgets.render.graph import Graph, GraphRegion, GraphStep
from mfwidgets.render.graph_regions import TIMES
from mfwidgets.times import duration_text
from mfwidgets.views.cells import Limits

_STEPS_PER_ROW = 5
"""A graph with more than this many steps for each row that tables may have is not drawn. The table has the same facts."""

_KINDS = {
    "split-static": "split",
    "split": "split",
    "split-parallel": "parallel",
    "split-foreach": "foreach",
    "split-switch": "switch",
    "join": "join",
}

_MAX_NAME = 30
"""Letters of the name of a list in a box."""


def step_graph(
    nodes: Mapping[str, dict[str, Any]], rows: Sequence[TaskRow], limits: Limits, *, is_running: bool = False
) -> tuple[Graph, ...]:
    """Show the graph, each step with its status, tasks, retries and duration. Empty if it is unknown or very large."""
    if not nodes or len(nodes) > _STEPS_PER_ROW * limits.rows:
        return ()
    by_step: dict[str, list[TaskRow]] = {}
    for row in stoppable(rows):
        by_step.setdefault(row.record.step, []).append(row)
    idle = "pending" if is_running else "not run"
    steps = tuple(_graph_step(name, node, by_step.get(name, []), idle, limits) for name, node in nodes.items())
    return (Graph("Graph", steps, regions=_regions(nodes, by_step, limits)),)


def _regions(
    nodes: Mapping[str, dict[str, Any]], by_step: Mapping[str, Sequence[TaskRow]], limits: Limits
) -> tuple[GraphRegion, ...]:
    """Return the regions of foreaches with their numbers of items."""
    regions = []
    for region in foreach_regions(nodes):
        kind = _KINDS.get(str(nodes[region.split].get("type")), "foreach")
        counts = item_counts(region, nodes, by_step)
        words = " in ".join(_over(split, nodes, limits) for split in (region.split, *reversed(region.outer)))
        title = f"{words}: {TIMES.join(counts)}" if counts else words
        regions.append(GraphRegion(tuple(limits.text(name).text for name in region.steps), kind, counts, title))
    return tuple(regions)


def _over(split: str, nodes: Mapping[str, dict[str, Any]], limits: Limits) -> str:
    kind = _kind(split, nodes[split], limits)
    return kind if kind.startswith("foreach over") else f"{kind or 'foreach'} of {limits.text(split).text}"


def _graph_step(name: str, node: Mapping[str, Any], rows: Sequence[TaskRow], idle: str, limits: Limits) -> GraphStep:
    following = tuple(limits.text(str(other)).text for other in node.get("next") or ())
    shown, kind = limits.text(name).text, _kind(name, node, limits)
    if not rows:
        return GraphStep(shown, None, (kind,) if kind and kind != "join" else (), following, idle=idle)
    timing = step_timing(rows[0].record.run, name, rows)
    number, planned = timing.task_count, timing.planned_tasks
    facts = []
    if planned > 1:
        count = f"{number:,} of {planned:,}" if planned > number else f"{number:,}"
        facts.append(f"{count} {'iterations' if kind == 'loop' else 'tasks'}")
    passed = timing.duration_ms if timing.elapsed_ms is None else timing.elapsed_ms
    facts += [duration_text(passed)] if passed is not None else []
    lines = [", ".join(facts)] if facts else []
    retries = timing.attempts - number
    lines += [f"{retries:,} {'retry' if retries == 1 else 'retries'}"] if retries > 0 else []
    lines += [kind] if kind and kind != "join" else []
    return GraphStep(
        shown, limits.status(timing.status), tuple(lines), following, timing.pathspec, idle, is_stack=planned > 1
    )


def _kind(name: str, node: Mapping[str, Any], limits: Limits) -> str:
    """Return what a step does to the graph: ``foreach over cities``, ``switch``. Empty for a step in a line."""
    if name in (node.get("next") or ()):
        return "loop"
    kind = _KINDS.get(str(node.get("type")), "")
    items = node.get("foreach_artifact")
    if kind == "foreach" and isinstance(items, str) and items:
        return f"foreach over {limits.text(items[:_MAX_NAME]).text}"
    return kind
