"""Columns of values beside the rows of a table: parameters of runs, artifacts of runs and of tasks."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from mfwidgets.concurrency import parallel_map
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.records import ArtifactRecord, RunRecord, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import PARAMETERS, end_step
from mfwidgets.queries.values.reading import PLAIN, NotRead, Reading, values_of

Columns = dict[str, list[Any]]
"""A value for each row, by the name of the column; None where there is none."""

_GRAPH = Reading(max_bytes=10_000_000)


def parameter_columns(context: ClientContext, runs: Sequence[RunRecord], reading: Reading = PLAIN) -> Columns:
    """Return ``param.<name>`` for each parameter, config and included file that any of the runs has.

    A bulk question for each run (many at once), one read for each distinct graph and for each distinct value.
    """
    records = _each(partial(_of_parameters, context), context, runs, reading)
    graphs = {place: record for place, some in enumerate(records) for record in some if record.name == "_graph_info"}
    known = dict(zip(graphs, values_of(context, list(graphs.values()), _GRAPH), strict=True))
    chosen = [parameters_of(some, known.get(place)) for place, some in enumerate(records)]
    return _columns(context, "param.", chosen, reading)


def artifact_columns(
    context: ClientContext, runs: Sequence[RunRecord], names: Sequence[str], step: str | None, reading: Reading = PLAIN
) -> Columns:
    """Return ``artifact.<name>`` of the runs' end tasks, or of the tasks of another step.

    A bulk question for each run (many at once), and one read for each distinct value.
    """
    found = _each(partial(_of_step, context, step=step, names=frozenset(names)), context, runs, reading)
    there = f" in step {step!r}" if step else " in the end task"
    return _columns(context, "artifact.", found, reading, names, there)


def task_columns(
    context: ClientContext,
    where: PathPrefix,
    tasks: Sequence[TaskRecord],
    names: Sequence[str],
    reading: Reading = PLAIN,
) -> Columns:
    """Return ``artifact.<name>`` of tasks, all of which lie in ``where`` (one bulk question, one read a distinct value)."""
    by_task: dict[PathPrefix, list[ArtifactRecord]] = defaultdict(list)
    for record in context.provider.artifacts(where, frozenset(names)) if names else ():
        by_task[record.path[:-1]].append(record)
    return _columns(context, "artifact.", [by_task[task.path] for task in tasks], reading, names)


def check_names(names: object) -> tuple[str, ...]:
    """Return the names of artifacts that are asked for.

    Raises
    ------
    MetaflowInvalidArgument
        They are no texts.
    """
    given = (names,) if isinstance(names, str) else names
    if isinstance(given, Iterable):
        found = tuple(given)
        if all(isinstance(name, str) and name for name in found):
            return tuple(dict.fromkeys(found))
    raise MetaflowInvalidArgument(f"artifacts= is a list of names, like ['score', 'alpha']; not {names!r:.60}.")


def check_name(name: object) -> str:
    """Return the name of an artifact that is asked for.

    Raises
    ------
    MetaflowInvalidArgument
        It is no text.
    """
    if isinstance(name, str) and name:
        return name
    raise MetaflowInvalidArgument(f"An artifact is found by its name, like 'score'; not {name!r:.60}.")


def check_step(step: object) -> None:
    """Refuse what is no name of a step.

    Raises
    ------
    MetaflowInvalidArgument
        It is neither a name nor None.
    """
    if step is not None and (not isinstance(step, str) or not step):
        raise MetaflowInvalidArgument(f"step= is the name of a step, or None for the end task; not {step!r:.40}.")


def _each(
    read: Callable[[RunRecord], list[ArtifactRecord]],
    context: ClientContext,
    runs: Sequence[RunRecord],
    reading: Reading,
) -> list[list[ArtifactRecord]]:
    if reading.executor is not None:
        context.check_picklable()
    return parallel_map(read, runs, title="runs", executor=reading.executor, max_concurrency=context.max_concurrency)


def _of_parameters(context: ClientContext, run: RunRecord) -> list[ArtifactRecord]:
    """Return the public artifacts of ``_parameters``, and the graph."""
    where = (*run.path, PARAMETERS)
    if context.provider.remote:
        return context.provider.artifacts(where)
    return context.provider.artifacts(where, public_only=True) + context.provider.artifacts(where, {"_graph_info"})


def _of_step(
    context: ClientContext, run: RunRecord, *, step: str | None, names: frozenset[str] | None
) -> list[ArtifactRecord]:
    """Return artifacts of a step of a run; of the last one, which hardly ever has another name than ``end``."""
    found = context.provider.artifacts((*run.path, step or "end"), names)
    if found or step or (last := end_step(context, run)) == "end":
        return found
    return context.provider.artifacts((*run.path, last), names)


def parameters_of(records: Sequence[ArtifactRecord], graph: Any) -> list[ArtifactRecord]:
    """Return the parameters among the artifacts of ``_parameters``: as the graph names them; in old runs all public ones."""
    named = graph.get("parameters") if isinstance(graph, dict) else None
    if isinstance(named, list):
        names = [item["name"] for item in named if isinstance(item, dict) and isinstance(item.get("name"), str)]
        by_name = {record.name: record for record in records}
        return [by_name[name] for name in names if name in by_name]
    return [record for record in records if not record.name.startswith("_") and record.name != "name"]


def _columns(
    context: ClientContext,
    prefix: str,
    rows: Sequence[Sequence[ArtifactRecord]],
    reading: Reading,
    names: Iterable[str] = (),
    there: str = "",
) -> Columns:
    """Return a column for each name, those asked for first; where a row has several values of a name, none is shown."""
    chosen = [{record.name: record for record in reversed(some)} for some in rows]
    order = dict.fromkeys([*names, *(record.name for some in rows for record in some)])
    places = [(place, record) for place, some in enumerate(chosen) for record in some.values()]
    values = values_of(context, [record for _, record in places], reading)
    found: Columns = {f"{prefix}{name}": [None] * len(rows) for name in order}
    for name in set(names).difference(record.name for _, record in places):
        found[f"{prefix}{name}"] = [NotRead(f"there is no artifact of this name{there}")] * len(rows)
    for (place, record), value in zip(places, values, strict=True):
        found[f"{prefix}{record.name}"][place] = value
    for place, some in enumerate(rows):
        for name, count in _ambiguous(some).items():
            found[f"{prefix}{name}"][place] = NotRead(f"{count} tasks have different ones; ask their step's tasks")
    return found


def _ambiguous(records: Sequence[ArtifactRecord]) -> dict[str, int]:
    """Return the names of which the tasks of a step have different values, with the number of these tasks."""
    shas: dict[str, list[str]] = defaultdict(list)
    for record in records:
        shas[record.name].append(record.sha)
    return {name: len(some) for name, some in shas.items() if len(set(some)) > 1}
