"""The recorded structure of a run: the graph of its steps, and the foreach items of its tasks.

The graph is the ``_graph_info`` artifact, which contains only builtin values. Items are in the metadata of tasks. A
cloned task has the items of its origin.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mfwidgets.errors import DataException
from mfwidgets.pickles.safe_loads import safe_loads
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.records import MetadataRecord, RunRecord, TaskKey
from mfwidgets.providers.service_rows import array
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.task_metadata import ORIGIN_FIELDS
from mfwidgets.queries.values.reading import MAX_READ_BYTES, read_bytes
from mfwidgets.times import MINUTE

PARAMETERS = "_parameters"
"""Metaflow's pseudo step. The scheduler writes it before any step."""

FLOW_NAME = "name"
"""Metaflow stores the name of the flow as an artifact with this name, if the flow has no such artifact itself."""

FOREACH_FIELDS = frozenset({"foreach-execution-path", "foreach-stack", "origin-task-id"})
"""The metadata with items. Clones also need ``origin-run-id``. Every task has that, so it is read only for clones."""

_MAX_ORIGINS = 20
"""A resumed run can resume a resumed run. This bounds the chain, which could be a cycle in broken records."""


def graph_info(context: ClientContext, run: RunRecord) -> dict[str, Any]:
    """Return the recorded graph. Empty if it cannot be read. Costs one request and one blob."""
    artifacts = context.provider.artifacts((*run.path, PARAMETERS), {"_graph_info"})
    if not artifacts:
        return {}
    try:
        info = safe_loads(read_bytes(context, artifacts[0], MAX_READ_BYTES))
    except DataException:
        return {}
    return _well_formed(info) if isinstance(info, dict) else {}


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


def steps_of(context: ClientContext, run: RunRecord) -> dict[str, dict[str, Any]]:
    """Return the steps by name, from start to end, each with ``type`` and ``next``. Empty if the graph is unknown."""
    steps: dict[str, dict[str, Any]] = graph_info(context, run).get("steps", {})
    return steps


def step_order(context: ClientContext, run: RunRecord) -> list[str]:
    """Return the names of the steps from start to end. Empty if the graph is unknown.

    Times do not give the order, because a resumed run clones its steps in any order.
    """
    return list(steps_of(context, run))


def retries_of(node: dict[str, Any]) -> tuple[int, int]:
    """Return the number of retries of a step (``@retry``), and the milliseconds between them."""
    for decorator in node.get("decorators") or ():
        if decorator.get("name") == "retry":
            attributes = decorator.get("attributes") or {}
            try:
                return int(attributes.get("times", 3)), int(attributes.get("minutes_between_retries", 2)) * MINUTE
            except (TypeError, ValueError, OverflowError):
                break
    return 0, 0


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
    return str(recorded[0].value) if recorded else str(graph_info(context, run).get(f"{which}_step", which))


@dataclass(frozen=True, slots=True)
class Item:
    """The place of a task in its foreaches, the outermost first.

    Attributes
    ----------
    path
        ``("fit:3", "score:0")``: step and index of each level. Empty outside a foreach.
    values
        The item of each level as str. Metaflow stores at most 30 characters. An item can be empty.
    """

    path: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    @property
    def index(self) -> int | None:
        """The innermost index. None outside a foreach."""
        return index_of(self.path[-1]) if self.path else None

    @property
    def value(self) -> str | None:
        """The innermost value. None outside a foreach."""
        return self.values[-1] if self.values else None


OUTSIDE = Item()

_MAX_DIGITS = 18
"""A longer index is not one that Metaflow wrote."""


def index_of(level: str) -> int | None:
    """Return the index in one level of a foreach, such as ``fit:3``. None if there is none."""
    last = level.rpartition(":")[2]
    return int(last) if last.isascii() and last.isdecimal() and len(last) <= _MAX_DIGITS else None


def items_of(context: ClientContext, where: PathPrefix, events: Iterable[MetadataRecord]) -> dict[TaskKey, Item]:
    """Return the items of the tasks below ``where``, without tasks outside any foreach.

    Parameters
    ----------
    context, where
        The context to read from, and the path of the tasks.
    events
        Their metadata, at least :data:`FOREACH_FIELDS`. Cloned tasks cost a request for each origin run, and one more if
        ``origin-run-id`` is missing.
    """
    return _items(context, where, events, _MAX_ORIGINS)


def _items(
    context: ClientContext, where: PathPrefix, events: Iterable[MetadataRecord], max_origins: int
) -> dict[TaskKey, Item]:
    fields: dict[TaskKey, dict[str, object]] = defaultdict(dict)
    for event in events:
        fields[event.key][event.field] = event.value
    items = {key: item for key, values in fields.items() if (item := _recorded_item(values)) is not None}
    origins = {
        key: {field: str(values[field]) for field in ORIGIN_FIELDS & values.keys()}
        for key, values in fields.items()
        if "origin-task-id" in values and key not in items
    }
    if any("origin-run-id" not in origin for origin in origins.values()):
        for event in context.provider.metadata(where, {"origin-run-id"}):
            if event.key in origins:
                origins[event.key][event.field] = str(event.value)
    return items | _items_of_clones(context, where, origins, max_origins)


def _recorded_item(fields: Mapping[str, object]) -> Item | None:
    """Return the item that a task itself recorded. None without one."""
    if "foreach-execution-path" not in fields and "foreach-stack" not in fields:
        return None
    path = fields.get("foreach-execution-path")
    stack = fields.get("foreach-stack", [])
    levels = stack if isinstance(stack, list) else array(stack)  # the service returns a str
    return Item(
        OUTSIDE.path if path is None else tuple(str(path).split(",")),
        tuple(str(level).partition("=")[2] for level in levels),
    )


def _items_of_clones(
    context: ClientContext, where: PathPrefix, origins: Mapping[TaskKey, Mapping[str, str]], max_origins: int
) -> dict[TaskKey, Item]:
    """Return the items of cloned tasks, from their origins. Reads run by run."""
    items: dict[TaskKey, Item] = {}
    for run_id in sorted({origin.get("origin-run-id", "") for origin in origins.values()}):
        if run_id and max_origins:
            origin_path = (where[0], run_id, *where[2:3])
            origin_events = context.provider.metadata(origin_path, FOREACH_FIELDS)
            origin_items = _items(context, origin_path, origin_events, max_origins - 1)
            for (step, task_id), origin in origins.items():
                item = origin_items.get((step, origin["origin-task-id"]))
                if origin.get("origin-run-id") == run_id and item:
                    items[step, task_id] = item
    return items
