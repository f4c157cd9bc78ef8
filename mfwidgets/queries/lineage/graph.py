"""The recorded structure of a run: the graph of its steps.

The graph is the ``_graph_info`` artifact, which contains only builtin values. For runs of versions that did not store it,
the graph is derived from the transitions of the tasks.
"""

from typing import Any

from mfwidgets.errors import DataException
from mfwidgets.pickles.safe_loads import safe_loads
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.transition_graph import derive_steps
from mfwidgets.queries.values.reading import MAX_READ_BYTES, read_bytes
from mfwidgets.times import MINUTE

MAX_ATTEMPTS = 6
"""The limit in Metaflow's code. It cannot be configured."""

_FALLBACK_ATTEMPTS = 3
"""Attempts that ``@catch`` adds, in Metaflow's code."""

_MAX_KEPT, _MAX_KEPT_BYTES = 100, 200_000
"""At most this many decoded graphs are kept, of pickles of at most this many bytes. A flow of 20 steps has 20 kB."""

_graphs: dict[str, dict[str, Any]] = {}
"""Decoded graphs by hash."""

Graphs = dict[tuple[str, ...], dict[str, Any]]
"""The graphs that were read for one question about many runs, by where they are stored."""

PARAMETERS = "_parameters"
"""Metaflow's pseudo step. The scheduler writes it before any step."""

FLOW_NAME = "name"
"""Metaflow stores the name of the flow as an artifact with this name, if the flow has no such artifact itself."""


def graph_info(context: ClientContext, run: RunRecord, graphs: Graphs | None = None) -> dict[str, Any]:
    """Return the graph of the steps. Empty if it cannot be read. Costs one request and one blob.

    For a run of Metaflow before 2.4.9, or a run that resumed one, costs what :func:`derive_steps` costs, and one request.

    Parameters
    ----------
    context, run
        The context to read from, and the run.
    graphs
        The graphs that were read for the same question. They are not read again, and a new one is added.
    """
    info = _recorded_graph(context, run, graphs)
    if info is None:
        steps = derive_steps(context, run)
        return {"steps": steps} if steps else {}
    return info


def _recorded_graph(context: ClientContext, run: RunRecord, graphs: Graphs | None = None) -> dict[str, Any] | None:
    """Return the recorded graph. Empty if it is not stored yet or cannot be read. None if only old versions ran."""
    where = (*run.path, PARAMETERS)
    artifacts = context.provider.artifacts(where, {"_graph_info"})
    if not artifacts:
        return None if context.provider.artifacts(where, {"_transition"}) else {}
    record = artifacts[0]
    key = (record.flow, record.sha, record.ds_type, record.location)
    graphs = {} if graphs is None else graphs
    if key not in graphs:
        try:
            graphs[key] = _decoded(record.sha, read_bytes(context, record, MAX_READ_BYTES))
        except DataException:
            return {}
    return graphs[key]


def _decoded(sha: str, content: bytes) -> dict[str, Any]:
    """Return the graph in a pickle. Decoding takes longer than reading, so the small graphs of this process are kept.

    Nobody changes a graph. Its hash was checked when it was read.
    """
    graph = _graphs.get(sha)
    if graph is None:
        info = safe_loads(content)
        graph = _well_formed(info) if isinstance(info, dict) else {}
        if len(content) <= _MAX_KEPT_BYTES:
            if len(_graphs) >= _MAX_KEPT:
                _graphs.clear()
            _graphs[sha] = graph
    return graph


def _well_formed(info: dict[Any, Any]) -> dict[str, Any]:
    """Return a graph with steps and parameters of the right types. Others than Metaflow can write a graph, too."""
    steps, parameters = info.get("steps"), info.get("parameters")
    formed: dict[str, Any] = {name: value for name, value in info.items() if isinstance(name, str)}
    nodes = steps.items() if isinstance(steps, dict) else ()
    formed["steps"] = {
        name: _node(name, node) for name, node in nodes if isinstance(name, str) and isinstance(node, dict)
    }
    if parameters is not None:  # older versions do not record them
        formed["parameters"] = [
            parameter
            for parameter in (parameters if isinstance(parameters, list) else ())
            if isinstance(parameter, dict) and isinstance(parameter.get("name"), str)
        ]
    return formed


def _node(name: str, node: dict[Any, Any]) -> dict[str, Any]:
    following, decorators, kind = node.get("next"), node.get("decorators"), node.get("type")
    return node | {
        "name": name,
        "type": kind if isinstance(kind, str) else "",
        "next": [other for other in following if isinstance(other, str)] if isinstance(following, list | tuple) else [],
        "decorators": [
            decorator
            | {"attributes": decorator.get("attributes") if isinstance(decorator.get("attributes"), dict) else {}}
            for decorator in (decorators if isinstance(decorators, list | tuple) else ())
            if isinstance(decorator, dict) and isinstance(decorator.get("name"), str)
        ],
    }


def steps_of(context: ClientContext, run: RunRecord, graphs: Graphs | None = None) -> dict[str, dict[str, Any]]:
    """Return the steps by name, from start to end, each with ``type`` and ``next``. Empty if the graph is unknown."""
    steps: dict[str, dict[str, Any]] = graph_info(context, run, graphs).get("steps", {})
    return steps


def step_order(context: ClientContext, run: RunRecord, graphs: Graphs | None = None) -> list[str]:
    """Return the names of the steps from start to end. Empty if the graph is unknown.

    Times do not give the order, because a resumed run clones its steps in any order.
    """
    return list(steps_of(context, run, graphs))


def retries_of(node: dict[str, Any]) -> tuple[int, int]:
    """Return the number of retries that a step allows, and the milliseconds between them.

    ``@retry`` allows the user's code to run again. After that, ``@catch`` allows attempts that only handle the failure.
    """
    times = wait_ms = 0
    for decorator in node.get("decorators") or ():
        if decorator.get("name") == "retry":
            attributes = decorator.get("attributes") or {}
            try:
                times, minutes = int(attributes.get("times", 3)), int(attributes.get("minutes_between_retries", 2))
            except (TypeError, ValueError, OverflowError):
                break
            wait_ms = minutes * MINUTE
            break
    fallbacks = _FALLBACK_ATTEMPTS if has_decorator(node, "catch") else 0
    return min(max(times, 0) + fallbacks, MAX_ATTEMPTS - 1), wait_ms


def has_decorator(node: dict[str, Any], name: str) -> bool:
    """Return whether a step has a decorator, such as ``card``."""
    return any(decorator.get("name") == name for decorator in node.get("decorators") or ())


def start_step(context: ClientContext, run: RunRecord) -> str:
    """Return the name of a run's first step."""
    return _endpoint(context, run, "start")


def end_step(context: ClientContext, run: RunRecord) -> str:
    """Return the name of a run's last step."""
    return _endpoint(context, run, "end")


def _endpoint(context: ClientContext, run: RunRecord, which: str) -> str:
    """Return the step that ``_parameters`` recorded, else that of the graph. A resumed run does not record it again."""
    recorded = context.provider.metadata((*run.path, PARAMETERS), {f"{which}_step"})
    if recorded:
        return str(recorded[0].value)
    return str((_recorded_graph(context, run) or {}).get(f"{which}_step", which))
