"""The graph of the steps of a run, derived from what its tasks recorded. Metaflow before 2.4.9 stored no graph.

Each task stored the steps that it went to (``_transition``) and its place in the foreaches (``_foreach_stack``). These
versions had no switches and no loops.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from mfwidgets.providers.records import ArtifactRecord, RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.foreach import STACK, is_empty_stack, item_in_stack
from mfwidgets.queries.values.reading import values_of

_TRANSITION = "_transition"


def derive_steps(context: ClientContext, run: RunRecord) -> dict[str, dict[str, Any]]:
    """Return the steps by name, from start to end, as ``_graph_info`` describes them.

    Steps that did not run are missing, unless another step went to them. Costs one request, and two small reads per step.
    """
    records = context.provider.artifacts(run.path, {_TRANSITION, STACK})
    public = [record for record in records if not record.step.startswith("_")]
    transitions = _values_by_step(context, [record for record in public if record.name == _TRANSITION])
    following = {step: next_steps(values) for step, values in transitions.items()}
    foreach = {step for step, values in transitions.items() if any(map(_splits, values))}
    stacks = {record.step: record for record in public if record.name == STACK and not is_empty_stack(record)}
    read = zip(stacks, values_of(context, list(stacks.values())), strict=True)
    depths = {step: len(item.path) if (item := item_in_stack(stack)) else 0 for step, stack in read}
    return {
        name: {
            "name": name,
            "type": _type(name, following, foreach, depths),
            "next": following.get(name, []),
            "decorators": [],
        }
        for name in _sorted(following)
    }


def _values_by_step(context: ClientContext, records: Iterable[ArtifactRecord]) -> dict[str, list[Any]]:
    """Return the distinct values of each step."""
    distinct = list({(record.step, record.sha): record for record in records}.values())
    values: dict[str, list[Any]] = {record.step: [] for record in distinct}
    for record, value in zip(distinct, values_of(context, distinct), strict=True):
        values[record.step].append(value)
    return values


def next_steps(transitions: Iterable[Any]) -> list[str]:
    """Return the steps that valid transitions name, without repetitions."""
    names = [
        name
        for transition in transitions
        if isinstance(transition, tuple) and transition and isinstance(transition[0], list | tuple)
        for name in transition[0]
    ]
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def _splits(transition: Any) -> bool:
    """Return whether a transition names the variable of a foreach."""
    return isinstance(transition, tuple) and len(transition) > 1 and isinstance(transition[1], str)


def _type(name: str, following: Mapping[str, list[str]], foreach: Iterable[str], depths: Mapping[str, int]) -> str:
    if name in foreach:
        return "split-foreach"
    if len(following.get(name, ())) > 1:
        return "split-static"
    before = [other for other, names in following.items() if name in names]
    left = [depths.get(other, 0) + (other in foreach) > depths.get(name, 0) for other in before]
    if name == "end":
        return "end"
    if len(before) > 1 or (any(left) and name in depths.keys() | following.keys()):
        return "join"
    return "linear" if before else "start"


def _sorted(following: Mapping[str, list[str]]) -> list[str]:
    """Return all steps, each after those that lead to it. Steps in a circle, of broken records, come last."""
    names = list(dict.fromkeys([*following, *(name for names in following.values() for name in names)]))
    missing = Counter(name for names in following.values() for name in names)
    ready, order = [name for name in names if not missing[name]], []
    while ready:
        name = ready.pop(0)
        order.append(name)
        for other in following.get(name, ()):
            missing[other] -= 1
            if not missing[other]:
                ready.append(other)
    return [*order, *(name for name in names if name not in order)]
