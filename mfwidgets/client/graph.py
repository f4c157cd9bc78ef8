"""The graph of a flow as a run recorded it: the ``_graph_info`` artifact, which holds builtin values alone."""

from typing import Any

from mfwidgets.client.artifact import read_bytes
from mfwidgets.client.attempts import PARAMETERS
from mfwidgets.client.scope import Scope
from mfwidgets.datastore.artifacts import load_inert
from mfwidgets.errors import DataException
from mfwidgets.metadata_provider.records import RunRecord


def graph_info(scope: Scope, run: RunRecord) -> dict[str, Any]:
    """Return what Metaflow recorded of the graph (one bulk question, one blob); empty where it cannot be read."""
    found = scope.provider.artifacts((*run.path, PARAMETERS), {"_graph_info"})
    if not found:
        return {}
    try:
        info = load_inert(read_bytes(scope, found[0]))
    except DataException:
        return {}
    return info if isinstance(info, dict) else {}


def step_order(scope: Scope, run: RunRecord) -> list[str]:
    """Return the names of the steps from start to end; empty where the graph cannot be read.

    Times do not tell: a resumed run takes over its steps in any order.
    """
    steps = graph_info(scope, run).get("steps")
    return list(steps) if isinstance(steps, dict) else []
