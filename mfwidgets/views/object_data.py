"""Data of the objects of the Client API and of their collections."""

from collections.abc import Sequence
from dataclasses import replace

from mfwidgets.client.answers.run_grid import RunGrid
from mfwidgets.client.artifact import DataArtifact, MetaflowArtifacts, MetaflowData
from mfwidgets.client.collections.metadata_events import MetadataEvents
from mfwidgets.client.collections.runs import Runs
from mfwidgets.client.collections.tasks import Artifacts, Tasks
from mfwidgets.client.collections.timings import Timings
from mfwidgets.client.flow import Flow
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step, Steps
from mfwidgets.client.task import Task
from mfwidgets.display_options import options
from mfwidgets.pickles.previews.column_facts import column_facts
from mfwidgets.pickles.previews.heads import MAX_DESCRIBED_COLUMNS, DataFrameHead
from mfwidgets.pickles.value_text import plain_or_described
from mfwidgets.providers.records import ArtifactRecord, RunRecord
from mfwidgets.queries.artifact_rows import rows_of
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import step_order, steps_of
from mfwidgets.queries.made_artifacts import before_task, made_artifacts
from mfwidgets.queries.rows import FlowRow, TaskRow, run_row, task_rows
from mfwidgets.queries.run_snapshot import load_run_snapshot, load_tasks
from mfwidgets.queries.snapshot_provider import remembering_context, snapshot_small_run
from mfwidgets.queries.status.recorded_exceptions import recorded_exception
from mfwidgets.queries.step_timings import step_timing, step_timings
from mfwidgets.queries.values.preview import preview
from mfwidgets.queries.values.reading import NotRead, shown_value
from mfwidgets.queries.values.task_results import columns_of_tasks
from mfwidgets.queries.values.value_columns import ARTIFACT_PREFIX, parameter_columns
from mfwidgets.run_columns import named_columns
from mfwidgets.schema import FLOWS
from mfwidgets.views.cells import Limits
from mfwidgets.views.data import Facts, artifact_data, data_of, exception_data, run_data, step_data, task_data
from mfwidgets.views.relatives import children_of, parents_of
from mfwidgets.views.triggers import trigger_data


@data_of.register
def metaflow_data(root: Metaflow) -> Facts:
    """Return the context and its flows."""
    flows = [{"kind": "flow", **FLOWS.facts(row)} for row in root._rows()]
    return {"kind": "metaflow", "metadata": root.metadata, "namespace": root.namespace, "flows": flows}


@data_of.register
def flow_data(flow: Flow) -> Facts:
    """Return the facts of the newest run, and the newest runs."""
    rows = flow.runs()._rows(options.display_max_rows + 1)
    shown = rows[: options.display_max_rows]
    facts = FLOWS.facts(FlowRow(flow.id, rows[0] if rows else None))
    return {
        "kind": "flow",
        "pathspec": flow.pathspec,
        **facts,
        "runs": [run_data(row) for row in shown],
        "more": len(rows) > len(shown),
    }


@data_of.register
def runs_data(runs: Runs) -> Facts:
    """Return all runs of the collection, with the columns that were chosen or by which they were sorted or filtered."""
    rows = runs._rows()
    facts = [run_data(row) for row in rows]
    if names := (runs._columns or runs._named) if rows else ():
        records, skip = [row.record for row in rows], not runs._columns
        columns = named_columns(runs._context, records, names, runs._title, rows, skip_unknown=skip)
        for number, run in enumerate(facts):
            run["columns"] = {name: shown_value(values[number]) for name, values in columns}
    return {"kind": "runs", "flow": runs._flow, "runs": facts}


@data_of.register
def whole_run_data(run: Run) -> Facts:
    """Return the facts of a run, its parameters and its steps."""
    snapshot = load_run_snapshot(run._context, run._record)
    columns = parameter_columns(snapshot.context, [snapshot.record])
    values = {name.removeprefix("param."): column[0] for name, column in columns.items()}
    row = run_row(snapshot)
    return {
        **run_data(row),
        "metadata": run._context.provider.selector,
        **trigger_data(snapshot, row),
        "parameters": {name: shown_value(value) for name, value in values.items()},
        "not_read": {name: value.reason for name, value in values.items() if isinstance(value, NotRead)},
        "steps": steps_data(snapshot.record, task_rows(snapshot), step_order(snapshot.context, snapshot.record)),
    }


@data_of.register
def whole_step_data(step: Step) -> Facts:
    """Return the facts of a step and its tasks."""
    context = remembering_context(step._context)
    rows = task_rows(step.tasks()._snapshot(context))
    facts = step_data(step_timing(step._record.run, step.id, rows))
    return {**facts, "tasks": _tasks_with_values(context, rows)}


MAX_TASKS_WITH_RESULTS = 1_000
"""The results of more tasks are not read. Their items are."""


def _tasks_with_values(context: ClientContext, rows: Sequence[TaskRow], *, has_results: bool = True) -> list[Facts]:
    """Return the facts of tasks of one run, with their foreach items and results as in ``to_pandas()``."""
    has_results = has_results and len(rows) <= MAX_TASKS_WITH_RESULTS
    columns = columns_of_tasks(context, rows, items=True, results=has_results)
    tasks = []
    for number, row in enumerate(rows):
        values = {name: shown_value(column[number]) for name, column in columns.items()}
        present = {name: value for name, value in values.items() if value is not None}
        results = {name: value for name, value in present.items() if name.startswith(ARTIFACT_PREFIX)}
        items = {name: value for name, value in present.items() if name not in results}
        tasks.append(task_data(row) | {"items": items, "results": results if has_results else None})
    return tasks


@data_of.register
def whole_task_data(task: Task) -> Facts:
    """Return the facts of a task, its exception, its parents and children, and its artifacts with their origin.

    Parents, children and results are None if there are too many candidates. Results are those of the newest attempt.
    """
    record = task._record
    task = Task._of(snapshot_small_run(task._context, record.run), record, task._attempt)
    row = task_rows(load_tasks(task._context, record.run, record.path, [record]))[0]
    if task._attempt is not None:
        row = replace(row, state=row.state.at_attempt(task._attempt, row.asked_ms))
    exception = None if row.status == "completed" else recorded_exception(task._context, task._record, task._attempt)
    nodes = steps_of(task._context, record.run)
    parents, children = (find(task._context, record, nodes, Limits()) for find in (parents_of, children_of))
    artifacts = list(task._artifact_rows())
    made = {row.name for row in made_artifacts(artifacts, before_task(task._context, record, parents.tasks)).made}
    has_results = not parents.too_many and task._attempt in (None, row.attempt)
    (facts,) = _tasks_with_values(task._context, [row], has_results=has_results)
    return {
        **facts,
        "exception": exception_data(exception),
        "parents": None if parents.too_many else ["/".join(parent.path) for parent in parents.tasks],
        "children": None if children.too_many else ["/".join(child.path) for child in children.tasks],
        "artifacts": [artifact_data(artifact) | {"inherited": artifact.name not in made} for artifact in artifacts],
    }


@data_of.register
def whole_artifact_data(artifact: DataArtifact) -> Facts:
    """Return the recorded facts of an artifact, and its value if it is plain. Unpickles nothing."""
    shown = preview(artifact._context, artifact._record)
    facts = artifact_data(next(rows_of(artifact._context, [artifact._record])))
    value = shown.value if shown.has_value else None
    return {
        **facts,
        "holds": shown.holds,
        "value": value,
        "described": shown.line or None,
        "fields": dict(shown.fields),
        "head": _head_data(shown.head) if shown.head else None,
        "numbers": shown.numbers.facts if shown.numbers else None,
        "columns": [column.facts for column in column_facts(shown.head, MAX_DESCRIBED_COLUMNS)] if shown.head else None,
    }


def _head_data(head: DataFrameHead) -> Facts:
    """Return the first rows of a table. Cells that are not short scalars are the words for them."""
    return {
        "shape": list(head.shape),
        "columns": list(map(plain_or_described, head.columns)),
        "index": list(map(plain_or_described, head.index)),
        "rows": [list(map(plain_or_described, row)) for row in head.rows],
    }


@data_of.register
def list_of_tasks_data(tasks: Tasks) -> Facts:
    """Return all tasks, oldest first."""
    context = remembering_context(tasks._context)
    return {"kind": "tasks", "tasks": _tasks_with_values(context, task_rows(tasks._snapshot(context)))}


@data_of.register
def list_of_steps_data(steps: Steps) -> Facts:
    """Return all steps, in the order of the graph."""
    rows = Tasks(steps._context, steps._run, None)._rows()
    return {"kind": "steps", "steps": steps_data(steps._run, rows, step_order(steps._context, steps._run))}


@data_of.register
def list_of_artifacts_data(artifacts: Artifacts) -> Facts:
    """Return the recorded facts of all artifacts."""
    return {"kind": "artifacts", "artifacts": [artifact_data(row) for row in artifacts._rows()]}


@data_of.register
def named_artifacts_data(artifacts: MetaflowArtifacts) -> Facts:
    """Return the recorded facts of the artifacts of one task."""
    return _artifacts_of_task(
        [artifact._record for artifact in artifacts], artifacts[0]._context if artifacts else None
    )


@data_of.register
def data_artifacts_data(data: MetaflowData) -> Facts:
    """Return the recorded facts of the artifacts of one task."""
    return _artifacts_of_task([artifact._record for artifact in data._artifacts.values()], data._context)


def _artifacts_of_task(records: list[ArtifactRecord], context: ClientContext | None) -> Facts:
    rows = rows_of(context, records) if context else ()
    return {"kind": "artifacts", "artifacts": [artifact_data(row) for row in rows]}


@data_of.register
def events_data(events: MetadataEvents) -> Facts:
    """Return all events, oldest first."""
    return {"kind": "events", "events": events.to_dicts()}


@data_of.register
def timings_data(timings: Timings) -> Facts:
    """Return the steps of all runs."""
    return {"kind": "timings", "steps": [step_data(row) for row in timings._rows()]}


@data_of.register
def run_grid_data(grid: RunGrid) -> Facts:
    """Return the runs, each with the facts of its steps by their names."""
    return {
        "kind": "run_grid",
        "steps": list(grid.steps),
        "runs": [
            run_data(row) | {"steps": {timing.step: step_data(timing) for timing in timings}}
            for row, timings in zip(grid._rows, grid._timings, strict=True)
        ],
    }


def steps_data(run: RunRecord, tasks: Sequence[TaskRow], order: Sequence[str]) -> list[Facts]:
    """Return the facts of the steps of a run, from the rows of its tasks."""
    return [step_data(timing) for timing in step_timings(run, tasks, order)]
