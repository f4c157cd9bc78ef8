"""The foreach items of tasks: from their metadata, from their origins, or from the stacks that old versions stored.

Metaflow records the place of a task in its foreaches in its metadata. A cloned task has the place of its origin. Metaflow
before 2.14.1 recorded no place: it is in the artifact ``_foreach_stack``.
"""

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from operator import itemgetter

from mfwidgets.datastore.base import LOCAL_TYPES
from mfwidgets.deadline import current_deadline, stoppable
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.pickles.metaflow_types import ForeachFrame
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, RunRecord, TaskKey
from mfwidgets.providers.service_rows import array
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.task_metadata import ORIGIN_FIELDS
from mfwidgets.queries.values.reading import values_of

FOREACH_FIELDS = frozenset({"foreach-execution-path", "foreach-stack", "origin-task-id"})
"""The metadata with items. Clones also need ``origin-run-id``. Every task has that, so it is read only for clones."""

STACK = "_foreach_stack"
"""The artifact with the place of a task in its foreaches."""

_MAX_ORIGINS = 20
"""A resumed run can resume a resumed run. This bounds the chain, which could be a cycle in broken records."""

_MAX_STACKS_IN_DISPLAY = 300
"""A display reads at most this many stacks from a cloud, and omits the items of a larger run of an old version."""

_VALUE_CHARS = 30
"""Metaflow stores this many characters of a value in metadata."""

_VERSION = re.compile(r"metaflow_version:(\d{1,4})\.(\d{1,4})")

_EMPTY_LISTS = frozenset({"c5cf38908fc549f499ade5b17ce221ff0ced377f", "4ca058df2ea422cca260c585409d6ac9face7ebe"})
"""The hashes of the pickles of ``[]``: the stack of a task outside any foreach."""


@fast_dataclass(frozen=True, slots=True)
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


def is_older(run: RunRecord, version: tuple[int, int]) -> bool:
    """Return whether Metaflow before this version made a run, or an unknown version."""
    versions = [(int(match[1]), int(match[2])) for tag in run.system_tags if (match := _VERSION.match(tag))]
    return not versions or max(versions) < version


def items_of(
    context: ClientContext, run: RunRecord, where: PathPrefix, events: Iterable[MetadataRecord]
) -> dict[TaskKey, Item]:
    """Return the items of the tasks below ``where``, without tasks outside any foreach.

    Parameters
    ----------
    context, run, where
        The context to read from, the run, and the path of the tasks.
    events
        Their metadata, at least :data:`FOREACH_FIELDS`. Cloned tasks cost a request for each origin run, and one or two
        more if ``origin-run-id`` is missing or the origin has no foreach. A run of Metaflow before 2.15 costs a request,
        and a small read for each task in a foreach.
    """
    return _items(context, run, where, events, _MAX_ORIGINS)


def _items(
    context: ClientContext, run: RunRecord, where: PathPrefix, events: Iterable[MetadataRecord], max_origins: int
) -> dict[TaskKey, Item]:
    fields: dict[TaskKey, dict[str, object]] = defaultdict(dict)
    for event in stoppable(events):
        fields[event.key][event.field] = event.value
    items = {key: item for key, values in stoppable(fields.items()) if (item := _recorded_item(values)) is not None}
    if is_older(run, (2, 15)) and not any(item.path for item in items.values()):
        stacked = _stacked_items(context, where, items)
        if stacked:
            return items | stacked
    origins = {
        key: {field: str(values[field]) for field in ORIGIN_FIELDS & values.keys()}
        for key, values in stoppable(fields.items())
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
    clones_by_run: dict[str, dict[TaskKey, Mapping[str, str]]] = defaultdict(dict)
    for key, origin in stoppable(origins.items()):
        clones_by_run[origin.get("origin-run-id", "")][key] = origin
    for run_id, clones in sorted(clones_by_run.items(), key=itemgetter(0)):
        if run_id in ("", "None") or not max_origins:
            continue
        origin_path = (where[0], run_id, *where[2:3])
        events = context.provider.metadata(origin_path, FOREACH_FIELDS)
        if not any(event.field == "foreach-execution-path" for event in events):
            run = context.provider.run(where[0], run_id)
            if run is None or is_older(run, (2, 15)):  # deleted, or of an old version: clones have stacks, too
                items |= _stacked_items(context, where, {}, clones)
                continue
        else:
            run = RunRecord(where[0], run_id, 0)
        there = _items(context, run, origin_path, events, max_origins - 1)
        for (step, task_id), origin in clones.items():
            if item := there.get((step, origin["origin-task-id"])):
                items[step, task_id] = item
    return items


def _stacked_items(
    context: ClientContext,
    where: PathPrefix,
    recorded: Mapping[TaskKey, Item],
    keys: Collection[TaskKey] | None = None,
) -> dict[TaskKey, Item]:
    """Return the items in the stacks of tasks. Costs one request, and a small read for each distinct stack.

    Parameters
    ----------
    recorded
        Items from metadata. Their values are kept, because the oldest stacks have no values.
    keys
        The tasks. None for all below ``where``.
    """
    records = [
        record
        for record in context.provider.artifacts(where, {STACK})
        if not is_empty_stack(record) and (keys is None or record.key in keys)
    ]
    if _too_many_for_display(records):
        return {}
    items: dict[TaskKey, Item] = {}
    for record, stack in stoppable(zip(records, values_of(context, records), strict=True)):
        item = item_in_stack(stack)
        if item is not None:
            values = recorded[record.key].values if record.key in recorded else ()
            items[record.key] = replace(item, values=values) if len(values) == len(item.path) else item
    return items


def is_empty_stack(record: ArtifactRecord) -> bool:
    """Return whether a ``_foreach_stack`` is that of a task outside any foreach."""
    return record.sha in _EMPTY_LISTS


def item_in_stack(stack: object) -> Item | None:
    """Return the item that a ``_foreach_stack`` describes. None outside a foreach, or if it is not a valid stack."""
    frames = [frame for frame in stack if isinstance(frame, ForeachFrame)] if isinstance(stack, list) else []
    if not frames:
        return None
    values = [frame.value for frame in frames]
    return Item(
        tuple(f"{frame.step}:{frame.index}" for frame in frames),
        () if all(value is None for value in values) else tuple(str(value)[:_VALUE_CHARS] for value in values),
    )


def _too_many_for_display(records: Collection[ArtifactRecord]) -> bool:
    remote, deadline = {record.sha for record in records if record.ds_type not in LOCAL_TYPES}, current_deadline()
    return len(remote) > _MAX_STACKS_IN_DISPLAY and deadline is not None and deadline.remaining_s() < math.inf
