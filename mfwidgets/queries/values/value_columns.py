"""Columns of values for a table: parameters of runs, artifacts of runs and of tasks."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain
from typing import Any

from mfwidgets.concurrency import parallel_map
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.records import ArtifactRecord, RunRecord, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import PARAMETERS, end_step
from mfwidgets.queries.run_memory import Question, artifacts_question, ask
from mfwidgets.queries.values.reading import PLAIN, NotRead, Reading, values_of
from mfwidgets.safe_repr import repr_of

Columns = dict[str, list[Any]]
"""Column names to values, one for each row. None if a row has no value."""

PARAMETER_PREFIX, ARTIFACT_PREFIX, ITEM_PREFIX = "param.", "artifact.", "item."
"""The beginning of the name of a column."""

_GRAPH = Reading(max_bytes=10_000_000)
"""The graphs of large flows are larger than other plain values."""


def parameter_columns(context: ClientContext, runs: Sequence[RunRecord], reading: Reading = PLAIN) -> Columns:
    """Return ``param.<name>`` for each parameter, config and included file of any of the runs.

    Costs one request per run, and one read per distinct graph and per distinct value.
    """
    question = artifacts_question("parameters", _parameter_artifacts)
    rows = _records_of_runs(question, context, runs, reading)
    graph_records = {
        number: record for number, row in enumerate(rows) for record in row if record.name == "_graph_info"
    }
    graphs = dict(zip(graph_records, values_of(context, list(graph_records.values()), _GRAPH), strict=True))
    parameters = [parameters_of(row, graphs.get(number)) for number, row in enumerate(rows)]
    return _columns(context, PARAMETER_PREFIX, parameters, reading)


def artifact_columns(
    context: ClientContext, runs: Sequence[RunRecord], names: Sequence[str], step: str | None, reading: Reading = PLAIN
) -> Columns:
    """Return ``artifact.<name>`` of the runs' end tasks, or of the tasks of another step.

    Costs one request per run, and one read per distinct value.
    """
    read = partial(step_artifacts, step=step, names=frozenset(names))
    question = artifacts_question(f"artifacts {json.dumps([step, sorted(names)])}", read)
    rows = _records_of_runs(question, context, runs, reading)
    return _columns(
        context, ARTIFACT_PREFIX, rows, reading, names, f" in step {step!r}" if step else " in the end task"
    )


_NO_ARTIFACT = "no artifact has this name"


def is_absent(value: object) -> bool:
    """Return whether a cell says that no artifact has the name, or has no value."""
    return value is None or (isinstance(value, NotRead) and value.reason.startswith(_NO_ARTIFACT))


def task_columns(
    context: ClientContext,
    where: PathPrefix,
    tasks: Sequence[TaskRecord],
    names: Sequence[str],
    reading: Reading = PLAIN,
) -> Columns:
    """Return ``artifact.<name>`` of tasks below ``where``. Costs one request, and one read per distinct value."""
    by_task: dict[PathPrefix, list[ArtifactRecord]] = defaultdict(list)
    for record in context.provider.artifacts(where, frozenset(names)) if names else ():
        by_task[record.path[:-1]].append(record)
    return _columns(context, ARTIFACT_PREFIX, [by_task[task.path] for task in tasks], reading, names)


def check_names(names: object) -> tuple[str, ...]:
    """Return the requested names of artifacts, without duplicates.

    Raises
    ------
    MetaflowInvalidArgument
        A name is not a non-empty str.
    """
    given = (names,) if isinstance(names, str) else names
    if isinstance(given, Iterable):
        unique = tuple(dict.fromkeys(given))
        if all(isinstance(name, str) and name for name in unique):
            return unique
    raise MetaflowInvalidArgument(
        f"Expected artifacts= to be a list of names such as ['score', 'alpha'], got {repr_of(names, 60)}."
    )


def check_name(name: object) -> str:
    """Return the requested name of an artifact.

    Raises
    ------
    MetaflowInvalidArgument
        The name is not a non-empty str.
    """
    if isinstance(name, str) and name:
        return name
    raise MetaflowInvalidArgument(f"Expected the name of an artifact such as 'score', got {repr_of(name, 60)}.")


def check_step(step: object) -> None:
    """Check the name of a step.

    Raises
    ------
    MetaflowInvalidArgument
        ``step`` is neither a non-empty str nor None.
    """
    if step is not None and (not isinstance(step, str) or not step):
        raise MetaflowInvalidArgument(
            f"Expected step= to be the name of a step, or None for the end task, got {repr_of(step, 40)}."
        )


def step_artifacts(
    context: ClientContext, run: RunRecord, *, step: str | None, names: frozenset[str] | None
) -> list[ArtifactRecord]:
    """Return artifacts of a step of a run, with these names or all of them. No step means the last step.

    Tries ``end`` first, since the last step rarely has another name.
    """
    records = context.provider.artifacts((*run.path, step or "end"), names)
    if records or step or (last := end_step(context, run)) == "end":
        return records
    return context.provider.artifacts((*run.path, last), names)


def parameters_of(records: Sequence[ArtifactRecord], graph: Any) -> list[ArtifactRecord]:
    """Return the parameters among the artifacts of ``_parameters``.

    The graph names them. In runs of old versions, all public artifacts are parameters.
    """
    parameters = graph.get("parameters") if isinstance(graph, dict) else None
    if isinstance(parameters, list):
        names = [item["name"] for item in parameters if isinstance(item, dict) and isinstance(item.get("name"), str)]
        by_name = {record.name: record for record in records}
        return [by_name[name] for name in names if name in by_name]
    return [record for record in records if not record.name.startswith("_") and record.name != "name"]


def _records_of_runs(
    question: Question[list[ArtifactRecord]], context: ClientContext, runs: Sequence[RunRecord], reading: Reading
) -> list[list[ArtifactRecord]]:
    if reading.executor is None:
        return ask(context, runs, question)
    context.check_picklable()
    return parallel_map(partial(question.read, context), runs, title="runs", executor=reading.executor)


def _parameter_artifacts(context: ClientContext, run: RunRecord) -> list[ArtifactRecord]:
    """Return the public artifacts of ``_parameters`` and the graph."""
    where = (*run.path, PARAMETERS)
    if context.provider.remote:
        return context.provider.artifacts(where)
    return context.provider.artifacts(where, public_only=True) + context.provider.artifacts(where, {"_graph_info"})


def _columns(
    context: ClientContext,
    prefix: str,
    rows: Sequence[Sequence[ArtifactRecord]],
    reading: Reading,
    names: Sequence[str] = (),
    place: str = "",
) -> Columns:
    """Return a column for each name, requested names first.

    Parameters
    ----------
    context, reading
        Where and how values are read.
    prefix
        The prefix of column names.
    rows
        The artifacts of each row.
    names
        The requested names.
    place
        Where artifacts were searched, for reasons: ``" in the end task"``.
    """
    cells = [_cells(row) for row in rows]
    columns: Columns = {name: [None] * len(rows) for name in dict.fromkeys(chain(names, *cells))}
    for name in set(names).difference(*cells):
        columns[name] = [NotRead(f"{_NO_ARTIFACT}{place}")] * len(rows)
    records: dict[tuple[str, int], ArtifactRecord] = {}
    for number, row_cells in enumerate(cells):
        for name, cell in row_cells.items():
            if isinstance(cell, ArtifactRecord):
                records[name, number] = cell
            else:
                columns[name][number] = cell
    for (name, number), value in zip(records, values_of(context, list(records.values()), reading), strict=True):
        columns[name][number] = value
    return {f"{prefix}{name}": column for name, column in columns.items()}


def _cells(row: Sequence[ArtifactRecord]) -> dict[str, ArtifactRecord | NotRead]:
    """Return the artifact of each name, or :class:`NotRead` if the tasks of a step have different values."""
    by_name: dict[str, list[ArtifactRecord]] = defaultdict(list)
    for record in row:
        by_name[record.name].append(record)
    return {name: _only_value(records) for name, records in by_name.items()}


def _only_value(records: Sequence[ArtifactRecord]) -> ArtifactRecord | NotRead:
    if len({record.sha for record in records}) == 1:
        return records[0]
    return NotRead(f"{len(records)} tasks have different values, see the table of the step's tasks")
