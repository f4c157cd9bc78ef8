"""What flows, runs, steps, tasks and artifacts show."""

from dataclasses import replace

from mfwidgets.client.artifact import DataArtifact, MetaflowArtifacts, MetaflowData
from mfwidgets.client.base import MetaflowObject
from mfwidgets.client.catalogue import artifact_rows, rows_of
from mfwidgets.client.flow import Flow
from mfwidgets.client.grid import Grid
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.preview import preview
from mfwidgets.client.rows import RunRow, task_rows
from mfwidgets.client.status import attempt_statuses, prevailing
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.metadata_provider.records import RunRecord
from mfwidgets.render.view import EMPTY, Cell, Table, View
from mfwidgets.times import now_ms
from mfwidgets.views.cells import Limits, duration, size, time, zoned
from mfwidgets.views.collections import runs_part
from mfwidgets.views.describe import describe
from mfwidgets.views.empty import why_no_flows
from mfwidgets.views.failures import errors_of
from mfwidgets.views.grid import mosaic
from mfwidgets.views.log import log_blocks
from mfwidgets.views.preview import preview_parts
from mfwidgets.views.scope import scope_facts
from mfwidgets.views.tables import artifacts_part, attempts_table, left_out, most_telling, tasks_table

Facts = tuple[tuple[str, Cell], ...]


@describe.register
def describe_metaflow(metaflow: Metaflow, limits: Limits) -> View:
    """Show the scope, and its flows with their newest run."""
    scope = metaflow._scope
    flows = metaflow.rows(limits.rows + 1)
    columns = ("flow", "newest run", "status", zoned("started"), "user")
    rows = tuple((limits.code(row.flow), *_latest(row.latest, limits)) for row in flows[: limits.rows])
    note = left_out(limits.rows, None) if len(flows) > limits.rows else ""
    return View(
        kind="Metaflow",
        name="",
        facts=scope_facts(scope, limits),
        notes=() if flows else why_no_flows(scope, limits),
        parts=(Table("Flows", columns, rows, note),) if flows else (),
    )


def _latest(row: RunRow | None, limits: Limits) -> tuple[Cell, ...]:
    if row is None:
        return (EMPTY,) * 4
    return (
        limits.code(row.record.run_id, row.pathspec),
        limits.status(row.status),
        time(row.started_ms),
        limits.text(row.record.user),
    )


@describe.register
def describe_flow(flow: Flow, limits: Limits) -> View:
    """Show the newest runs."""
    tables, notes = runs_part(flow.runs(), limits)
    return View("Flow", object_name(flow, limits), facts=scope_facts(flow._scope, limits), parts=tables, notes=notes)


@describe.register
def describe_step(step: Step, limits: Limits) -> View:
    """Show the tasks."""
    rows = step.tasks().rows()
    shown, note = most_telling(rows, limits.rows)
    errors = errors_of(step._scope, shown)
    status = prevailing([row.status for row in rows])
    facts = ((zoned("created"), time(step._record.created_ms)),)
    glance = mosaic(Grid(step, rows=rows), limits) if len(rows) > limits.rows else ()  # of fewer the table shows all
    return View(
        kind="Step",
        name=object_name(step, limits),
        status=limits.status(status),
        reason=limits.text(status.reason).text if status else "",
        facts=(*facts, *run_facts(step._record.run, limits)),
        notes=() if rows else ("No task has begun yet.",),
        parts=(*glance, tasks_table(shown, limits, note, errors=errors)) if rows else (),
    )


@describe.register
def describe_task(task: Task, limits: Limits) -> View:
    """Show status, times, attempts, artifacts and the end of the logs."""
    scope, record = task._scope, task._record
    row = task_rows(scope, record.path, [record])[0]
    if task._attempt is not None:
        row = replace(row, state=row.state.at_attempt(task._attempt, now_ms()))
    statuses = attempt_statuses(row.attempts, record.created_ms, now_ms())
    facts = [
        (zoned("queued"), time(record.created_ms)),
        (zoned("started"), time(row.started_ms)),
        (zoned("finished"), time(row.finished_ms)),
        ("duration", duration(row.duration_ms)),
    ]
    if row.foreach_index is not None:
        facts.append(("foreach item", limits.text(f"{row.foreach_index}  {row.foreach_value or ''}".rstrip())))
    artifacts = artifact_rows(scope, record.path, task._attempt)
    tables = [attempts_table(row.attempts, statuses, limits)] if len(row.attempts) > 1 else []
    tables += artifacts_part(artifacts, limits)
    return View(
        kind="Task",
        name=object_name(task, limits),
        status=limits.status(row.status),
        reason=limits.text(row.status.reason).text,
        facts=(*present(facts), *run_facts(record.run, limits)),
        notes=tuple(limits.text(error).text for error in errors_of(scope, [row]).values()),
        parts=(*tables, *log_blocks(task, limits)),
    )


@describe.register
def describe_artifact(artifact: DataArtifact, limits: Limits) -> View:
    """Show what is recorded, and a preview of the value, which is not made for that."""
    held = preview(artifact._scope, artifact._record)
    row = next(rows_of(artifact._scope, [artifact._record]))
    facts = [
        ("type", limits.code(row.type or "")),
        ("size", Cell(size(row.size).text, title=size(row.size).title)),
        ("holds", limits.text(held.summary) if held.summary else EMPTY),
        ("encoding", limits.text(row.encoding)),
        ("attempt", Cell(str(row.attempt))),
        (zoned("created"), time(artifact._record.created_ms)),
        ("sha", limits.code(row.sha)),
    ]
    run = artifact._run_record()
    return View(
        kind="DataArtifact",
        name=object_name(artifact, limits),
        facts=(*present(facts), *(run_facts(run, limits) if run else ())),
        notes=("The value is at .data (it is unpickled there); its bytes are at .raw().",),
        parts=preview_parts(held, limits),
    )


@describe.register
def describe_named_artifacts(artifacts: MetaflowArtifacts, limits: Limits) -> View:
    """Show which artifacts there are; no value is read."""
    task = artifacts[0].pathspec.rpartition("/")[0] if artifacts else ""
    records = [artifact._record for artifact in artifacts]
    return View(
        kind="MetaflowArtifacts",
        name=limits.text(task).text,
        notes=() if records else ("There are no artifacts yet.",),
        parts=artifacts_part(rows_of(artifacts[0]._scope, records), limits) if records else (),
    )


@describe.register
def describe_data(data: MetaflowData, limits: Limits) -> View:
    """Show which artifacts there are; no value is read."""
    records = sorted((artifact._record for artifact in data._artifacts.values()), key=lambda record: record.name)
    return View(
        kind="MetaflowData",
        name=limits.text(data._task).text,
        notes=() if records else ("There are no artifacts yet.",),
        parts=artifacts_part(rows_of(data._scope, records), limits),
    )


def object_name(shown: MetaflowObject, limits: Limits) -> str:
    """Return the pathspec of an object, with the attempt that was asked for."""
    attempt = "" if shown._attempt is None else f", attempt {shown._attempt}"
    return f"{limits.text(shown.pathspec).text}{attempt}"


def present(facts: list[tuple[str, Cell]]) -> Facts:
    """Leave out what there is nothing to say about."""
    return tuple((label, cell) for label, cell in facts if cell.text)


def run_facts(run: RunRecord, limits: Limits) -> Facts:
    """Show whose run it is, and its tags: people's beside Metaflow's own."""
    return present(
        [
            ("user", limits.text(run.user)),
            ("tags", limits.tag_list(run.user_tags, 5 * limits.tags)),
            ("system tags", Cell(limits.tag_list(run.system_tags, 5 * limits.tags).text, "dim")),
        ]
    )
