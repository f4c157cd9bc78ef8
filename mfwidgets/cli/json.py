"""What --json prints: one JSON object, in which "kind" says what it is.

Keys are only ever added. Each key is always there; null stands where there is nothing. Times are ISO 8601 in UTC, with
milliseconds (2026-01-02T03:04:05.678+00:00); durations are seconds, sizes bytes. A status is completed, caught, failed,
killed (of tasks), running or unknown, and "reason" tells which attempt, when, what. Nothing but `data` unpickles.

    run         pathspec flow run_id status reason started_at finished_at stopped_at (of one that failed or was lost)
                duration_seconds user tags system_tags resumed_from; of a run alone also metadata, parameters, not_read
                and steps
    step        pathspec flow run_id step status reason task_count task_statuses started_at finished_at
                duration_seconds; of a step alone also tasks
    task        pathspec flow run_id step task_id status reason created_at started_at finished_at duration_seconds
                foreach_index foreach_value runtime attempts; of a task alone also exception and artifacts
    artifact    pathspec name attempt type size_bytes sha encoding; of an artifact alone also holds, and value where it
                is plain and small
    flow        flow pathspec runs (the newest, --rows of them), more (whether there are others)
    metaflow    metadata namespace flows, each with latest_run
    runs tasks artifacts    a list of the same name: all of them
    logs        pathspec attempt stream lines, each with time stream message; more (whether there are others)
    why         run status reason task attempt item other_failed_tasks exception attempts log last_good
                last_good_started_at differences
    comparison  compared, differences, each with section step name values (one for each that is compared) shas note
    graph       pathspec status reason steps, each with type and next
    timeline    pathspec status reason steps tasks critical_path
    grid        pathspec by rows, each with item and tasks
    cards       pathspec cards
    code        path sha script files info
    tags        pathspec added removed tags system_tags
    profiles    current profiles
    doctor      well checks, each with name result found advice
    value       type value: of `data`; what JSON lacks is its repr
    help        commands, each with usage meaning arguments

Parameters whose values are no plain ones are null, and not_read tells why.
"""

import json
from collections.abc import Sequence
from functools import singledispatch
from typing import Any

from mfwidgets.cli.json_values import to_json_value
from mfwidgets.client.answers.comparison import Comparison
from mfwidgets.client.answers.logs import ALL, Logs
from mfwidgets.client.answers.why import Why
from mfwidgets.client.artifact import DataArtifact, MetaflowArtifacts
from mfwidgets.client.cards import CardContainer
from mfwidgets.client.code import MetaflowCode
from mfwidgets.client.collections.runs import Runs
from mfwidgets.client.collections.tasks import Artifacts, Tasks
from mfwidgets.client.flow import Flow
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.display import Displayable
from mfwidgets.display_options import options
from mfwidgets.queries.artifact_rows import rows_of
from mfwidgets.queries.json_rows import (
    Facts,
    artifact_facts,
    exception_facts,
    line_facts,
    run_facts,
    status_facts,
    step_facts,
    task_facts,
)
from mfwidgets.queries.lineage.graph import steps_of
from mfwidgets.queries.rows import RunRow, TaskRow, run_row, task_rows
from mfwidgets.queries.run_snapshot import load_run_snapshot, load_tasks
from mfwidgets.queries.snapshot_provider import snapshot_small_run
from mfwidgets.queries.status.recorded_exceptions import recorded_exception
from mfwidgets.queries.step_timings import step_timings
from mfwidgets.queries.values.preview import preview
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.queries.values.value_columns import parameter_columns
from mfwidgets.times import now_ms
from mfwidgets.views.log import LOG_LINES


def json_text(found: Any) -> str:
    """Return what a command returned as indented JSON, in ASCII alone, which every terminal and pipe can carry.

    Raises
    ------
    MetaflowException
        It cannot be read.
    """
    return json.dumps(to_json_value(data_of(found)), indent=2, allow_nan=False)


@singledispatch
def data_of(found: Any) -> Facts:
    """Return what a command returned as data; of what has no form of its own what it shows, of a value the value."""
    if isinstance(found, Displayable):
        return found.to_dict()
    named = f"{type(found).__module__}.{type(found).__qualname__}".removeprefix("builtins.")
    return {"kind": "value", "type": named, "value": found}


@data_of.register
def data_of_root(root: Metaflow) -> Facts:
    """Tell where is looked, and the flows that are seen there."""
    flows = [{"flow": row.flow, "latest_run": run_facts(row.latest) if row.latest else None} for row in root._rows()]
    return {"kind": "metaflow", "metadata": root.metadata, "namespace": root.namespace, "flows": flows}


@data_of.register
def data_of_flow(flow: Flow) -> Facts:
    """Tell the newest runs."""
    rows = flow.runs()._rows(options.display_max_rows + 1)
    shown = [run_facts(row) for row in rows[: options.display_max_rows]]
    return {"kind": "flow", "flow": flow.id, "pathspec": flow.pathspec, "runs": shown, "more": len(rows) > len(shown)}


@data_of.register
def data_of_runs(runs: Runs) -> Facts:
    """Tell all of them."""
    return {"kind": "runs", "flow": runs._flow, "runs": [run_facts(row) for row in runs._rows()]}


@data_of.register
def data_of_run(run: Run) -> Facts:
    """Tell what became of it, its parameters and its steps."""
    run, row, tasks, nodes = loaded_run(run)
    columns = parameter_columns(run._context, [run._record])
    values = {name.removeprefix("param."): some[0] for name, some in columns.items()}
    return {
        **run_facts(row),
        "metadata": run._context.provider.selector,
        "parameters": values,
        "not_read": {name: value.reason for name, value in values.items() if isinstance(value, NotRead)},
        "steps": steps_data(run, tasks, list(nodes)),
    }


@data_of.register
def data_of_step(step: Step) -> Facts:
    """Tell what became of its tasks."""
    rows, run = step.tasks()._rows(), step._record.run
    timings = step_timings(run, rows, [step.id])
    if not timings:
        nothing = {**status_facts(None), "task_count": 0, "task_statuses": {}}
        times = dict.fromkeys(("started_at", "finished_at", "duration_seconds"))
        named = {"kind": "step", "pathspec": step.pathspec, "flow": run.flow, "run_id": run.run_id, "step": step.id}
        return {**named, **nothing, **times, "tasks": []}
    return {**step_facts(run, timings[0], rows), "tasks": tasks_data(rows)}


@data_of.register
def data_of_task(task: Task) -> Facts:
    """Tell what became of it, what it raised, and what is recorded of its artifacts."""
    record = task._record
    task = Task._of(snapshot_small_run(task._context, record.run), record, task._attempt)
    row = task_rows(load_tasks(task._context, record.run, record.path, [record]))[0]
    raised = None if row.status == "completed" else recorded_exception(task._context, task._record, task._attempt)
    return {
        **task_facts(row, now_ms()),
        "exception": exception_facts(raised),
        "artifacts": [artifact_facts(one) for one in task._artifact_rows()],
    }


@data_of.register
def data_of_artifact(artifact: DataArtifact) -> Facts:
    """Tell what is recorded, and what it holds, which is not made for that."""
    held = preview(artifact._context, artifact._record)
    facts = artifact_facts(next(rows_of(artifact._context, [artifact._record])))
    return {**facts, "holds": held.summary, "value": held.value if held.has_value else None}


@data_of.register
def data_of_tasks(tasks: Tasks) -> Facts:
    """Tell all of them, oldest first."""
    return {"kind": "tasks", "tasks": tasks_data(tasks._rows())}


@data_of.register
def data_of_artifacts(artifacts: Artifacts) -> Facts:
    """Tell what is recorded of all of them."""
    return {"kind": "artifacts", "artifacts": [artifact_facts(row) for row in artifacts._rows()]}


@data_of.register
def data_of_named_artifacts(artifacts: MetaflowArtifacts) -> Facts:
    """Tell what is recorded of the artifacts of one task."""
    records = [artifact._record for artifact in artifacts]
    rows = rows_of(artifacts[0]._context, records) if records else ()
    return {"kind": "artifacts", "artifacts": [artifact_facts(row) for row in rows]}


@data_of.register
def data_of_logs(logs: Logs) -> Facts:
    """Tell the lines that were asked for, or the last 200."""
    asked = LOG_LINES if logs.tail is None else logs.tail
    lines = logs.lines() if asked == ALL else logs.last(asked + 1)
    shown = lines[max(len(lines) - asked, 0) :]
    return {
        "kind": "logs",
        "pathspec": logs.pathspec,
        "attempt": logs.attempt,
        "stream": logs.stream,
        "lines": [line_facts(line) for line in shown],
        "more": len(lines) > len(shown),
    }


@data_of.register
def data_of_why(why: Why) -> Facts:
    """Tell all of it."""
    told = {**why.to_dict(), "log": [line_facts(line) for line in why.log]}
    differences = _differences(why.differences) if why.differences else []
    return {"kind": "why", **told, "exception": exception_facts(why.exception), "differences": differences}


@data_of.register
def data_of_comparison(comparison: Comparison) -> Facts:
    """Tell what differs."""
    return {"kind": "comparison", "compared": comparison.names(), "differences": _differences(comparison)}


def _differences(comparison: Comparison) -> list[Facts]:
    return [
        {
            "section": one.section,
            "step": one.step or None,
            "name": one.name,
            "values": list(one.values),
            "shas": list(one.shas),
            "note": told["note"],
        }
        for one, told in zip(comparison.differences, comparison.to_dicts(), strict=True)
    ]


@data_of.register
def data_of_cards(cards: CardContainer) -> Facts:
    """Tell which there are, and where they lie."""
    told = [{"type": card.type, "id": card.id, "hash": card.hash, "path": card.path} for card in cards]
    return {"kind": "cards", "pathspec": cards.pathspec, "cards": told}


@data_of.register
def data_of_code(code: MetaflowCode) -> Facts:
    """Tell what is in the package, with the sources."""
    files = {name: content.decode("utf-8", errors="replace") for name, content in code.files().items()}
    named = {"path": code.path, "sha": code.sha, "script": code.script_name}
    return {"kind": "code", **named, "files": files, "info": code.info}


def loaded_run(run: Run) -> tuple[Run, RunRow, list[TaskRow], dict[str, Facts]]:
    """Return a run that answers from what was loaded once, and what its parts are made of."""
    snapshot = load_run_snapshot(run._context, run._record)
    run = Run._of(snapshot.context, run._record)
    return run, run_row(snapshot), task_rows(snapshot), steps_of(snapshot.context, run._record)


def steps_data(run: Run, tasks: Sequence[TaskRow], order: Sequence[str]) -> list[Facts]:
    """Tell about the steps of a run, from what is known of its tasks."""
    timings = step_timings(run._record, tasks, order)
    return [
        step_facts(run._record, timing, (task for task in tasks if task.record.step == timing.step))
        for timing in timings
    ]


def tasks_data(rows: Sequence[TaskRow]) -> list[Facts]:
    """Tell about tasks."""
    now = now_ms()
    return [task_facts(row, now) for row in rows]
