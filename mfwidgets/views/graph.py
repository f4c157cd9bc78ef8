"""The steps of a run as a graph, and as the table beside it that tells the same."""

from collections.abc import Mapping, Sequence
from typing import Any

from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.status.rules import step_status
from mfwidgets.render.view import Graph, GraphStep
from mfwidgets.views.cells import Limits

MAX_GRAPH_STEPS = 60
"""A graph of more steps is no picture; the table of steps tells them."""

_KINDS = {
    "split-static": "split",
    "split-parallel": "parallel",
    "split-foreach": "foreach",
    "split-switch": "switch",
    "join": "join",
}


def step_graph(nodes: Mapping[str, dict[str, Any]], rows: Sequence[TaskRow], limits: Limits) -> tuple[Graph, ...]:
    """Show the graph of the steps, each with its status and the number of its tasks; nothing where it is unknown."""
    if not nodes or len(nodes) > MAX_GRAPH_STEPS:
        return ()
    by_step: dict[str, list[TaskRow]] = {}
    for row in rows:
        by_step.setdefault(row.record.step, []).append(row)
    steps = tuple(_step(name, node, by_step.get(name, []), limits) for name, node in nodes.items())
    return (Graph("Graph", steps),)


def _step(name: str, node: Mapping[str, Any], rows: Sequence[TaskRow], limits: Limits) -> GraphStep:
    following = tuple(limits.text(str(one)).text for one in node.get("next") or ())
    status = limits.status(step_status([row.status for row in rows])) if rows else None
    pathspec = "/".join(rows[0].record.path[:3]) if rows else ""
    return GraphStep(limits.text(name).text, status, _detail(name, node, rows), following, pathspec)


def _detail(name: str, node: Mapping[str, Any], rows: Sequence[TaskRow]) -> str:
    """Say what kind of step it is and how many tasks it had; "not run" where it had none."""
    kind = "loop" if name in (node.get("next") or ()) else _KINDS.get(str(node.get("type")), "")
    if not rows:
        return "not run"
    words = [f"{len(rows):,} {'turns' if kind == 'loop' else 'tasks'}"] if len(rows) > 1 else []
    return ", ".join([*words, *([kind] if kind else [])]) or str(rows[0].status)
