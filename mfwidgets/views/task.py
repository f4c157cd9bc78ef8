"""The display of a task: what it made, its attempts, its failure or the end of its log, its parents and children."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from mfwidgets.client.answers.own_log import own_lines
from mfwidgets.client.answers.source_lines import PackageSources
from mfwidgets.client.cards import get_cards
from mfwidgets.client.code import code_recorded_by
from mfwidgets.client.task import Task
from mfwidgets.datastore.logs import STREAMS
from mfwidgets.errors import DataException, MetaflowException
from mfwidgets.pickles.value_text import value_text
from mfwidgets.providers.records import MetadataRecord
from mfwidgets.queries.artifact_rows import artifact_rows
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.foreach_items import CUT_ITEM_CHARS, whole_items
from mfwidgets.queries.lineage.graph import has_decorator, steps_of
from mfwidgets.queries.made_artifacts import before_task, made_artifacts
from mfwidgets.queries.rows import TaskRow, task_rows
from mfwidgets.queries.run_snapshot import load_tasks
from mfwidgets.queries.snapshot_provider import snapshot_small_run
from mfwidgets.queries.status.recorded_exceptions import RecordedException, recorded_exception
from mfwidgets.queries.task_metadata import newest_values, task_metadata
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.render.cell import Cell
from mfwidgets.render.sanitize import single_line
from mfwidgets.render.view import Line, Part, Preformatted, Span, Table, View
from mfwidgets.times import duration_text, now_ms
from mfwidgets.views.artifacts import preview_lines
from mfwidgets.views.attempts import attempts_table
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cards import cards_table
from mfwidgets.views.cells import Limits, duration, items_text, moment, time, zoned
from mfwidgets.views.failure import own_log_part, short_exception, stack_parts, traceback_part
from mfwidgets.views.in_time import in_time
from mfwidgets.views.log import log_blocks
from mfwidgets.views.objects import object_name, present, run_facts
from mfwidgets.views.relatives import Relatives, children_of, compared_duration, parents_of
from mfwidgets.views.tables import artifacts_part, shown_of_total

_LOG_LINES = 100
"""The last lines of a stream in which the user's own lines are searched."""

_MIN_WAIT_MS = 1_000
"""A shorter wait between queueing and start is not shown."""

_ATTRIBUTES = (
    "cpu",
    "memory",
    "gpu",
    "disk",
    "image",
    "queue",
    "namespace",
    "node_selector",
    "times",
    "seconds",
    "minutes",
)
_ATTRIBUTES_BY_NAME = {"hours", *_ATTRIBUTES}
"""The attributes of decorators that are shown, if they have a value."""

_PLACES = ("kubernetes-pod-name", "aws-batch-job-id", "argo-workflow-name", "airflow-dag-run-id", "slurm-job-id")
"""Metadata that says where a task ran."""


@build_view.register
def build_task_view(task: Task, limits: Limits) -> View:
    """Show the status, the failure, what the task made and inherited, its log, its relatives, cards and metadata."""
    record = task._record
    context = snapshot_small_run(task._context, record.run)
    task = Task._of(context, record, task._attempt)
    row = task_rows(load_tasks(context, record.run, record.path, [record]))[0]
    attempts = row
    if task._attempt is not None:
        row = replace(row, state=row.state.at_attempt(task._attempt, now_ms()))
    nodes = steps_of(context, record.run)
    metadata = task_metadata(context, record, task._attempt)
    caught = row.status in ("failed", "caught")
    exception = recorded_exception(context, record, task._attempt) if caught else None
    parents, children = (find(context, record, nodes, limits) for find in (parents_of, children_of))
    notes: list[str] = []
    compared = in_time(lambda: compared_duration(context, row), []) if row.status in ("completed", "running") else ""
    facts = [
        ("foreach item", _item(context, row, limits)),
        ("duration", _duration(row, compared or "", limits)),
        ("elapsed", duration(row.elapsed_ms)),
        (zoned("started"), time(row.started_ms)),
        (zoned("finished"), time(row.finished_ms)),
        *_waiting(row),
        ("earlier attempts", duration(row.earlier_attempts_ms)),
        ("parents", parents.cell),
        ("children", children.cell),
        ("cloned from", limits.code(task.origin_pathspec or "")),
        ("decorators", _decorators(nodes.get(record.step, {}), limits)),
        *_places(metadata, limits),
        ("code", _code(metadata, limits)),
    ]
    several = len(attempts.attempts) > 1
    sources = PackageSources(lambda: code_recorded_by(context, record))
    return View(
        kind="Task",
        name=object_name(task, limits),
        status=limits.status(row.status),
        reason=limits.text(row.status.reason).text,
        lead=_lead(exception, row, limits),
        facts=(*present(facts), *run_facts(record.run, limits)),
        notes=tuple(notes),
        parts=(
            *stack_parts(exception, sources, limits),
            *_own_log(task, row, limits),
            *((attempts_table(context, attempts, limits),) if several else ()),
            *_artifacts(context, task, row, parents, limits),
            *_logs(task, row, limits),
            *(_cards(task, limits) if has_decorator(nodes.get(record.step, {}), "card") else ()),
            *traceback_part(exception, limits),
            *_metadata(metadata, limits),
        ),
    )


def _lead(exception: RecordedException | None, row: TaskRow, limits: Limits) -> Line:
    """Say what the task raised. Empty if it raised nothing."""
    if exception is None:
        return ()
    after = ", and @catch handled it" if row.status == "caught" else ""
    return (
        Span("raised "),
        Span(single_line(short_exception(exception), 3 * limits.chars), ("red", "bold")),
        Span(after),
    )


def _item(context: ClientContext, row: TaskRow, limits: Limits) -> Cell:
    """Show the index and the whole items, the outermost foreach first. Metadata has only their beginnings."""
    if row.foreach_index is None:
        return Cell("")
    text = items_text(row)
    if any(len(value) >= CUT_ITEM_CHARS for value in row.item.values):
        text = _whole_items(context, row) or text
    return limits.text(f"{row.foreach_index}  {text}".rstrip())


def _whole_items(context: ClientContext, row: TaskRow) -> str:
    try:
        items = whole_items(context, [row])[0]
    except MetaflowException:
        return ""
    texts = [item.described if isinstance(item, NotRead) else item for item in items]
    return " / ".join(text if isinstance(text, str) else value_text(text) for text in texts)


def _duration(row: TaskRow, compared: str, limits: Limits) -> Cell:
    """Show the duration of the newest attempt, next to the other tasks of the step."""
    if row.duration_ms is None:
        return limits.text(compared)
    cell = duration(row.duration_ms)
    return replace(cell, text=f"{cell.text}, {compared}", kind="text") if compared else cell


def _waiting(row: TaskRow) -> Iterator[tuple[str, Cell]]:
    """Show when a task was queued, if it has not started, and how long it waited."""
    if row.first_started_ms is None:
        yield zoned("queued"), time(row.record.created_ms)
        return
    waited = row.first_started_ms - row.record.created_ms
    if waited >= _MIN_WAIT_MS:
        yield "waited", Cell(duration_text(waited))


def _decorators(node: Mapping[str, Any], limits: Limits) -> Cell:
    """Show the decorators of the step, with the attributes that say how it ran."""
    names = []
    for decorator in node.get("decorators") or ():
        attributes = decorator.get("attributes") or {}
        shown = [
            f"{name}={single_line(str(value), 40)}"
            for name, value in attributes.items()
            if name in _ATTRIBUTES_BY_NAME and value not in (None, "", 0, "0", False)
        ]
        names.append(single_line(f"@{decorator['name']}" + (f"({', '.join(shown)})" if shown else ""), 100))
    return Cell(", ".join(names), "tags", items=tuple(names[: 2 * limits.tags])) if names else Cell("")


def _places(metadata: Iterable[MetadataRecord], limits: Limits) -> list[tuple[str, Cell]]:
    """Show where the task ran, if it ran on another machine."""
    values = newest_values(list(metadata))
    return [(field.replace("-", " "), limits.code(str(values[field]))) for field in _PLACES if values.get(field)]


def _artifacts(
    context: ClientContext, task: Task, row: TaskRow, parents: Relatives, limits: Limits
) -> tuple[Table, ...]:
    """Show the artifacts that the task made, then those that it inherited, folded."""
    path = task._record.path
    find = partial(context.provider.artifacts, path, attempt=task._attempt)
    rows = list(artifact_rows(context, path, task._attempt))
    found = made_artifacts(rows, before_task(context, task._record, parents.tasks) if rows else {})
    preview = preview_lines(context, find, limits)
    tables = []
    for table in artifacts_part(found.made, limits, preview):
        heading = "Artifacts it made or changed" if found.changed else "Artifacts it made"
        note = f"changed: {', '.join(sorted(found.changed))}" if found.changed and found.made else ""
        notes = "; ".join(filter(None, (table.note, limits.text(note).text)))
        tables.append(replace(table, heading=heading, note=notes))
    for table in artifacts_part(found.inherited, limits, preview):
        count = f"{len(found.inherited):,}"
        origin = "unchanged" if parents.tasks or parents.too_many else "parameters and constants"
        tables.append(
            replace(
                table,
                heading="Artifacts it inherited",
                note=f"{count} {origin}",
                folded=bool(found.made) or row.status in _FAILED,
            )
        )
    return tuple(tables)


_FAILED = ("failed", "killed", "caught")


def _own_log(task: Task, row: TaskRow, limits: Limits) -> tuple[Preformatted, ...]:
    """Show the last lines of the user's code in the log of a task that failed."""
    if row.status not in _FAILED:
        return ()
    try:
        lines = [line for stream in STREAMS for line in own_lines(task.logs(stream).last(_LOG_LINES))]
    except DataException:  # the datastore is out of reach
        return ()
    return own_log_part(sorted(lines, key=lambda line: line.time), limits)


def _logs(task: Task, row: TaskRow, limits: Limits) -> tuple[Part, ...]:
    """Show the end of the log. Folded for a task that failed: its own lines are shown above."""
    blocks = log_blocks(task, limits)
    # Standard error of a task that succeeded has warnings.
    return tuple(replace(block, folded=number > 0 or row.status in _FAILED) for number, block in enumerate(blocks))


def _code(metadata: Sequence[MetadataRecord], limits: Limits) -> Cell:
    """Say that a code package is stored. Does not read it."""
    recorded = any(record.field == "code-package" for record in metadata)
    return limits.text("stored, see task.code") if recorded else Cell("")


def _cards(task: Task, limits: Limits) -> tuple[Table, ...]:
    try:
        cards = get_cards(task)
    except MetaflowException:  # there are none yet, or the datastore is unreachable
        return ()
    return (cards_table(cards, limits, "get_cards(task)[0] shows the first card"),)


def _created_ms(record: MetadataRecord) -> int:
    return record.created_ms


def _metadata(records: Sequence[MetadataRecord], limits: Limits) -> tuple[Table, ...]:
    """Show the metadata, oldest first, without repetitions."""
    oldest = {(record.field, str(record.value)): record for record in sorted(records, key=_created_ms, reverse=True)}
    shown = sorted(oldest.values(), key=_created_ms)
    rows = tuple(
        (limits.code(record.field), limits.text(str(record.value)), moment(record.created_ms))
        for record in shown[: 2 * limits.rows]
    )
    columns = ("field", "value", zoned("recorded"))
    note = shown_of_total(len(rows), len(shown))
    return (Table("Metadata", columns, rows, note, folded=True, left_out=bool(note)),) if rows else ()
