"""The graph of a flow as a run recorded it: the ``_graph_info`` artifact, which holds builtin values alone."""

from typing import Any

from mfwidgets.errors import DataException
from mfwidgets.pickles.safe_loads import safe_loads
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.values.reading import read_bytes
from mfwidgets.times import MINUTE

PARAMETERS = "_parameters"
"""Metaflow's pseudo step; the scheduler writes it before any step."""


FLOW_NAME = "name"
"""Metaflow keeps the name of the flow as an artifact, in ``_parameters`` and wherever nothing else has that name."""


def graph_info(context: ClientContext, run: RunRecord) -> dict[str, Any]:
    """Return what Metaflow recorded of the graph (one bulk question, one blob); empty where it cannot be read."""
    found = context.provider.artifacts((*run.path, PARAMETERS), {"_graph_info"})
    if not found:
        return {}
    try:
        info = safe_loads(read_bytes(context, found[0]))
    except DataException:
        return {}
    return info if isinstance(info, dict) else {}


def steps_of(context: ClientContext, run: RunRecord) -> dict[str, dict[str, Any]]:
    """Return the steps by name, from start to end, each with ``type`` and ``next``; empty where the graph is unknown."""
    steps = graph_info(context, run).get("steps")
    return steps if isinstance(steps, dict) else {}


def step_order(context: ClientContext, run: RunRecord) -> list[str]:
    """Return the names of the steps from start to end; empty where the graph is unknown.

    Times do not tell: a resumed run takes over its steps in any order.
    """
    return list(steps_of(context, run))


def retries_of(node: dict[str, Any]) -> tuple[int, int]:
    """Return how often a task of a step may be tried again (``@retry``), and after how many milliseconds."""
    for decorator in node.get("decorators") or ():
        if decorator.get("name") == "retry":
            attributes = decorator.get("attributes") or {}
            try:
                return int(attributes.get("times", 3)), int(attributes.get("minutes_between_retries", 2)) * MINUTE
            except (TypeError, ValueError):
                break
    return 0, 0


def has_decorator(node: dict[str, Any], name: str) -> bool:
    """Tell whether a step has a decorator, such as ``card``."""
    return any(decorator.get("name") == name for decorator in node.get("decorators") or ())


def start_step(context: ClientContext, run: RunRecord) -> str:
    """Return the name of a run's first step."""
    return _endpoint(context, run, "start")


def end_step(context: ClientContext, run: RunRecord) -> str:
    """Return the name of a run's last step."""
    return _endpoint(context, run, "end")


def _endpoint(context: ClientContext, run: RunRecord, which: str) -> str:
    """Return what ``_parameters`` recorded; a resumed run does not record it again, so else what the graph says."""
    recorded = context.provider.metadata((*run.path, PARAMETERS), {f"{which}_step"})
    return str(recorded[0].value) if recorded else str(graph_info(context, run).get(f"{which}_step", which))
