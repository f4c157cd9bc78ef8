"""The regions of a graph that run once per item of a foreach: the steps between a split and its join. Pure functions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mfwidgets.queries.lineage.task_graph import FOREACH_SPLITS
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.step_timings import planned_of

_SPLITS = ("split", "split-static", *FOREACH_SPLITS)
"""The types of steps that a join closes."""


@dataclass(frozen=True, slots=True)
class Region:
    """The steps that run once per item of a foreach.

    Attributes
    ----------
    split
        The step that splits.
    steps
        The steps, in the order of the graph. Regions within it have some of them, too.
    outer
        The steps that split the foreaches around it, the outermost first.
    """

    split: str
    steps: tuple[str, ...]
    outer: tuple[str, ...] = ()


def foreach_regions(nodes: Mapping[str, Mapping[str, Any]]) -> list[Region]:
    """Return the regions of a graph, those around others first. A region that only partly covers another one is left out."""
    found = [
        (name, steps)
        for name, node in nodes.items()
        if node.get("type") in FOREACH_SPLITS and (steps := _steps_inside(name, nodes))
    ]
    found.sort(key=lambda region: -len(region[1]))  # sorting is stable: equal regions keep the order of the graph
    regions: list[Region] = []
    members: dict[str, set[str]] = {}
    for split, steps in found:
        around = [region for region in regions if steps & members[region.split]]
        if any(not steps <= members[region.split] or region.split in steps for region in around):
            continue
        members[split] = steps
        regions.append(
            Region(split, tuple(name for name in nodes if name in steps), tuple(region.split for region in around))
        )
    return regions


def _steps_inside(split: str, nodes: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return the steps after a split and before the join that closes it."""
    inside: set[str] = set()
    waiting = [(str(name), 1) for name in nodes[split].get("next") or ()]
    while waiting:
        name, depth = waiting.pop()
        node = nodes.get(name)
        if node is None or name in inside or name == split:
            continue
        kind = node.get("type")
        depth -= kind == "join"
        if depth <= 0:
            continue
        inside.add(name)
        depth += kind in _SPLITS
        waiting += [(str(other), depth) for other in node.get("next") or ()]
    return inside


def item_counts(
    region: Region, nodes: Mapping[str, Mapping[str, Any]], by_step: Mapping[str, Sequence[TaskRow]]
) -> tuple[str, ...]:
    """Return the number of items of each foreach around a region, and its own, in words: ``("3", "4")``.

    Numbers that differ between the outer items are a range: ``2 to 4``. Empty if no task of the region has started.
    """
    counts = [_count(split, nodes, by_step) for split in (*region.outer, region.split)]
    return tuple(counts) if all(counts) else ()


def _count(split: str, nodes: Mapping[str, Mapping[str, Any]], by_step: Mapping[str, Sequence[TaskRow]]) -> str:
    """Return the number of items that a task of a split has. Empty if unknown."""
    first = str(next(iter(nodes.get(split, {}).get("next") or ()), ""))
    rows, parents = by_step.get(first, ()), len(by_step.get(split, ()))
    if not rows:
        return ""
    planned = planned_of(rows)
    if planned > len(rows) or not all(row.item.path for row in rows):  # not all tasks have started or know their item
        return f"{planned // parents:,}" if parents and planned % parents == 0 else ""
    sizes = Counter(row.item.path[:-1] for row in rows)
    low, high = min(sizes.values()), max(sizes.values())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
